import { Check, CheckCheck, CircleAlert, Clock3, Headphones, Send, type LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";

export type TickStatus = "waiting" | "queued" | "sending" | "sent" | "delivered" | "read" | "played" | "failed" | "received";

const LOOKS: Record<Exclude<TickStatus, "received">, { icon: LucideIcon; tone: string }> = {
  waiting: { icon: Clock3, tone: "text-ink-faint" },
  queued: { icon: Clock3, tone: "text-ink-faint" },
  sending: { icon: Send, tone: "text-ink-faint" },
  sent: { icon: Check, tone: "text-ink-faint" },
  delivered: { icon: CheckCheck, tone: "text-ink-faint" },
  read: { icon: CheckCheck, tone: "text-read" },
  played: { icon: Headphones, tone: "text-read" },
  failed: { icon: CircleAlert, tone: "text-danger" },
};

/** How far an outgoing message got. */
export function Ticks({ status, className }: { status: TickStatus; className?: string }) {
  const { t } = useTranslation();
  if (status === "received" || !(status in LOOKS)) return null;
  const { icon: Icon, tone } = LOOKS[status];
  return (
    <Icon role="img" aria-label={t(`ticks.${status}`)} aria-hidden={false} className={cn("size-4 shrink-0", tone, className)} />
  );
}
