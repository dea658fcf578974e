import type { Message } from "@/api/wire.gen";
import { dayKey } from "@/lib/format";

const RUN_MS = 5 * 60_000;

/** Where a bubble stands among neighbours of the same hand: the first one carries the name and the corner. */
export type RunPlace = "first" | "later";

export type Row =
  | { kind: "start"; key: string }
  | { kind: "day"; key: string; at: string }
  | { kind: "unread"; key: string; count: number }
  | { kind: "message"; key: string; message: Message; place: RunPlace };

function handOf(message: Message): string {
  const who = message.sender?.phone || message.sender?.name || message.author?.id || "";
  return `${message.direction} ${who}`;
}

function isSameRun(earlier: Message, later: Message): boolean {
  return handOf(earlier) === handOf(later) && Date.parse(later.sent_at) - Date.parse(earlier.sent_at) < RUN_MS;
}

/** The oldest of the newest `unread` incoming messages; null while it is further up than what is loaded. */
export function firstUnreadId(newestFirst: Message[], unread: number): string | null {
  const incoming = newestFirst.filter((message) => message.direction === "incoming");
  return unread > 0 ? (incoming[unread - 1]?.id ?? null) : null;
}

interface Marks {
  unreadId: string | null;
  unread: number;
  /** Whether the oldest loaded message is the first there is. */
  reach: "start" | "more";
}

/** Oldest first, with the days and the unread line between. */
export function rowsOf(newestFirst: Message[], marks: Marks): Row[] {
  const rows: Row[] = marks.reach === "start" && newestFirst.length > 0 ? [{ kind: "start", key: "start" }] : [];
  let earlier: Message | null = null;
  for (const message of newestFirst.toReversed()) {
    const isNewDay = !earlier || dayKey(earlier.sent_at) !== dayKey(message.sent_at);
    const isUnreadLine = message.id === marks.unreadId;
    if (isNewDay) rows.push({ kind: "day", key: `day ${dayKey(message.sent_at)}`, at: message.sent_at });
    if (isUnreadLine) rows.push({ kind: "unread", key: "unread", count: marks.unread });
    const isLater = earlier !== null && !isNewDay && !isUnreadLine && isSameRun(earlier, message);
    const key = message.client_id || message.id;
    rows.push({ kind: "message", key, message, place: isLater ? "later" : "first" });
    earlier = message;
  }
  return rows;
}

/** A first guess of a row's height, before it is measured. */
export function guessHeight(row: Row): number {
  if (row.kind !== "message") return 40;
  const { kind, text, attachment } = row.message;
  const lines = Math.ceil(text.length / 52) + (text.match(/\n/g)?.length ?? 0);
  const words = lines * 21 + 26;
  if (kind === "image" || kind === "video") {
    const { width, height } = attachment?.metadata ?? {};
    return (width && height ? Math.min(320, (Math.min(320, width) * height) / width) : 240) + words;
  }
  if (kind === "sticker") return 190;
  return kind === "text" ? words : words + 60;
}
