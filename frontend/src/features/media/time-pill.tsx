import type { ReactNode } from "react";

/** The time on a picture, readable on any of them; the ticks of what was read keep a colour of their own. */
export function TimePill({ children }: { children: ReactNode }) {
  if (!children) return null;
  return (
    <span className="pointer-events-none absolute right-1.5 bottom-1.5 flex rounded-full bg-black/55 px-1.5 py-px [&_*]:text-white [&_:is(.text-read,.text-read_*)]:text-[oklch(0.8_0.11_230)]">
      {children}
    </span>
  );
}
