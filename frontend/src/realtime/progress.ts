import { useSyncExternalStore } from "react";
import type { UploadProgress } from "@/api/wire.gen";
import { Listeners } from "@/lib/listeners";

const STALE_MS = 60_000;

interface Entry {
  progress: UploadProgress;
  timer: ReturnType<typeof setTimeout>;
}

/** How far each file is. Stale in a second, so it never touches the query cache. */
export class ProgressStore {
  private readonly entries = new Map<string, Entry>();
  private readonly listeners = new Listeners();

  readonly subscribe = this.listeners.subscribe;

  get(attachmentId: string): UploadProgress | undefined {
    return this.entries.get(attachmentId)?.progress;
  }

  put(progress: UploadProgress): void {
    const id = progress.attachment_id;
    clearTimeout(this.entries.get(id)?.timer);
    this.entries.set(id, { progress, timer: setTimeout(() => this.forget(id), STALE_MS) });
    this.listeners.tell();
  }

  forget(attachmentId: string): void {
    clearTimeout(this.entries.get(attachmentId)?.timer);
    if (this.entries.delete(attachmentId)) this.listeners.tell();
  }
}

export const progressStore = new ProgressStore();

export function useProgress(attachmentId: string): UploadProgress | undefined {
  return useSyncExternalStore(progressStore.subscribe, () => progressStore.get(attachmentId));
}
