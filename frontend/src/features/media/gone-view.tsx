import { CircleCheck, FileX2, Hourglass, MessageCircleQuestionMark } from "lucide-react";
import { use } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "@/api/wire.gen";
import { AskingContext } from "@/features/media/asking";
import type { Phase } from "@/features/media/phase";
import { RetryButton } from "@/features/media/retry-button";
import { useLanguage } from "@/i18n/i18n";
import { useErrorText } from "@/i18n/use-error-text";
import { cn } from "@/lib/cn";
import { formatBytes, formatDate, formatDuration } from "@/lib/format";
import { Button } from "@/ui/button";

type Gone = Extract<Phase, { name: "gone" }>;

function useGoneText(phase: Gone, { expires_at: expiresAt }: Attachment): string {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const language = useLanguage();
  if (phase.code !== "expired") return errorText(phase.code);
  return expiresAt ? t("media.expiredOn", { date: formatDate(expiresAt, language) }) : t("media.expired");
}

interface Props {
  phase: Gone;
  attachment: Attachment;
  retry: () => void;
}

/** Low ones leave their last line to the time. */
const LAID_OUT =
  "flex size-full flex-col items-center justify-center gap-1.5 p-3 [@container(height<120px)]:justify-start [@container(height<120px)]:p-2";

/** Over what is left of a picture; in a low one only what matters finds room. */
export function GoneVeil({ phase, attachment, retry }: Props) {
  const text = useGoneText(phase, attachment);
  const Icon = phase.code === "expired" ? Hourglass : FileX2;
  return (
    <div className="absolute inset-0 bg-black/65 text-center text-white" style={{ containerType: "size" }}>
      <div className={LAID_OUT}>
        <Icon className="size-5 [@container(height<130px)]:hidden" aria-hidden />
        <span className="text-[13px] leading-snug font-medium text-balance">{text}</span>
        <span className="text-xs text-white/80 tabular-nums empty:hidden [@container(height<170px)]:hidden">
          <Facts attachment={attachment} />
        </span>
        <Hope phase={phase} retry={retry} tone="overlay" />
      </div>
    </div>
  );
}

export function GoneNote({ phase, attachment, retry }: Props) {
  const text = useGoneText(phase, attachment);
  const Icon = phase.code === "expired" ? Hourglass : FileX2;
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1.5 text-[13px] text-ink-soft">
      <Icon className="size-4 shrink-0" aria-hidden />
      <span className="min-w-32 flex-1">{text}</span>
      <Hope phase={phase} retry={retry} tone="quiet" />
    </div>
  );
}

/** How long and how large it was. */
function Facts({ attachment: { size_bytes: size, metadata } }: { attachment: Attachment }) {
  const language = useLanguage();
  const facts = [metadata.duration ? formatDuration(metadata.duration) : "", size > 0 ? formatBytes(size, language) : ""];
  return <>{facts.filter(Boolean).join(" · ")}</>;
}

/** Whoever sent it is asked for it; what was sent from here may at best turn up in the storage again. */
function Hope({ phase, retry, tone }: { phase: Gone; retry: () => void; tone: "overlay" | "quiet" }) {
  const { t } = useTranslation();
  const asking = use(AskingContext);
  if (!asking) return phase.code === "expired" ? null : <RetryButton retry={retry} tone={tone === "quiet" ? "outline" : tone} />;
  if (asking.state === "asked") {
    return (
      <span role="status" className={cn("inline-flex h-7 items-center gap-1.5 text-xs font-medium", tone === "quiet" && "w-full justify-center")}>
        <CircleCheck className="size-3.5" aria-hidden />
        {t("media.asked")}
      </span>
    );
  }
  return (
    <Button
      size="sm"
      tone={tone}
      className={cn("h-auto min-h-7 px-2 py-1 whitespace-normal", tone === "quiet" && "w-full bg-ink/5")}
      disabled={asking.state === "asking"}
      onClick={asking.ask}
    >
      <MessageCircleQuestionMark className="size-3.5 shrink-0 [@container(width<170px)]:hidden" aria-hidden />
      {asking.state === "asking" ? t("media.asking") : t("media.askAgain")}
    </Button>
  );
}
