import { useMutation } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { markRead } from "@/api/chat";
import type { Conversation } from "@/api/wire.gen";

function useIsVisible(): boolean {
  return useSyncExternalStore(
    (changed) => {
      document.addEventListener("visibilitychange", changed);
      return () => document.removeEventListener("visibilitychange", changed);
    },
    () => document.visibilityState === "visible",
  );
}

/** What is open in front of somebody is read. The count itself comes back as an event, like everybody else's. */
export function useMarkRead({ id, unread }: Conversation): void {
  const isVisible = useIsVisible();
  const { mutate } = useMutation({ mutationFn: markRead });
  useEffect(() => {
    if (isVisible && unread > 0) mutate(id);
  }, [isVisible, unread, id, mutate]);
}
