import { Play } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "@/api/wire.gen";
import { boxOf, boxStyle } from "@/features/media/box";
import { PhaseVeil } from "@/features/media/phase-view";
import { Picture } from "@/features/media/picture";
import { TimePill } from "@/features/media/time-pill";
import { usePhase } from "@/features/media/use-phase";
import { formatDuration } from "@/lib/format";
import { useMediaQuery } from "@/lib/use-media-query";

interface Props {
  attachment: Attachment;
  /** A loop is what WhatsApp calls a GIF: short, silent, again and again. */
  look: "film" | "loop";
  footer: ReactNode;
}

/** Plays where it stands; not a byte of it is fetched before somebody presses play. */
export function VideoBubble({ attachment, look, footer }: Props) {
  const { phase, retry } = usePhase(attachment);
  const { metadata } = attachment;
  return (
    <div className="relative overflow-hidden rounded-[7px] bg-black" style={boxStyle(boxOf(metadata))}>
      {phase.name === "ready" ? (
        <Player attachment={attachment} look={look} footer={footer} />
      ) : (
        <>
          <Picture src="" preview={metadata.preview} alt="" />
          <PhaseVeil phase={phase} attachment={attachment} retry={retry} />
          <Length seconds={metadata.duration} />
          <TimePill>{footer}</TimePill>
        </>
      )}
    </div>
  );
}

function Player({ attachment, look, footer }: Props) {
  const { t } = useTranslation();
  const calm = useMediaQuery("(prefers-reduced-motion: reduce)");
  const { metadata, renditions } = attachment;
  const isLoop = look === "loop";
  const [started, setStarted] = useState<"no" | "yes">(isLoop && !calm ? "yes" : "no");
  const video = useRef<HTMLVideoElement>(null);
  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/media-has-caption -- nobody writes captions for a customer's video */}
      <video
        ref={video}
        controls={started === "yes"}
        playsInline
        preload="none"
        loop={isLoop}
        muted={isLoop}
        autoPlay={isLoop && !calm}
        aria-label={t("media.video")}
        poster={renditions.poster || attachment.thumbnail_url || metadata.preview || undefined}
        className="absolute inset-0 size-full object-contain outline-offset-[-3px]"
        onPlay={() => setStarted("yes")}
      >
        <source src={attachment.file_url} type={attachment.file_type} />
      </video>
      {started === "no" && (
        <>
          <button
            type="button"
            aria-label={t("media.playVideo")}
            className="group absolute inset-0 grid place-items-center outline-offset-[-3px]"
            onClick={() => void video.current?.play()}
          >
            <span className="grid size-12 place-items-center rounded-full bg-black/55 text-white group-hover:bg-black/75">
              <Play className="ml-0.5 size-5 fill-current" aria-hidden />
            </span>
          </button>
          <Length seconds={metadata.duration} />
          <TimePill>{footer}</TimePill>
        </>
      )}
    </>
  );
}

function Length({ seconds }: { seconds: number | null | undefined }) {
  if (!seconds) return null;
  return (
    <span className="pointer-events-none absolute bottom-1.5 left-1.5 rounded-full bg-black/55 px-1.5 py-px text-[11px] leading-4 text-white tabular-nums">
      {formatDuration(seconds)}
    </span>
  );
}
