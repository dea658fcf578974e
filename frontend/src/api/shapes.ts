import type {
  Attachment,
  Conversation,
  DurableEvent,
  Message,
  PassingEvent,
  Typing,
  UploadProgress,
} from "@/api/wire.gen";

/** Names for the unions that stand inside the generated shapes. */
export type MessageKind = Message["kind"];
export type MessageStatus = Message["status"];
export type AttachmentStatus = Attachment["status"];
export type ConversationStatus = Conversation["status"];
export type Stage = UploadProgress["stage"];
export type TypingState = Typing["state"];

export interface Page<Item> {
  results: Item[];
  next: string | null;
}

/** What the socket's envelope adds to an event. */
export type DurableFrame = DurableEvent & { seq: number; at: string };
export type PassingFrame = PassingEvent & { at: string };
