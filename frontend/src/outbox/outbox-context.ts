import { createContext, use, useCallback, useSyncExternalStore } from "react";
import { Drafts, type Draft } from "@/outbox/drafts";
import type { Entry } from "@/outbox/entry";
import type { Outbox } from "@/outbox/outbox";

export interface Desk {
  outbox: Outbox;
  drafts: Drafts;
}

export const DeskContext = createContext<Desk | null>(null);

/** What this person is writing and sending. */
export function useDesk(): Desk {
  const desk = use(DeskContext);
  if (!desk) throw new Error("useDesk needs an OutboxProvider above it");
  return desk;
}

export function usePending(conversationId: string): readonly Entry[] {
  const { outbox } = useDesk();
  const read = useCallback(() => outbox.pending(conversationId), [outbox, conversationId]);
  return useSyncExternalStore(outbox.subscribe, read);
}

export function useDraft(conversationId: string): Draft {
  const { drafts } = useDesk();
  const read = useCallback(() => drafts.of(conversationId), [drafts, conversationId]);
  return useSyncExternalStore(drafts.subscribe, read);
}
