import { Pencil, Reply, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Message } from "@/api/wire.gen";
import { plainText } from "@/lib/whatsapp-text";
import type { Purpose } from "@/outbox/drafts";
import { Button } from "@/ui/button";
import { KindIcon } from "@/ui/kind-icon";

interface Props {
  purpose: Purpose;
  contactName: string;
  onLeave: () => void;
}

/** What the words are for, when they are not simply new. */
export function PurposeBar({ purpose, contactName, onLeave }: Props) {
  const { t } = useTranslation();
  if (purpose.name === "write" && !purpose.reply) return null;
  const isEdit = purpose.name === "edit";
  const message = isEdit ? purpose.message : purpose.reply;
  if (!message) return null;
  const title = isEdit ? t("composer.editing") : t("composer.replyTo", { name: nameOf(message, contactName, t("common.you")) });
  const Icon = isEdit ? Pencil : Reply;
  return (
    <div role="group" aria-label={title} className="flex items-center gap-2.5 px-1 pb-2">
      <Icon className="size-4 shrink-0 text-accent" aria-hidden />
      <div className="min-w-0 flex-1 rounded-md border-l-[3px] border-accent/70 bg-sunken px-2.5 py-1 text-[13px]">
        <p className="truncate font-medium text-accent">{title}</p>
        <p className="flex items-center gap-1.5 text-ink-soft">
          <KindIcon kind={message.kind} className="size-3.5 shrink-0" />
          <span className="min-w-0 truncate">{message.text ? plainText(message.text) : t(`kinds.${message.kind}`)}</span>
        </p>
      </div>
      <Button size="icon" aria-label={isEdit ? t("composer.leaveEdit") : t("composer.leaveReply")} onClick={onLeave}>
        <X className="size-4" aria-hidden />
      </Button>
    </div>
  );
}

function nameOf(message: Message, contactName: string, you: string): string {
  if (message.direction === "outgoing") return message.author?.name ?? you;
  return message.sender?.name || contactName;
}
