import { useMutation, useMutationState } from "@tanstack/react-query";
import { createContext } from "react";
import { askAgain } from "@/api/chat";
import { asApiError } from "@/api/client";
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

/** Kept beside the page's data: a bubble that is scrolled out of sight and back has still asked. */
export function useAsking(message: Message): Asking {
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
  return { state: last === "success" ? "asked" : last === "pending" ? "asking" : "open", ask: () => mutate() };
}
