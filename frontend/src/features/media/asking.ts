import { useInfiniteQuery, useMutation, useMutationState } from "@tanstack/react-query";
import { createContext } from "react";
import { askAgain } from "@/api/chat";
import { asApiError } from "@/api/client";
import { allOf } from "@/api/pages";
import { messagesQuery } from "@/api/queries";
import type { Message } from "@/api/wire.gen";
import { useErrorText } from "@/i18n/use-error-text";
import { sayToast } from "@/ui/toasts";

/** Asking the contact for a file once more. */
export interface Asking {
  state: "open" | "asking" | "asked";
  ask: () => void;
}

/** Null where nobody can be asked: for what was sent from here. */
export const AskingContext = createContext<Asking | null>(null);

const ONCE_IN_MS = 24 * 3600_000;

/** The server names a request after what it asks for, and takes one a day. */
function isRequestFor(message: Message, other: Message): boolean {
  const isLate = Date.now() - Date.parse(other.sent_at) > ONCE_IN_MS;
  return other.client_id.startsWith(`again:${message.id}:`) && other.status !== "failed" && !isLate;
}

/** Whoever asked: what the thread shows of it tells every colleague. */
function useIsAsked(message: Message): boolean {
  const { data } = useInfiniteQuery({
    ...messagesQuery(message.conversation_id),
    enabled: false, // The thread has fetched them; here they are only looked at.
    select: (pages) => allOf(pages).some((other) => isRequestFor(message, other)),
  });
  return data ?? false;
}

/** A click is kept beside the page's data, until its message is there: for a bubble that is scrolled out and back. */
export function useAsking(message: Message): Asking {
  const isAsked = useIsAsked(message);
  const errorText = useErrorText();
  const mutationKey = ["ask-again", message.id];
  const { mutate } = useMutation({
    mutationKey,
    mutationFn: () => askAgain(message.id),
    onError: (reason) => sayToast({ tone: "danger", text: errorText(asApiError(reason).code) }),
    gcTime: Infinity,
  });
  const tries = useMutationState({ filters: { mutationKey }, select: (mutation) => mutation.state.status });
  const last = tries.at(-1);
  return { state: isAsked || last === "success" ? "asked" : last === "pending" ? "asking" : "open", ask: () => mutate() };
}
