import { useMutation } from "@tanstack/react-query";
import { Pin, RotateCw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { retryMessage } from "@/api/chat";
import { asApiError } from "@/api/client";
import type { Attachment, Message } from "@/api/wire.gen";
import { useDeeds } from "@/features/thread/use-deeds";
import { useLanguage } from "@/i18n/i18n";
import { useErrorText } from "@/i18n/use-error-text";
import { cn } from "@/lib/cn";
import { formatDate, formatTime } from "@/lib/format";
import type { Outbox } from "@/outbox/outbox";
import { useDesk } from "@/outbox/outbox-context";
import { isUnnamed } from "@/outbox/pending";
import { Button } from "@/ui/button";
import { Ticks } from "@/ui/ticks";

/** When it was sent, whether it was edited, and how far it got. */
export function BubbleFooter({ message, className }: { message: Message; className?: string }) {
  const { t } = useTranslation();
  const language = useLanguage();
  return (
    <span className={cn("inline-flex items-center gap-1 text-[11px] leading-4 text-ink-faint select-none", className)}>
      {message.attachment?.pinned && <KeptMark attachment={message.attachment} />}
      {message.edited_at && !message.deleted_at && <span>{t("thread.edited")}</span>}
      <time dateTime={message.sent_at} className="tabular-nums">
        {formatTime(message.sent_at, language)}
      </time>
      {message.direction === "outgoing" && !message.deleted_at && <Ticks status={message.status} className="size-[15px]" />}
    </span>
  );
}

/** Its file stays; and when it would go without that. */
function KeptMark({ attachment }: { attachment: Attachment }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const term = attachment.expires_at && ` (${t("media.expires", { date: formatDate(attachment.expires_at, language) })})`;
  return (
    <span role="img" aria-label={t("media.pinned")} title={`${t("media.pinned")}${term ?? ""}`} className="pointer-events-auto">
      <Pin className="size-3 fill-current" aria-hidden />
    </span>
  );
}

/** It goes out later, and why; until then it can be held back. */
export function SendHold({ message }: { message: Message }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const { cancel } = useDeeds(message);
  const isHeld = message.status === "waiting" || message.status === "queued";
  if (!isHeld || !message.error || message.deleted_at) return null;
  return (
    <div role="status" className="clear-both mt-1.5 flex w-0 min-w-[max(100%,17rem)] items-center gap-2 border-t border-ink/10 px-1 pt-1.5">
      <span className="min-w-0 flex-1 text-[13px] text-warn">{errorText(message.error.code)}</span>
      <Button size="sm" onClick={cancel}>
        {t("common.cancel")}
      </Button>
    </div>
  );
}

/** What is still here goes again from here; else the server has it and sends it. */
async function tryAgain(outbox: Outbox, message: Message): Promise<void> {
  if (outbox.knows(message.client_id)) outbox.retry(message.client_id);
  else await retryMessage(message.id);
}

/** Why WhatsApp does not have it, and the way to try once more. */
export function SendFailure({ message }: { message: Message }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const { outbox } = useDesk();
  const retry = useMutation({ mutationFn: () => tryAgain(outbox, message) });
  if (message.status !== "failed" || message.deleted_at) return null;
  const code = retry.error ? asApiError(retry.error).code : (message.error?.code ?? "unknown");
  return (
    <div role="alert" className="clear-both mt-1.5 flex w-0 min-w-[max(100%,17rem)] items-center gap-2 border-t border-ink/10 px-1 pt-1.5">
      <span className="min-w-0 flex-1 text-[13px] text-danger">{errorText(code)}</span>
      {isUnnamed(message) && (
        <Button size="sm" onClick={() => void outbox.cancel(message.client_id)}>
          {t("common.discard")}
        </Button>
      )}
      <Button size="sm" tone="danger" disabled={retry.isPending} onClick={() => retry.mutate()}>
        <RotateCw className="size-3.5" aria-hidden />
        {retry.isPending ? t("common.retrying") : t("common.retry")}
      </Button>
    </div>
  );
}
