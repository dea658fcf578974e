import { Play } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "@/api/wire.gen";
import { boxOf, boxStyle } from "@/features/media/box";
import { PhaseVeil } from "@/features/media/phase-view";
import { Picture } from "@/features/media/picture";
import { TimePill } from "@/features/media/time-pill";
import { usePhase } from "@/features/media/use-phase";
import { useResume, type BreakOff } from "@/features/media/use-resume";
import { formatDuration } from "@/lib/format";
import { useMediaQuery } from "@/lib/use-media-query";

interface Props {
  attachment: Attachment;
  /** A loop is what WhatsApp calls a GIF: short, silent, again and again. */
  look: "film" | "loop";
  footer: ReactNode;
}

type Care = Pick<ReturnType<typeof usePhase>, "address" | "loaded" | "failed">;

/** Plays where it stands; not a byte of it is fetched before somebody presses play. */
export function VideoBubble({ attachment, look, footer }: Props) {
  const { phase, retry, ...care } = usePhase(attachment);
  const [brokenAt, setBrokenAt] = useState<number | null>(null);
  const { metadata } = attachment;
  return (
    <div className="relative overflow-hidden rounded-[7px] bg-black" style={boxStyle(boxOf(metadata))}>
      {phase.name === "ready" ? (
        <Player attachment={attachment} look={look} footer={footer} care={care} breakOff={{ at: brokenAt, tell: setBrokenAt }} />
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

interface PlayerProps extends Props {
  care: Care;
  breakOff: BreakOff;
}

function Player({ attachment, look, footer, care, breakOff }: PlayerProps) {
  const { t } = useTranslation();
  const calm = useMediaQuery("(prefers-reduced-motion: reduce)");
  const { metadata, renditions } = attachment;
  const isLoop = look === "loop";
  const [started, setStarted] = useState<"no" | "asked" | "yes">(isLoop && !calm ? "asked" : "no");
  const video = useRef<HTMLVideoElement>(null);
  const poster = renditions.poster || attachment.thumbnail_url;
  useResume(video, breakOff);

  function onPlaying(): void {
    setStarted("yes");
    care.loaded();
  }

  function onBroken(): void {
    care.failed(care.address(attachment.file_url));
  }

  return (
    <>
      {started !== "yes" && (
        <Picture src={poster && care.address(poster)} preview={metadata.preview} alt="" onFailed={care.failed} />
      )}
      {/* eslint-disable-next-line jsx-a11y/media-has-caption -- nobody writes captions for a customer's video */}
      <video
        ref={video}
        controls={started !== "no"}
        playsInline
        preload="none"
        loop={isLoop}
        muted={isLoop}
        autoPlay={isLoop && !calm}
        aria-label={t("media.video")}
        className="absolute inset-0 size-full object-contain outline-offset-[-3px]"
        onPlay={() => setStarted((now) => (now === "yes" ? now : "asked"))}
        onPlaying={onPlaying}
        onError={onBroken}
      >
        <source src={care.address(attachment.file_url)} type={attachment.file_type} onError={onBroken} />
      </video>
      {started === "no" && (
        <>
          <button
            type="button"
            aria-label={t("media.playVideo")}
            className="group absolute inset-0 grid place-items-center outline-offset-[-3px]"
            onClick={() => void video.current?.play().catch(() => undefined)}
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
