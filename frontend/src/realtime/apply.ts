import { mapPages, placeItem, type Pages } from "@/api/pages";
import type { MessageStatus } from "@/api/shapes";
import type { Attachment, Conversation, DurableEvent, ErrorShape, Me, Message } from "@/api/wire.gen";

/**
 * What every event does to everything that was fetched: pure, so that it can be done again to an answer that was on its
 * way while the event arrived. Each switch names every event; the compiler refuses a new one that is not thought of.
 */

/** Deploys overlap: an event of a newer server changes nothing here. */
function unknown<Data>(data: Data, _event: never): Data {
  return data;
}

/** Nor in a message, but for the file that it brings: whatever its name, that is the file as it is now. */
function fileOf(event: never): Attachment | undefined {
  return (event as { attachment?: Attachment }).attachment;
}

const FORWARD: MessageStatus[] = ["waiting", "queued", "sending", "sent", "delivered", "read", "played"];

/** A receipt that is older than what is shown changes nothing; failing and being tried again are always news. */
export function moved(from: MessageStatus, to: MessageStatus): MessageStatus {
  const before = FORWARD.indexOf(from);
  const after = FORWARD.indexOf(to);
  const isReceipt = before >= FORWARD.indexOf("sent") && after >= 0;
  return isReceipt && after < before ? from : to;
}

function withStatus(message: Message, id: string, status: MessageStatus, error: ErrorShape | null): Message {
  return message.id === id ? { ...message, status: moved(message.status, status), error } : message;
}

/** What has expired stays so: an answer that was on its way brings nothing back. */
function renewedFile(older: Attachment, newer: Attachment | null | undefined): Attachment {
  return newer?.id === older.id && (older.status !== "expired" || newer.status === "expired") ? newer : older;
}

function withAttachment(message: Message, newer: Attachment | undefined): Message {
  const attachment = message.attachment && renewedFile(message.attachment, newer);
  return attachment === message.attachment ? message : { ...message, attachment };
}

/** A whole message replaces its older self, but never moves its ticks back. */
function renewed(older: Message, newer: Message): Message {
  return { ...newer, status: moved(older.status, newer.status) };
}

function onMessage(message: Message, event: DurableEvent): Message {
  switch (event.type) {
    case "message_received":
    case "message_sent":
    case "message_created":
    case "message_edited":
    case "message_deleted":
    case "message_reaction":
      return event.message.id === message.id ? renewed(message, event.message) : message;
    case "message_status":
      return withStatus(message, event.message_id, event.status, event.error ?? null);
    case "attachment_ready":
    case "attachment_failed":
      return withAttachment(message, event.attachment);
    case "conversation_updated":
    case "contact_updated":
    case "instance_updated":
    case "erased":
      return message;
    default:
      return withAttachment(message, fileOf(event));
  }
}

export function isSameMessage(one: Message, other: Message): boolean {
  return one.id === other.id || (one.client_id !== "" && one.client_id === other.client_id);
}

/** Newest first, as the server's pages are. */
function isNewer(one: Message, other: Message): boolean {
  const [mine, theirs] = [Date.parse(one.sent_at), Date.parse(other.sent_at)];
  return mine === theirs ? one.id > other.id : mine > theirs;
}

function withMessage(data: Pages<Message>, message: Message): Pages<Message> {
  const older = data.pages.flatMap((page) => page.results).find((other) => isSameMessage(other, message));
  if (older && older.sent_at === message.sent_at) {
    return mapPages(data, (other) => (other === older ? renewed(older, message) : other));
  }
  return placeItem(data, older ? renewed(older, message) : message, {
    same: (other) => isSameMessage(other, message),
    before: (other) => isNewer(message, other),
  });
}

/** The answer to what was sent here. Whatever the events have said of it meanwhile is newer. */
export function putAnswer(data: Pages<Message>, message: Message): Pages<Message> {
  const isTold = data.pages.some((page) => page.results.some(({ id }) => id === message.id));
  return isTold ? data : withMessage(data, message);
}

/** The loaded pages of one conversation. */
export function applyToMessages(data: Pages<Message>, conversationId: string, event: DurableEvent): Pages<Message> {
  switch (event.type) {
    case "message_received":
    case "message_sent":
    case "message_created":
      return event.message.conversation_id === conversationId ? withMessage(data, event.message) : data;
    case "message_edited":
    case "message_deleted":
    case "message_reaction":
    case "message_status":
    case "attachment_ready":
    case "attachment_failed":
      return mapPages(data, (message) => onMessage(message, event));
    case "conversation_updated":
    case "contact_updated":
    case "instance_updated":
    case "erased":
      return data;
    default:
      return mapPages(data, (message) => onMessage(message, event));
  }
}

/** One conversation, in the list or by itself. */
export function applyToConversation(conversation: Conversation, event: DurableEvent): Conversation {
  switch (event.type) {
    case "message_received":
    case "message_sent":
    case "message_created":
    case "conversation_updated":
      return event.conversation.id === conversation.id ? event.conversation : conversation;
    case "message_edited":
    case "message_deleted":
    case "message_reaction":
    case "message_status":
    case "attachment_ready":
    case "attachment_failed": {
      const last = conversation.last_message && onMessage(conversation.last_message, event);
      return last === conversation.last_message ? conversation : { ...conversation, last_message: last };
    }
    case "contact_updated":
      return event.contact.id === conversation.contact.id
        ? { ...conversation, contact: event.contact, profile_pic_url: event.contact.profile_pic_url }
        : conversation;
    case "instance_updated":
    case "erased":
      return conversation;
    default:
      return unknown(conversation, event);
  }
}

function stands(conversation: Conversation): [number, string] {
  return [conversation.last_message_at ? Date.parse(conversation.last_message_at) : 0, conversation.id];
}

function isAbove(one: Conversation, other: Conversation): boolean {
  const [mine, myId] = stands(one);
  const [theirs, theirId] = stands(other);
  return mine === theirs ? myId > theirId : mine > theirs;
}

function withConversation(data: Pages<Conversation>, conversation: Conversation): Pages<Conversation> {
  return placeItem(data, conversation, {
    same: (other) => other.id === conversation.id,
    before: (other) => isAbove(conversation, other),
  });
}

/** A list of conversations. A searched list keeps what it found: events change its rows and bring in no new ones. */
export function applyToConversations(
  data: Pages<Conversation>,
  query: string,
  event: DurableEvent,
): Pages<Conversation> {
  switch (event.type) {
    case "message_received":
    case "message_sent":
    case "message_created":
    case "conversation_updated":
      return query
        ? mapPages(data, (conversation) => applyToConversation(conversation, event))
        : withConversation(data, event.conversation);
    case "message_edited":
    case "message_deleted":
    case "message_reaction":
    case "message_status":
    case "attachment_ready":
    case "attachment_failed":
    case "contact_updated":
      return mapPages(data, (conversation) => applyToConversation(conversation, event));
    case "instance_updated":
    case "erased":
      return data;
    default:
      return unknown(data, event);
  }
}

/** One file by itself, while it is being looked after. */
export function applyToAttachment(attachment: Attachment, event: DurableEvent): Attachment {
  switch (event.type) {
    case "attachment_ready":
    case "attachment_failed":
      return renewedFile(attachment, event.attachment);
    case "message_received":
    case "message_sent":
    case "message_created":
    case "message_edited":
    case "message_deleted":
    case "message_reaction":
      return renewedFile(attachment, event.message.attachment);
    case "message_status":
    case "conversation_updated":
    case "contact_updated":
    case "instance_updated":
    case "erased":
      return attachment;
    default:
      return renewedFile(attachment, fileOf(event));
  }
}

/** The session: its numbers and how they do. */
export function applyToMe(me: Me, event: DurableEvent): Me {
  if (event.type !== "instance_updated") return me;
  const others = me.instances.filter((instance) => instance.id !== event.instance.id);
  const known = others.length < me.instances.length;
  const instances = me.instances.map((instance) => (instance.id === event.instance.id ? event.instance : instance));
  return { ...me, instances: known ? instances : [...others, event.instance] };
}
