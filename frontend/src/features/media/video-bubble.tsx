import { useTranslation } from "react-i18next";
import type { Attachment } from "@/api/wire.gen";
import { boxOf, boxStyle } from "@/features/media/box";
import { PhaseVeil } from "@/features/media/phase-view";
import { Picture } from "@/features/media/picture";
import { usePhase } from "@/features/media/use-phase";
import { formatDuration } from "@/lib/format";
import { useMediaQuery } from "@/lib/use-media-query";

/** Plays where it stands; not a byte of it is fetched before somebody presses play. */
export function VideoBubble({ attachment }: { attachment: Attachment }) {
  const { phase, retry } = usePhase(attachment);
  const { preview, duration } = attachment.metadata;
  return (
    <div className="relative overflow-hidden rounded-[7px] bg-black" style={boxStyle(boxOf(attachment.metadata))}>
      {phase.name === "ready" ? (
        <Player attachment={attachment} />
      ) : (
        <>
          <Picture src="" preview={preview} alt="" />
          <PhaseVeil phase={phase} attachment={attachment} retry={retry} />
        </>
      )}
      {phase.name !== "ready" && duration ? (
        <span className="absolute bottom-2 left-2 rounded-full bg-black/55 px-1.5 text-[11px] text-white tabular-nums">
          {formatDuration(duration)}
        </span>
      ) : null}
    </div>
  );
}

function Player({ attachment }: { attachment: Attachment }) {
  const { t } = useTranslation();
  const calm = useMediaQuery("(prefers-reduced-motion: reduce)");
  const { metadata, renditions } = attachment;
  const isLoop = metadata.animated === true;
  const motion = isLoop ? { loop: true, muted: true, autoPlay: !calm } : {};
  return (
    <video
      controls
      playsInline
      preload="none"
      aria-label={t("media.video")}
      poster={renditions.poster || attachment.thumbnail_url || metadata.preview || undefined}
      className="absolute inset-0 size-full object-contain outline-offset-[-3px]"
      {...motion}
    >
      <source src={attachment.file_url} type={attachment.file_type} />
    </video>
  );
}
