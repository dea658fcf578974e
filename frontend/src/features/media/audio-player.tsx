import { Download, Mic, Music, Pause, Play } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "@/api/wire.gen";
import { PhaseNote, PhaseRing, StageLine } from "@/features/media/phase-view";
import { usePlayback } from "@/features/media/playback";
import { usePhase } from "@/features/media/use-phase";
import { useResume, type BreakOff } from "@/features/media/use-resume";
import { Waveform } from "@/features/media/waveform";
import { useLanguage } from "@/i18n/i18n";
import { formatDuration } from "@/lib/format";
import { Button } from "@/ui/button";

interface Props {
  attachment: Attachment;
  kind: "audio" | "voice";
  footer: ReactNode;
}

/** A voice message or a sound file. Nothing is fetched before play; the length and the shape are already known. */
export function AudioPlayer({ attachment, kind, footer }: Props) {
  const { t } = useTranslation();
  const { phase, retry, ...care } = usePhase(attachment);
  const [brokenAt, setBrokenAt] = useState<number | null>(null);
  return (
    <section aria-label={t(`player.${kind}`)} className="w-[19rem] max-w-full px-1.5 pt-1">
      {kind === "audio" && attachment.file_name && (
        <p className="mb-1 truncate text-[13px] font-medium" title={attachment.file_name}>
          {attachment.file_name}
        </p>
      )}
      {phase.name === "ready" ? (
        <Player attachment={attachment} kind={kind} footer={footer} care={care} breakOff={{ at: brokenAt, tell: setBrokenAt }} />
      ) : (
        <>
          <div className="flex items-center gap-2.5">
            {phase.name === "working" ? (
              <PhaseRing phase={phase} attachment={attachment} size={36} className="text-accent" />
            ) : (
              <KindSign kind={kind} />
            )}
            <Waveform mode="still" waveform={attachment.metadata.waveform} elapsed={0} total={0} seek={() => undefined} />
          </div>
          <p className="mt-0.5 flex h-6 items-center gap-2 pl-11 text-xs text-ink-soft tabular-nums">
            <span>{formatDuration(attachment.metadata.duration ?? 0)}</span>
            <span className="min-w-0 flex-1 truncate">
              {phase.name === "working" && <StageLine phase={phase} attachment={attachment} />}
            </span>
            {footer}
          </p>
          <PhaseNote phase={phase} attachment={attachment} retry={retry} />
        </>
      )}
    </section>
  );
}

function KindSign({ kind }: { kind: Props["kind"] }) {
  const Icon = kind === "voice" ? Mic : Music;
  return (
    <span className="grid size-9 shrink-0 place-items-center rounded-full bg-ink/5 text-ink-soft">
      <Icon className="size-[18px]" aria-hidden />
    </span>
  );
}

interface PlayerProps extends Props {
  care: Pick<ReturnType<typeof usePhase>, "address" | "loaded" | "failed">;
  breakOff: BreakOff;
}

function Player({ attachment, kind, footer, care, breakOff }: PlayerProps) {
  const { t } = useTranslation();
  const { metadata, file_url: src, file_type: type, renditions } = attachment;
  const { audio, state, toggle, seek, faster, events } = usePlayback(metadata.duration);
  const isPlaying = state.phase === "playing";
  const Icon = isPlaying ? Pause : Play;
  useResume(audio, breakOff);

  function onBroken(): void {
    care.failed(care.address(src));
  }

  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/media-has-caption -- nobody writes captions for a voice message */}
      <audio ref={audio} preload="none" {...events} onPlaying={care.loaded} onError={onBroken}>
        {renditions.aac && <source src={care.address(renditions.aac)} type="audio/mp4" />}
        <source src={care.address(src)} type={type} onError={onBroken} />
      </audio>
      <div className="flex items-center gap-2.5">
        <Button
          tone="primary"
          className="size-9 rounded-full px-0"
          aria-label={isPlaying ? t("player.pause") : t("player.play")}
          onClick={toggle}
        >
          <Icon className="size-4 fill-current" aria-hidden />
        </Button>
        <Waveform mode="seekable" waveform={metadata.waveform} elapsed={state.elapsed} total={state.total} seek={seek} />
      </div>
      <div className="mt-0.5 flex items-center gap-1.5 pl-11 text-xs text-ink-soft">
        {kind === "voice" && <Mic className="size-3.5" aria-hidden />}
        <Position {...state} />
        <SpeedButton speed={state.speed} onPress={faster} />
        <DownloadLink attachment={attachment} />
        <span className="flex-1" />
        {footer}
      </div>
      {state.phase === "failed" && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {t("player.failed")}
        </p>
      )}
    </>
  );
}

function Position({ elapsed, total }: { elapsed: number; total: number }) {
  return (
    <span className="tabular-nums" aria-hidden>
      {formatDuration(elapsed)} / {formatDuration(total)}
    </span>
  );
}

function SpeedButton({ speed, onPress }: { speed: number; onPress: () => void }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const shown = new Intl.NumberFormat(language).format(speed);
  return (
    <Button
      className="h-6 min-w-9 rounded-full bg-ink/5 px-1.5 text-[11px] tabular-nums"
      aria-label={t("player.speed", { speed: shown })}
      onClick={onPress}
    >
      {shown}×
    </Button>
  );
}

function DownloadLink({ attachment }: { attachment: Attachment }) {
  const { t } = useTranslation();
  return (
    <Button asChild className="size-6 px-0">
      <a
        href={attachment.file_url}
        download={attachment.file_name}
        aria-label={t("media.downloadNamed", { name: attachment.file_name || t("media.file") })}
      >
        <Download className="size-3.5" aria-hidden />
      </a>
    </Button>
  );
}
