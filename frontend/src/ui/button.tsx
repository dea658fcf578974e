import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const look = cva(
  "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors select-none disabled:opacity-50",
  {
    variants: {
      tone: {
        primary: "bg-accent text-on-accent hover:bg-accent-strong",
        quiet: "text-ink-soft hover:bg-sunken hover:text-ink",
        outline: "border border-line-strong bg-raised text-ink hover:bg-sunken",
        danger: "border border-danger/40 text-danger hover:bg-danger-wash",
        overlay: "bg-black/55 text-white backdrop-blur-sm hover:bg-black/75",
      },
      size: {
        sm: "h-7 px-2.5 text-xs",
        md: "h-9 px-3.5 text-sm",
        lg: "h-10 px-4 text-sm",
        icon: "size-8",
        touch: "size-10",
      },
    },
    defaultVariants: { tone: "quiet", size: "md" },
  },
);

type Props = ComponentProps<"button"> & VariantProps<typeof look> & { asChild?: boolean };

export function Button({ tone, size, asChild, className, type = "button", ...rest }: Props) {
  const classes = cn(look({ tone, size }), className);
  return asChild ? <Slot.Root className={classes} {...rest} /> : <button type={type} className={classes} {...rest} />;
}
