import type { Stage } from "@/api/shapes";
import type { Attachment, UploadProgress } from "@/api/wire.gen";

export type Phase =
  | { name: "ready" }
  | { name: "working"; stage: Stage | null; percent: number | null }
  | { name: "failed"; code: string }
  | { name: "expired" };

/** What a bubble shows of its file. Progress that is heard of a failed file means that it is being tried again. */
export function phaseOf(attachment: Attachment, progress: UploadProgress | undefined): Phase {
  switch (attachment.status) {
    case "completed":
      return { name: "ready" };
    case "expired":
      return { name: "expired" };
    case "failed":
      return progress ? working(progress) : { name: "failed", code: attachment.error?.code ?? "unknown" };
    default:
      return working(progress);
  }
}

function working(progress: UploadProgress | undefined): Phase {
  if (!progress) return { name: "working", stage: null, percent: null };
  return { name: "working", stage: progress.stage, percent: progress.total > 0 ? progress.percent : null };
}
