import type { Attachment, Message, Metadata, Person } from "@/api/wire.gen";
import type { Entry, LocalFacts, Parcel } from "@/outbox/entry";

export type FactsOf = (clientId: string) => LocalFacts | undefined;

function asAttachment(entry: Entry, parcel: Parcel, facts: LocalFacts | undefined): Attachment {
  return {
    id: entry.clientId,
    file_name: parcel.name,
    file_type: parcel.type,
    size_bytes: parcel.file.size,
    status: "pending",
    file_url: "",
    thumbnail_url: "",
    short_url: "",
    media_hash: "",
    storage_type: "local",
    created_at: entry.at,
    expires_at: null,
    pinned: false,
    renditions: {},
    error: null,
    error_message: "",
    metadata: facts ?? {},
  };
}

/** A message that the server has not named yet, in the server's own shape. */
export function asMessage(entry: Entry, author: Person, facts?: LocalFacts): Message {
  const { parcel, code } = entry;
  return {
    id: entry.clientId,
    conversation_id: entry.conversationId,
    direction: "outgoing",
    kind: parcel ? parcel.kind : "text",
    text: entry.text,
    status: code ? "failed" : "waiting",
    sent_at: entry.at,
    client_id: entry.clientId,
    provider_id: "",
    author,
    sender: null,
    quoted: entry.quoted,
    attachment: parcel && asAttachment(entry, parcel, facts),
    reactions: [],
    edited_at: null,
    deleted_at: null,
    data: {},
    error: code ? { code, detail: "" } : null,
  };
}

/** Only this page knows of it. */
export function isUnnamed(message: Message): boolean {
  return message.client_id !== "" && message.id === message.client_id;
}

/** An upload that failed here is known here first: the server learns it by waiting in vain. */
function withFailure(message: Message, entry: Entry | undefined): Message {
  if (!entry?.code || message.status !== "waiting") return message;
  return { ...message, status: "failed", error: { code: entry.code, detail: "" } };
}

function withFacts(message: Message, facts: LocalFacts | undefined): Message {
  if (!facts || !message.attachment) return message;
  const told = Object.entries(message.attachment.metadata).filter(([, value]) => value !== null && value !== undefined);
  const metadata: Metadata = { ...facts, ...Object.fromEntries(told) };
  return { ...message, attachment: { ...message.attachment, metadata: { ...metadata, preview: facts.preview ?? metadata.preview } } };
}

/** What failed stays at its time, however much is said after it. */
function placed(newestFirst: Message[], failed: Message): Message[] {
  const at = newestFirst.findIndex((message) => Date.parse(message.sent_at) <= Date.parse(failed.sent_at));
  return newestFirst.toSpliced(at < 0 ? newestFirst.length : at, 0, failed);
}

/** Newest first: what the server has, and above it what only this page knows, in the order in which it was sent. */
export function withPending(messages: Message[], entries: readonly Entry[], author: Person, factsOf: FactsOf): Message[] {
  const known = new Map(entries.map((entry) => [entry.clientId, entry]));
  const here = new Set(messages.map(({ client_id: id }) => id));
  const shown = messages.map((message) => {
    if (message.client_id === "") return message;
    return withFacts(withFailure(message, known.get(message.client_id)), factsOf(message.client_id));
  });
  const pending = entries
    .filter(({ clientId }) => !here.has(clientId))
    .map((entry) => asMessage(entry, author, factsOf(entry.clientId)));
  const waiting = pending.filter(({ status }) => status !== "failed").toReversed();
  const failed = pending.filter(({ status }) => status === "failed");
  return [...waiting, ...failed.reduce(placed, shown)];
}
