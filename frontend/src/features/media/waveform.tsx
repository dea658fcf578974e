import { useRef, type KeyboardEvent, type PointerEvent } from "react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { formatDuration } from "@/lib/format";

export const BARS = 64;
const STEP = 4;
const HEIGHT = 28;
const KEY_SECONDS = 5;

/** Always 64 heights of 0 to 100; a file without a waveform has a calm line. */
export function barsOf(waveform: number[] | null | undefined): number[] {
  if (!waveform || waveform.length === 0) return Array.from({ length: BARS }, () => 8);
  const loudest = Math.max(1, ...waveform);
  return Array.from({ length: BARS }, (_, index) => {
    const value = waveform[Math.floor((index * waveform.length) / BARS)] ?? 0;
    return Math.round((value / loudest) * 100);
  });
}

interface Props {
  waveform: number[] | null | undefined;
  elapsed: number;
  total: number;
  seek: (seconds: number) => void;
  mode: "seekable" | "still";
}

/** The bars, and the slider over them. */
export function Waveform({ waveform, elapsed, total, seek, mode }: Props) {
  const { t } = useTranslation();
  const track = useRef<HTMLDivElement>(null);

  function seekTo(event: PointerEvent): void {
    const box = track.current?.getBoundingClientRect();
    if (box && box.width > 0) seek(((event.clientX - box.left) / box.width) * total);
  }

  function onPointerDown(event: PointerEvent<HTMLDivElement>): void {
    event.currentTarget.setPointerCapture(event.pointerId);
    seekTo(event);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const to = { ArrowRight: elapsed + KEY_SECONDS, ArrowLeft: elapsed - KEY_SECONDS, Home: 0, End: total }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    seek(to);
  }

  const bars = <Bars waveform={waveform} played={total > 0 ? elapsed / total : 0} />;
  if (mode === "still") return <div className="h-7 min-w-0 flex-1 opacity-50">{bars}</div>;
  return (
    <div
      ref={track}
      role="slider"
      tabIndex={0}
      aria-label={t("player.seek")}
      aria-valuemin={0}
      aria-valuemax={Math.round(total)}
      aria-valuenow={Math.round(elapsed)}
      aria-valuetext={t("player.position", { elapsed: formatDuration(elapsed), total: formatDuration(total) })}
      className="h-7 min-w-0 flex-1 cursor-pointer touch-none rounded-sm"
      onPointerDown={onPointerDown}
      onPointerMove={(event) => event.buttons === 1 && seekTo(event)}
      onKeyDown={onKeyDown}
    >
      {bars}
    </div>
  );
}

function Bars({ waveform, played }: { waveform: Props["waveform"]; played: number }) {
  return (
    <svg
      viewBox={`0 0 ${BARS * STEP} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="pointer-events-none size-full"
      aria-hidden
      data-bars={BARS}
    >
      {barsOf(waveform).map((value, index) => {
        const height = Math.max(2, (value / 100) * HEIGHT);
        return (
          <rect
            key={index}
            x={index * STEP + 0.75}
            y={(HEIGHT - height) / 2}
            width={2.5}
            height={height}
            rx={1}
            className={cn("transition-[fill] duration-150", index / BARS < played ? "fill-accent" : "fill-ink/25")}
          />
        );
      })}
    </svg>
  );
}
