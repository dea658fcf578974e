import type { Stage } from "@/api/shapes";
import type { Attachment, UploadProgress } from "@/api/wire.gen";
import type { Mending } from "@/features/media/mending";

export type Phase =
  | { name: "ready" }
  | { name: "working"; stage: Stage | "again" | null; percent: number | null }
  | { name: "failed"; code: string }
  /** Nothing here or at WhatsApp brings it back: only whoever sent it has it still. */
  | { name: "gone"; code: "expired" | "gone_everywhere" };

interface Known {
  progress: UploadProgress | undefined;
  mending: Mending;
  /** It could be seen before: what comes now comes again. */
  wasHere: boolean;
}

/** What a bubble shows of its file. Progress that is heard of a failed file means that it is being tried again. */
export function phaseOf(attachment: Attachment, { progress, mending, wasHere }: Known): Phase {
  switch (attachment.status) {
    case "completed":
      return mended(mending);
    case "expired":
      return { name: "gone", code: "expired" };
    case "failed":
      return progress ? working(progress, wasHere) : failed(attachment.error?.code ?? "unknown");
    default:
      return working(progress, wasHere);
  }
}

function failed(code: string): Phase {
  return code === "gone_everywhere" ? { name: "gone", code } : { name: "failed", code };
}

/** The server has it; whether this page could load it is another thing. */
function mended(mending: Mending): Phase {
  switch (mending.name) {
    case "well":
      return { name: "ready" };
    case "looking":
      return { name: "working", stage: "again", percent: null };
    case "lost":
      return { name: "failed", code: mending.code };
  }
}

function working(progress: UploadProgress | undefined, isAgain: boolean): Phase {
  const percent = progress && progress.total > 0 ? progress.percent : null;
  return { name: "working", stage: isAgain ? "again" : (progress?.stage ?? null), percent };
}
