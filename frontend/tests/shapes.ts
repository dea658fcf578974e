import type { Attachment, Conversation, Message } from "@/api/wire.gen";
import type { Pages } from "@/api/pages";

export function anAttachment(over: Partial<Attachment> = {}): Attachment {
  return {
    id: "a1",
    file_name: "foto.jpg",
    file_type: "image/jpeg",
    size_bytes: 2048,
    status: "completed",
    file_url: "/api/chat/attachments/a1/download/",
    thumbnail_url: "/api/chat/attachments/a1/thumbnail/",
    short_url: "",
    media_hash: "hash",
    storage_type: "local",
    created_at: "2026-11-20T10:00:00.000Z",
    expires_at: null,
    pinned: false,
    renditions: {},
    error: null,
    error_message: "",
    metadata: {},
    ...over,
  };
}

export function aMessage(over: Partial<Message> = {}): Message {
  return {
    id: "m1",
    conversation_id: "c1",
    direction: "incoming",
    kind: "text",
    text: "oi",
    status: "received",
    sent_at: "2026-11-20T10:00:00.000Z",
    client_id: "",
    provider_id: "",
    author: null,
    sender: null,
    quoted: null,
    attachment: null,
    reactions: [],
    edited_at: null,
    deleted_at: null,
    data: {},
    error: null,
    ...over,
  };
}

export function aConversation(over: Partial<Conversation> = {}): Conversation {
  return {
    id: "c1",
    instance_id: "i1",
    contact: { id: "k1", name: "Marina Alves", phone: "5511999990000", profile_pic_url: "", is_group: false },
    profile_pic_url: "",
    status: "open",
    assignee: null,
    unread: 0,
    last_message: null,
    last_message_at: "2026-11-20T10:00:00.000Z",
    ...over,
  };
}

export function pagesOf<Item>(...pages: Item[][]): Pages<Item> {
  return {
    pages: pages.map((results, index) => ({ results, next: index < pages.length - 1 ? `page ${index + 1}` : null })),
    pageParams: pages.map((_, index) => (index ? `page ${index}` : null)),
  };
}
