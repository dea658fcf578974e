import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

interface Props {
  icon: ReactNode;
  title: string;
  hint?: string;
  action?: ReactNode;
  className?: string;
}

export function Empty({ icon, title, hint, action, className }: Props) {
  return (
    <div className={cn("flex flex-col items-center justify-center gap-2 p-8 text-center", className)}>
      <span className="text-line-strong [&_svg]:size-9 [&_svg]:stroke-[1.5]">{icon}</span>
      <p className="font-medium text-ink">{title}</p>
      {hint && <p className="max-w-xs text-[13px] text-ink-soft">{hint}</p>}
      {action}
    </div>
  );
}
