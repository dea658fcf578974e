import type { QueryClient } from "@tanstack/react-query";
import { createContext, use, useSyncExternalStore } from "react";
import { fetchAttachment, lookAtFile } from "@/api/chat";
import { keys } from "@/api/keys";
import type { Attachment } from "@/api/wire.gen";
import { addressIn, Mender, type Mending } from "@/features/media/mending";
import { putAttachment } from "@/realtime/feed";

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function makeMender(client: QueryClient): Mender {
  return new Mender({
    async read(id) {
      // Through the cache: events that overtake the answer are done again to it.
      const queryKey = keys.attachment(id);
      const answer = await client.query({ queryKey, queryFn: () => fetchAttachment(id), staleTime: 0, retry: false });
      const attachment = client.getQueryData<Attachment>(queryKey) ?? answer;
      putAttachment(client, attachment);
      // The cache tells its readers a moment later: none of them may load it once more by its old state.
      await wait(0);
      return attachment;
    },
    look: lookAtFile,
    // Not all at once: a storage that is away is away for every picture on every screen.
    wait: (ms) => wait(ms * (1 + Math.random() / 4)),
  });
}

export const MenderContext = createContext<Mender | null>(null);

interface Care {
  state: Mending;
  /** Where to load it from now. */
  address: (path: string) => string;
  loaded: () => void;
  failed: (src: string) => void;
  retry: () => void;
}

/** How a file's bytes do that this page tried to show. */
export function useMending(attachmentId: string): Care {
  const mender = use(MenderContext);
  if (!mender) throw new Error("a file needs the media provider above it");
  const state = useSyncExternalStore(mender.subscribe, () => mender.get(attachmentId));
  return {
    state,
    address: (path) => addressIn(state.round, path),
    loaded: () => mender.loaded(attachmentId),
    failed: (src) => mender.failed(attachmentId, src),
    retry: () => mender.retry(attachmentId),
  };
}
