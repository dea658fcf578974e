import { LoaderCircle } from "lucide-react";
import { cn } from "@/lib/cn";

export function Spinner({ label, className }: { label: string; className?: string }) {
  return (
    <span role="status" aria-label={label} className={cn("inline-flex text-ink-faint", className)}>
      <LoaderCircle className="size-5 animate-spin" aria-hidden />
    </span>
  );
}
