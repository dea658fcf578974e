import { useCallback } from "react";
import { useMe } from "@/api/queries";
import { measure } from "@/features/composer/measure";
import { useDesk } from "@/outbox/outbox-context";
import { pick } from "@/outbox/picked-file";

/** Lays files on the desk: a card for each at once, its picture as soon as the browser has looked. */
export function usePicking(conversationId: string): (files: File[]) => void {
  const { drafts } = useDesk();
  const { limits } = useMe();
  return useCallback(
    (files) => {
      const picked = files.map((file) => pick(file, limits));
      drafts.addFiles(conversationId, picked);
      for (const { id, file, kind, refusal } of picked) {
        if (!refusal) void measure(file, kind).then((facts) => drafts.changeFile(conversationId, id, { facts }));
      }
    },
    [drafts, limits, conversationId],
  );
}
