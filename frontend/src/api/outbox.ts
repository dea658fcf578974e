import axios from "axios";
import { ApiError, asApiError, http } from "@/api/client";
import type { Attachment, Message } from "@/api/wire.gen";

export interface TextOrder {
  conversationId: string;
  clientId: string;
  text: string;
  quotedId: string | null;
}

/** The same `clientId` twice is one message, however often the line breaks. */
export async function sendText({ conversationId, clientId, text, quotedId }: TextOrder): Promise<Message> {
  const body = { client_id: clientId, text, quoted_id: quotedId ?? undefined };
  return (await http.post<Message>(`chat/conversations/${conversationId}/messages/`, body)).data;
}

export interface FileOrder {
  conversationId: string;
  clientId: string;
  name: string;
  type: string;
  size: number;
  caption: string;
  isVoice: boolean;
  quotedId: string | null;
}

/** Where the bytes go: one PUT, or above 8 MiB parts of `size` bytes. Neither: the upload is over. */
export interface UploadTicket {
  upload_url?: string | null;
  headers?: Record<string, string> | null;
  parts?: { size: number; count: number } | null;
  attachment: Attachment;
  message: Message;
}

export async function askUpload(order: FileOrder): Promise<UploadTicket> {
  const body = {
    conversation_id: order.conversationId,
    client_id: order.clientId,
    file_name: order.name,
    file_type: order.type,
    file_size: order.size,
    caption: order.caption || undefined,
    voice: order.isVoice || undefined,
    quoted_id: order.quotedId ?? undefined,
  };
  return (await http.post<UploadTicket>("chat/get-upload-url/", body)).data;
}

/** By part number, which starts at 1. */
export interface PartsAnswer {
  urls: Record<string, string>;
  done: Record<string, string>;
}

export async function askParts(attachmentId: string, numbers: number[]): Promise<PartsAnswer> {
  return (await http.post<PartsAnswer>(`chat/attachments/${attachmentId}/parts/`, { numbers })).data;
}

export async function completeUpload(attachmentId: string): Promise<void> {
  await http.post("chat/upload-complete/", { attachment_id: attachmentId });
}

export async function cancelMessage(messageId: string): Promise<void> {
  await http.post(`chat/messages/${messageId}/cancel/`);
}

export async function editMessage(messageId: string, text: string): Promise<void> {
  await http.patch(`chat/messages/${messageId}/`, { text });
}

export async function deleteMessage(messageId: string): Promise<void> {
  await http.delete(`chat/messages/${messageId}/`);
}

/** An empty emoji takes the reaction back. */
export async function reactTo(messageId: string, emoji: string): Promise<void> {
  await http.put(`chat/messages/${messageId}/reaction/`, { emoji });
}

export interface PutOrder {
  url: string;
  body: Blob;
  headers: Record<string, string>;
  signal: AbortSignal;
  onBytes: (bytes: number) => void;
}

// Storage is another origin: nothing of the session goes there.
const storage = axios.create({ timeout: 0, withXSRFToken: false });

/** Straight to storage. Refused with `ticket_expired` when the right to PUT has ended: ask for another. */
export async function putBytes({ url, body, headers, signal, onBytes }: PutOrder): Promise<void> {
  try {
    await storage.put(url, body, { headers, signal, onUploadProgress: ({ loaded }) => onBytes(loaded) });
  } catch (reason) {
    throw asStorageError(reason);
  }
}

function asStorageError(reason: unknown): ApiError {
  const told = asApiError(reason);
  if (told.status === 0) return new ApiError("network", 0, "");
  if (told.code === "ticket_invalid") return new ApiError("ticket_expired", 403, "");
  if (told.code !== "unknown" && told.code !== "server") return told; // Our own storage gives its reasons.
  if (told.status >= 500 || told.status === 408 || told.status === 429) return new ApiError("storage_unavailable", 503, "");
  return new ApiError(told.status === 403 ? "ticket_expired" : "storage_refused", told.status, "");
}
