import type { Message } from "@/api/wire.gen";
import { isUnnamed } from "@/outbox/pending";

/** WhatsApp's own terms; the server has the last word. */
export const EDIT_WITHIN_MS = 15 * 60_000;
export const DELETE_WITHIN_MS = 60 * 3600_000;

export type Deed = "reply" | "react" | "copy" | "pin" | "unpin" | "edit" | "cancel" | "delete";

const EDITABLE = new Set<Message["kind"]>(["text", "image", "video"]);

/** Not handed over yet: it can be held back. */
const HELD = new Set<Message["status"]>(["waiting", "queued"]);

/** What the reader may do with a message now. */
export function deedsFor(message: Message, readerId: string, now = Date.now()): Set<Deed> {
  const deeds = new Set<Deed>();
  if (message.deleted_at) return deeds;
  if (message.text) deeds.add("copy");
  const { attachment } = message;
  if (attachment?.status === "completed") deeds.add(attachment.pinned ? "unpin" : "pin");
  if (HELD.has(message.status)) deeds.add("cancel");
  if (isUnnamed(message)) return deeds;
  deeds.add("reply");
  if (message.provider_id === "") return deeds;
  deeds.add("react");
  if (message.direction === "incoming") return deeds;
  const age = now - Date.parse(message.sent_at);
  const isMine = message.author?.id === readerId;
  if (isMine && message.text && EDITABLE.has(message.kind) && age < EDIT_WITHIN_MS) deeds.add("edit");
  if (age < DELETE_WITHIN_MS) deeds.add("delete");
  return deeds;
}
