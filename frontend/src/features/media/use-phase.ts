import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { retryAttachment } from "@/api/chat";
import { asApiError } from "@/api/client";
import type { Attachment } from "@/api/wire.gen";
import { phaseOf, type Phase } from "@/features/media/phase";
import { useMending } from "@/features/media/use-mending";
import { useProgress } from "@/realtime/progress";

/** The phase of a file, the way to try it again, and where and how its bytes are loaded. */
export function usePhase(attachment: Attachment) {
  const progress = useProgress(attachment.id);
  const { state, retry: loadAnew, ...care } = useMending(attachment.id);
  const [wasHere, setWasHere] = useState(attachment.status === "completed");
  if (attachment.status === "completed" && !wasHere) setWasHere(true);
  const [retried, setRetried] = useState<Attachment | null>(null);
  const mutation = useMutation({
    mutationFn: () => retryAttachment(attachment.id),
    onMutate: () => setRetried(attachment),
    onError: () => setRetried(null),
  });
  const told = phaseOf(attachment, { progress, mending: state, wasHere });
  const isHere = attachment.status === "completed";
  // An accepted retry shows as work until the server says more.
  const isWaiting = told.name === "failed" && retried === attachment;
  const failure = mutation.error && told.name === "failed" && !isHere ? asApiError(mutation.error).code : null;
  const phase: Phase = isWaiting
    ? { name: "working", stage: null, percent: null }
    : failure
      ? { name: "failed", code: failure }
      : told;
  return { phase, retry: isHere ? loadAnew : () => mutation.mutate(), ...care };
}
