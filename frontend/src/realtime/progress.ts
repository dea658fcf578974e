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
  private readonly own = new Set<string>();
  private readonly listeners = new Listeners();

  readonly subscribe = this.listeners.subscribe;

  get(attachmentId: string): UploadProgress | undefined {
    return this.entries.get(attachmentId)?.progress;
  }

  /** What is uploaded here is known here first: its echo by way of the server is old. */
  putOwn(progress: UploadProgress): void {
    this.own.add(progress.attachment_id);
    this.write(progress);
  }

  put(progress: UploadProgress): void {
    const isEcho = progress.stage === "uploading" && this.own.has(progress.attachment_id);
    if (!isEcho) this.write(progress);
  }

  private write(progress: UploadProgress): void {
    const id = progress.attachment_id;
    clearTimeout(this.entries.get(id)?.timer);
    this.entries.set(id, { progress, timer: setTimeout(() => this.forget(id), STALE_MS) });
    this.listeners.tell();
  }

  /** Nothing more is heard of a message that failed. */
  forgetMessage(messageId: string): void {
    for (const [id, { progress }] of this.entries) if (progress.message_id === messageId) this.forget(id);
  }

  forget(attachmentId: string): void {
    clearTimeout(this.entries.get(attachmentId)?.timer);
    this.own.delete(attachmentId);
    if (this.entries.delete(attachmentId)) this.listeners.tell();
  }
}

export const progressStore = new ProgressStore();

export function useProgress(attachmentId: string): UploadProgress | undefined {
  return useSyncExternalStore(progressStore.subscribe, () => progressStore.get(attachmentId));
}
