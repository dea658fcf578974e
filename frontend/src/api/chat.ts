import { http } from "@/api/client";
import type { Page } from "@/api/shapes";
import type { Conversation, Message } from "@/api/wire.gen";

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
