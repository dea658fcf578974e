import { CircleAlert, X } from "lucide-react";
import { use } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "@/api/wire.gen";
import { DownloadButton } from "@/features/media/download-button";
import { GoneNote, GoneVeil } from "@/features/media/gone-view";
import { ParcelContext } from "@/features/media/parcel";
import type { Phase } from "@/features/media/phase";
import { RetryButton } from "@/features/media/retry-button";
import { useLanguage } from "@/i18n/i18n";
import { useErrorText } from "@/i18n/use-error-text";
import { cn } from "@/lib/cn";
import { formatBytes } from "@/lib/format";
import { ProgressRing } from "@/ui/progress-ring";

type Working = Extract<Phase, { name: "working" }>;

function useStageText(): (phase: Working) => string {
  const { t, i18n } = useTranslation();
  const parcel = use(ParcelContext);
  return ({ stage }) => {
    if (stage === "processing" && parcel) return t("media.sentProcessing");
    return stage && i18n.exists(`media.stages.${stage}`) ? t(`media.stages.${stage}`) : t("media.waiting");
  };
}

interface RingProps {
  phase: Working;
  attachment: Attachment;
  size?: number;
  className?: string;
}

export function PhaseRing({ phase, attachment, size, className }: RingProps) {
  const { t } = useTranslation();
  const stageText = useStageText();
  const label = t("media.progress", { stage: stageText(phase), name: attachment.file_name });
  const cancel = use(ParcelContext)?.cancel;
  const ring = (
    <ProgressRing percent={phase.percent} label={label} size={size} className={className}>
      {cancel ? <X className="size-4" aria-hidden /> : phase.percent === null ? "" : `${phase.percent}`}
    </ProgressRing>
  );
  if (!cancel) return ring;
  return (
    <span className="relative inline-grid">
      {ring}
      <button
        type="button"
        aria-label={t("actions.cancelUpload", { name: attachment.file_name })}
        title={t("common.cancel")}
        className="absolute inset-0 rounded-full"
        onClick={cancel}
      />
    </span>
  );
}

/** One line under or over a file: what is happening to it, and how much there is of it. */
export function StageLine({ phase, attachment }: { phase: Working; attachment: Attachment }) {
  const language = useLanguage();
  const stageText = useStageText();
  const isUpload = use(ParcelContext) !== null;
  const percent = isUpload && phase.percent !== null ? ` · ${phase.percent} %` : "";
  const isAllThere = isUpload && phase.stage === "processing";
  const size = attachment.size_bytes > 0 && !isAllThere ? ` · ${formatBytes(attachment.size_bytes, language)}` : "";
  return <>{`${stageText(phase)}${percent}${size}`}</>;
}

interface VeilProps {
  phase: Exclude<Phase, { name: "ready" }>;
  attachment: Attachment;
  retry: () => void;
}

const VEIL = "absolute inset-0 flex flex-col items-center justify-center gap-1.5 p-3 text-center text-white";

/** Over a picture: progress, or why there is none. */
export function PhaseVeil({ phase, attachment, retry }: VeilProps) {
  const errorText = useErrorText();
  const parcel = use(ParcelContext);
  if (phase.name === "working") {
    return (
      <div className={cn(VEIL, "bg-black/20")}>
        <span className="grid rounded-full bg-black/55 p-1">
          <PhaseRing phase={phase} attachment={attachment} />
        </span>
        <span className="rounded-full bg-black/55 px-2 py-px text-[11px]">
          <StageLine phase={phase} attachment={attachment} />
        </span>
      </div>
    );
  }
  if (phase.name === "gone") return <GoneVeil phase={phase} attachment={attachment} retry={retry} />;
  // What could not be sent says why, and is tried again, below: with the message.
  if (parcel && attachment.status !== "completed") {
    return (
      <div className={cn(VEIL, "bg-black/45")}>
        <CircleAlert className="size-6" aria-hidden />
      </div>
    );
  }
  return (
    <div role="alert" className={cn(VEIL, "bg-black/65")}>
      <CircleAlert className="size-5" aria-hidden />
      <span className="line-clamp-3 text-xs">{errorText(phase.code)}</span>
      <span className="flex flex-wrap justify-center gap-1.5">
        <RetryButton retry={retry} tone="overlay" />
        {phase.code === "not_shown" && <DownloadButton attachment={attachment} tone="overlay" />}
      </span>
    </div>
  );
}

/** Under a card: the same in lines. Progress stands in the card's own ring. */
export function PhaseNote({ phase, attachment, retry }: { phase: Phase; attachment: Attachment; retry: () => void }) {
  const errorText = useErrorText();
  const parcel = use(ParcelContext);
  if (phase.name === "ready" || phase.name === "working") return null;
  if (phase.name === "gone") return <GoneNote phase={phase} attachment={attachment} retry={retry} />;
  if (parcel && attachment.status !== "completed") return null;
  return (
    <div role="alert" className="flex flex-wrap items-center justify-end gap-2 text-[13px] text-danger">
      <CircleAlert className="size-4 shrink-0" aria-hidden />
      <span className="min-w-48 flex-1">{errorText(phase.code)}</span>
      <RetryButton retry={retry} tone="danger" />
      {phase.code === "not_shown" && <DownloadButton attachment={attachment} tone="outline" />}
    </div>
  );
}
