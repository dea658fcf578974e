import { cva, type VariantProps } from "class-variance-authority";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

const look = cva("flex items-center gap-2 px-3 py-1.5 text-[13px] [&_svg]:size-4 [&_svg]:shrink-0", {
  variants: {
    tone: {
      plain: "bg-sunken text-ink-soft",
      warn: "bg-warn-wash text-warn",
      danger: "bg-danger-wash text-danger",
    },
  },
});

type Props = VariantProps<typeof look> & { icon: ReactNode; children: ReactNode; action?: ReactNode; className?: string };

/** A strip across the top of a column: something about the machine, not about a message. */
export function Notice({ tone, icon, children, action, className }: Props) {
  return (
    <div role="status" className={cn(look({ tone }), className)}>
      {icon}
      <span className="min-w-0 flex-1">{children}</span>
      {action}
    </div>
  );
}
