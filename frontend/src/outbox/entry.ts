import type { FileOrder } from "@/api/outbox";
import type { MessageKind } from "@/api/shapes";
import type { Message, Metadata, Quoted } from "@/api/wire.gen";

export type LocalFacts = Metadata;

/** A file on its way out. */
export interface Parcel {
  file: Blob;
  name: string;
  type: string;
  kind: MessageKind;
  isVoice: boolean;
  /** What is known of it before the server has looked. */
  facts: LocalFacts | null;
}

/** waiting → creating → (uploading → finishing) → gone, when the server has all of it; any of them → failed. */
export type Step = "waiting" | "creating" | "uploading" | "finishing" | "failed";

/** What somebody here sent and the server does not have whole. `message` is its own word of it, once there is one. */
export interface Entry {
  clientId: string;
  conversationId: string;
  at: string;
  text: string;
  quoted: Quoted | null;
  parcel: Parcel | null;
  step: Step;
  code: string | null;
  message: Message | null;
}

export function orderOf(entry: Entry, parcel: Parcel): FileOrder {
  return {
    conversationId: entry.conversationId,
    clientId: entry.clientId,
    name: parcel.name,
    type: parcel.type,
    size: parcel.file.size,
    caption: entry.text,
    isVoice: parcel.isVoice,
    quotedId: entry.quoted?.id ?? null,
  };
}
