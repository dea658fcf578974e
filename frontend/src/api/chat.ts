import { ApiError, http } from "@/api/client";
import type { Page } from "@/api/shapes";
import type { Attachment, Conversation, Message } from "@/api/wire.gen";

export const MESSAGES_A_PAGE = 50;

export async function fetchConversations(query: string, cursor: string | null): Promise<Page<Conversation>> {
  const params = { q: query || undefined, cursor: cursor ?? undefined };
  return (await http.get<Page<Conversation>>("chat/conversations/", { params })).data;
}

export async function fetchConversation(id: string): Promise<Conversation> {
  return (await http.get<Conversation>(`chat/conversations/${id}/`)).data;
}

/** Newest first; `before` is the id of the oldest message already here. */
export async function fetchMessages(conversationId: string, before: string | null): Promise<Page<Message>> {
  const params = { before: before ?? undefined, limit: MESSAGES_A_PAGE };
  return (await http.get<Page<Message>>(`chat/conversations/${conversationId}/messages/`, { params })).data;
}

export async function markRead(conversationId: string): Promise<void> {
  await http.post(`chat/conversations/${conversationId}/read/`);
}

export async function retryMessage(messageId: string): Promise<void> {
  await http.post(`chat/messages/${messageId}/retry/`);
}

export async function retryAttachment(attachmentId: string): Promise<void> {
  await http.post(`chat/attachments/${attachmentId}/retry/`);
}

export async function fetchAttachment(id: string): Promise<Attachment> {
  return (await http.get<Attachment>(`chat/attachments/${id}/`)).data;
}

/** A pinned file is kept whatever its term says. */
export async function pinAttachment(id: string, pinned: boolean): Promise<Attachment> {
  return (await http.post<Attachment>(`chat/attachments/${id}/pin/`, { pinned })).data;
}

/** Has the contact asked to send a file once more that is not here any more. */
export async function askAgain(messageId: string): Promise<void> {
  await http.post(`chat/messages/${messageId}/ask-again/`);
}

/** What the address of a file says of it now, past whatever the browser remembers. */
export type Sight = { name: "here" } | { name: "gone" } | { name: "away"; afterMs: number };

/** Raises ApiError when nobody answers. */
export async function lookAtFile(path: string): Promise<Sight> {
  const answer = await fetch(path, { method: "HEAD", cache: "no-store" }).catch(() => {
    throw new ApiError("network", 0, "");
  });
  await answer.arrayBuffer(); // There is none, but a browser counts what nobody reads as broken off.
  if (answer.ok) return { name: "here" };
  const isAway = answer.status >= 500 || answer.status === 429;
  return isAway ? { name: "away", afterMs: Number(answer.headers.get("Retry-After") ?? 0) * 1000 || 0 } : { name: "gone" };
}
