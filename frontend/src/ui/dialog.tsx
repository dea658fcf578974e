import { Dialog as Radix } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

export const Dialog = Radix.Root;
export const DialogTrigger = Radix.Trigger;
export const DialogClose = Radix.Close;
export const DialogTitle = Radix.Title;
export const DialogDescription = Radix.Description;

/** The whole window, dark in either theme: pictures are looked at on black. */
export function DialogStage({ className, children, ...rest }: ComponentProps<typeof Radix.Content>) {
  return (
    <Radix.Portal>
      <Radix.Overlay className="fixed inset-0 z-40 bg-[oklch(0.14_0.006_215)]" />
      <Radix.Content className={cn("fixed inset-0 z-50 flex flex-col text-white outline-none", className)} {...rest}>
        {children}
      </Radix.Content>
    </Radix.Portal>
  );
}
