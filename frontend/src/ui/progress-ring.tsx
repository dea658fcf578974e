import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

interface Props {
  /** 0 to 100; null while nobody knows. */
  percent: number | null;
  label: string;
  size?: number;
  className?: string;
  children?: ReactNode;
}

const STROKE = 3;

export function ProgressRing({ percent, label, size = 44, className, children }: Props) {
  const radius = (size - STROKE) / 2;
  const around = 2 * Math.PI * radius;
  const shown = percent ?? 22;
  return (
    <span
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent ?? undefined}
      className={cn("relative inline-grid shrink-0 place-items-center", className)}
      style={{ width: size, height: size }}
    >
      <svg
        viewBox={`0 0 ${size} ${size}`}
        className={cn("absolute inset-0 -rotate-90", percent === null && "animate-spin")}
        fill="none"
        stroke="currentColor"
        strokeWidth={STROKE}
        aria-hidden
      >
        <circle cx={size / 2} cy={size / 2} r={radius} opacity={0.25} />
        <circle
          cx={size / 2}
          cy={size / 2}
          r={radius}
          strokeLinecap="round"
          strokeDasharray={around}
          strokeDashoffset={around * (1 - shown / 100)}
          className="transition-[stroke-dashoffset] duration-300"
        />
      </svg>
      <span className="relative text-[11px] leading-none font-medium tabular-nums">{children}</span>
    </span>
  );
}
