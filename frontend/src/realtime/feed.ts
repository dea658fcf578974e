import type { Query, QueryCacheNotifyEvent, QueryClient, QueryKey } from "@tanstack/react-query";
import { keys } from "@/api/keys";
import type { Pages } from "@/api/pages";
import type { DurableFrame } from "@/api/shapes";
import type { Attachment, Conversation, Me, Message } from "@/api/wire.gen";
import { applyToAttachment, applyToConversation, applyToConversations, applyToMe, applyToMessages } from "@/realtime/apply";

const KEPT = 2000;

function startsWith(key: QueryKey, prefix: readonly string[]): boolean {
  return prefix.every((part, index) => key[index] === part);
}

/** What an event makes of the data under one key. */
function applyTo(key: QueryKey, data: unknown, event: DurableFrame): unknown {
  const last = typeof key[2] === "string" ? key[2] : "";
  if (startsWith(key, keys.allConversations)) return applyToConversations(data as Pages<Conversation>, last, event);
  if (startsWith(key, keys.allMessages)) return applyToMessages(data as Pages<Message>, last, event);
  if (startsWith(key, keys.allSingles)) return applyToConversation(data as Conversation, event);
  if (startsWith(key, keys.allAttachments)) return applyToAttachment(data as Attachment, event);
  return startsWith(key, keys.me) ? applyToMe(data as Me, event) : data;
}

/**
 * Writes events into the query cache, and does them again to every answer that was on its way meanwhile: that answer
 * was made before those events, or it holds them already and they change nothing.
 */
export class Feed {
  private readonly client: QueryClient;
  private readonly marks = new Map<string, number>();
  private recent: DurableFrame[] = [];
  private count = 0;

  constructor(client: QueryClient) {
    this.client = client;
  }

  /** Starts watching fetches; returns what stops it. */
  readonly watch = (): (() => void) => this.client.getQueryCache().subscribe((news) => this.onCache(news));

  readonly take = (event: DurableFrame): void => {
    this.recent.push(event);
    this.count += 1;
    if (this.recent.length > KEPT) this.recent = this.recent.slice(-KEPT / 2);
    for (const query of this.client.getQueryCache().getAll()) this.write(query, [event]);
  };

  private onCache(news: QueryCacheNotifyEvent): void {
    if (news.type === "removed") this.marks.delete(news.query.queryHash);
    if (news.type !== "updated") return;
    if (news.action.type === "fetch") this.marks.set(news.query.queryHash, this.count);
    if (news.action.type !== "success" || news.action.manual) return;
    const missed = this.count - (this.marks.get(news.query.queryHash) ?? 0);
    if (missed > 0) this.write(news.query as Query, this.recent.slice(-missed));
  }

  private write(query: Query, events: DurableFrame[]): void {
    const data: unknown = query.state.data;
    if (data === undefined) return;
    const changed = events.reduce((kept: unknown, event) => applyTo(query.queryKey, kept, event), data);
    if (changed !== data) this.client.setQueryData(query.queryKey, changed);
  }
}

/** Writes what the server has answered of a file wherever the file is shown, as its event would. */
export function putAttachment(client: QueryClient, attachment: Attachment): void {
  const news: DurableFrame = { type: "attachment_ready", attachment, message_id: null, conversation_id: null, seq: 0, at: "" };
  for (const { queryKey, state } of client.getQueryCache().getAll()) {
    if (state.data === undefined) continue;
    const changed = applyTo(queryKey, state.data, news);
    if (changed !== state.data) client.setQueryData(queryKey, changed);
  }
}
