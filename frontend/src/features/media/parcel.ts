import { useMutation } from "@tanstack/react-query";
import { createContext } from "react";
import { asApiError } from "@/api/client";
import { cancelMessage } from "@/api/outbox";
import type { Message } from "@/api/wire.gen";
import { useErrorText } from "@/i18n/use-error-text";
import { useDesk } from "@/outbox/outbox-context";
import { sayToast } from "@/ui/toasts";

/** A file on its way out, and how it is held back while it can be. */
export interface Parcel {
  cancel: (() => void) | null;
}

/** Null for what came in. */
export const ParcelContext = createContext<Parcel | null>(null);

export function useParcel(message: Message): Parcel {
  const { outbox } = useDesk();
  const errorText = useErrorText();
  const { mutate } = useMutation({
    mutationFn: () => (outbox.knows(message.client_id) ? outbox.cancel(message.client_id) : cancelMessage(message.id)),
    onError: (reason) => sayToast({ tone: "danger", text: errorText(asApiError(reason).code) }),
  });
  const isHere = message.attachment?.status === "completed";
  const isHeld = message.status === "waiting" || message.status === "queued";
  return { cancel: isHeld && !isHere ? () => mutate() : null };
}
