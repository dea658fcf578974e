import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { pinAttachment } from "@/api/chat";
import { asApiError } from "@/api/client";
import { cancelMessage, deleteMessage, reactTo } from "@/api/outbox";
import type { Message } from "@/api/wire.gen";
import { useErrorText } from "@/i18n/use-error-text";
import { copyText } from "@/lib/clipboard";
import { useDesk } from "@/outbox/outbox-context";
import { putAttachment } from "@/realtime/feed";
import { sayToast } from "@/ui/toasts";

/** What can be done to a message. It changes when the server says that it has: what is refused is said. */
export function useDeeds(message: Message) {
  const { t } = useTranslation();
  const { drafts, outbox } = useDesk();
  const errorText = useErrorText();
  const onError = (reason: unknown): void => sayToast({ tone: "danger", text: errorText(asApiError(reason).code) });
  const react = useMutation({ mutationFn: (emoji: string) => reactTo(message.id, emoji), onError });
  const client = useQueryClient();
  const pin = useMutation({
    mutationFn: (pinned: boolean) => pinAttachment(message.attachment?.id ?? "", pinned),
    onSuccess: (attachment) => putAttachment(client, attachment),
    onError,
  });
  const remove = useMutation({ mutationFn: () => deleteMessage(message.id), onError });
  const cancel = useMutation({
    mutationFn: () => (outbox.knows(message.client_id) ? outbox.cancel(message.client_id) : cancelMessage(message.id)),
    onError,
  });
  return {
    cancel: () => cancel.mutate(),
    reply: () => drafts.reply(message),
    edit: () => drafts.edit(message),
    react: (emoji: string) => react.mutate(emoji),
    pin: () => pin.mutate(true),
    unpin: () => pin.mutate(false),
    remove: () => remove.mutate(),
    copy: () => {
      const told = () => sayToast({ tone: "plain", text: t("actions.copied") });
      void copyText(message.text).then(told, onError);
    },
  };
}

/** The reaction of this person, if there is one: WhatsApp knows one of each number. */
export function ownReaction(message: Message, name: string): string {
  return message.reactions.find(({ by }) => by === name)?.emoji ?? "";
}
