import { useTranslation } from "react-i18next";
import type { Conversation, Message } from "@/api/wire.gen";
import { formatDuration } from "@/lib/format";
import { plainText } from "@/lib/whatsapp-text";
import { KindIcon } from "@/ui/kind-icon";
import { Ticks } from "@/ui/ticks";

/** One line of the newest message: who, what kind, the first words. */
export function LastMessage({ conversation }: { conversation: Conversation }) {
  const message = conversation.last_message;
  if (!message) return <span className="min-w-0 flex-1 truncate text-[13px] text-ink-faint"> </span>;
  const isOurs = message.direction === "outgoing";
  return (
    <span className="flex min-w-0 flex-1 items-center gap-1 text-[13px] text-ink-soft">
      {isOurs && !message.deleted_at && <Ticks status={message.status} className="size-3.5" />}
      {conversation.contact.is_group && !isOurs && message.sender?.name && (
        <span className="shrink-0">{message.sender.name.split(" ")[0]}:</span>
      )}
      <KindIcon kind={message.deleted_at ? "deleted" : message.kind} className="size-3.5 shrink-0 text-ink-faint" />
      <span className="min-w-0 truncate">
        <Words message={message} />
      </span>
    </span>
  );
}

function Words({ message }: { message: Message }) {
  const { t } = useTranslation();
  if (message.deleted_at) return <i>{t("kinds.deleted")}</i>;
  if (message.text) return plainText(message.text);
  const duration = message.attachment?.metadata.duration;
  if (message.kind === "voice" && duration) return formatDuration(duration);
  if (message.kind === "document" && message.attachment?.file_name) return message.attachment.file_name;
  return t(`kinds.${message.kind in KNOWN ? message.kind : "unsupported"}`);
}

const KNOWN: Record<Message["kind"], true> = {
  text: true,
  image: true,
  video: true,
  audio: true,
  voice: true,
  document: true,
  sticker: true,
  location: true,
  contact: true,
  poll: true,
  unsupported: true,
};
