import { cn } from "@/lib/cn";

const BARS = 48;

interface Props {
  /** 0 to 1 each. */
  levels: readonly number[];
  /** How much of it has been played, 0 to 1; without it, all is new. */
  played?: number;
  className?: string;
}

/** The last moments of a recording, or all of it, as bars. */
export function LevelBars({ levels, played, className }: Props) {
  const shown = levels.slice(-BARS);
  const bars = [...Array.from({ length: BARS - shown.length }, () => 0), ...shown];
  return (
    <svg viewBox={`0 0 ${BARS * 4} 28`} preserveAspectRatio="none" className={cn("h-7 min-w-0 flex-1", className)} aria-hidden>
      {bars.map((level, index) => {
        const height = Math.max(2, level * 28);
        const isPlayed = played === undefined || index / BARS < played;
        return (
          <rect
            key={index}
            x={index * 4 + 0.75}
            y={(28 - height) / 2}
            width={2.5}
            height={height}
            rx={1}
            className={isPlayed ? "fill-accent" : "fill-ink/25"}
          />
        );
      })}
    </svg>
  );
}
