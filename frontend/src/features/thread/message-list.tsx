import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useEffectEvent, useLayoutEffect, useMemo, useRef, useState, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import type { Conversation, Message } from "@/api/wire.gen";
import { MessageBubble, type RenderMedia } from "@/features/thread/message-bubble";
import { firstUnreadId, guessHeight, rowsOf, type Row } from "@/features/thread/rows";
import { isUnnamed } from "@/outbox/pending";
import { DayLine, OlderLine, StartLine, ToEnd, UnreadLine } from "@/features/thread/thread-lines";

const NEAR_END_PX = 80;
const OLDER_WITHIN_ROWS = 6;

export type Older = { state: "none" } | { state: "loading" } | { state: "more"; load: () => void };

interface Props {
  conversation: Conversation;
  contactName: string;
  /** Newest first, as the pages are. */
  messages: Message[];
  older: Older;
  renderMedia: RenderMedia;
}

type Scroller = Virtualizer<HTMLDivElement, Element>;

/** Only what is near the window is in the page; it stays at the newest message unless the reader has gone up. */
export function MessageList({ conversation, contactName, messages, older, renderMedia }: Props) {
  const { t } = useTranslation();
  const [unread] = useState(conversation.unread);
  const [unreadId] = useState(() => firstUnreadId(messages, conversation.unread));
  const reach = older.state === "none" ? "start" : "more";
  const rows = useMemo(() => rowsOf(messages, { unreadId, unread, reach }), [messages, unreadId, unread, reach]);
  const scroller = useRef<HTMLDivElement>(null);
  const newest = messages[0]?.id ?? "";
  const [place, setPlace] = useState<"end" | "above">("end");
  const [seenUpTo, setSeenUpTo] = useState(newest);

  const onMove = useCallback((list: Scroller) => setPlace(list.isAtEnd(NEAR_END_PX) ? "end" : "above"), []);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoised by a compiler
  const list = useVirtualizer<HTMLDivElement, Element>({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => guessHeight(rows[index] as Row),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 8,
    paddingStart: 12,
    paddingEnd: 8,
    initialOffset: () => startingOffset(rows),
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: NEAR_END_PX,
    onChange: onMove,
  });

  useStartingPlace(list, rows);
  useHoldEnd(list, scroller, place);
  useOlder(list, older);
  useFollowOwn(list, messages[0]);
  if (place === "end" && seenUpTo !== newest) setSeenUpTo(newest);

  const below = place === "above" ? countAfter(messages, seenUpTo) : 0;
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={t("thread.log", { name: contactName })}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the keyboard scrolls what it can focus
        tabIndex={0}
        className="h-full overflow-x-hidden overflow-y-auto overscroll-contain outline-offset-[-2px] [overflow-anchor:none]"
      >
        {older.state === "loading" && <OlderLine />}
        <div className="flex min-h-full flex-col justify-end">
          <div className="relative w-full" style={{ height: list.getTotalSize() }}>
            {list.getVirtualItems().map(({ index, key, start }) => (
              <div
                key={key}
                ref={list.measureElement}
                data-index={index}
                className="absolute top-0 left-0 w-full"
                style={{ transform: `translateY(${start}px)` }}
              >
                <RowView
                  row={rows[index] as Row}
                  party={conversation.contact.is_group ? "group" : "person"}
                  contactName={contactName}
                  renderMedia={renderMedia}
                />
              </div>
            ))}
          </div>
        </div>
      </div>
      {place === "above" && <ToEnd count={below} onPress={() => list.scrollToEnd()} />}
      <Arrived message={messages[0]} contactName={contactName} />
    </div>
  );
}

/** More rows below the first unread one than fit: it opens there. Else at the newest. */
const UNREAD_BELOW = 8;

function startingRow(rows: Row[]): number {
  const unread = rows.findIndex((row) => row.kind === "unread");
  return unread >= 0 && rows.length - unread > UNREAD_BELOW ? unread : rows.length - 1;
}

/** Where the first frame stands, before anything is measured: the wrong end would load older pages. */
function startingOffset(rows: Row[]): number {
  return rows.slice(0, startingRow(rows)).reduce((sum, row) => sum + guessHeight(row), 0);
}

function useStartingPlace(list: Scroller, rows: Row[]): void {
  const settle = useEffectEvent(() => {
    const row = startingRow(rows);
    if (row === rows.length - 1) list.scrollToEnd();
    else list.scrollToIndex(row, { align: "start" });
  });
  useLayoutEffect(() => settle(), []);
}

/** A banner or a keyboard that takes room away takes it from above, not from the newest message. */
function useHoldEnd(list: Scroller, scroller: RefObject<HTMLDivElement | null>, place: "end" | "above"): void {
  const hold = useEffectEvent(() => {
    if (place === "end") list.scrollToEnd();
  });
  useEffect(() => {
    if (!scroller.current) return;
    const watcher = new ResizeObserver(() => hold());
    watcher.observe(scroller.current);
    return () => watcher.disconnect();
  }, [scroller]);
}

/** Whoever sends wants to see it, wherever they were reading. */
function useFollowOwn(list: Scroller, newest: Message | undefined): void {
  const sentId = newest && isUnnamed(newest) ? newest.id : "";
  const follow = useEffectEvent(() => list.scrollToEnd());
  useEffect(() => {
    if (sentId) follow();
  }, [sentId]);
}

function useOlder(list: Scroller, older: Older): void {
  const first = list.getVirtualItems()[0]?.index;
  useEffect(() => {
    if (older.state === "more" && first !== undefined && first < OLDER_WITHIN_ROWS) older.load();
  }, [older, first]);
}

function countAfter(newestFirst: Message[], id: string): number {
  const at = newestFirst.findIndex((message) => message.id === id);
  return newestFirst.slice(0, Math.max(0, at)).filter((message) => message.direction === "incoming").length;
}

/** Says a new message to whoever listens instead of looking; not those that were here before. */
function Arrived({ message, contactName }: { message: Message | undefined; contactName: string }) {
  const { t } = useTranslation();
  const [known] = useState(message?.id);
  const isNews = message && message.id !== known && message.direction === "incoming";
  const name = message?.sender?.name || contactName;
  const text = message && (message.text || t(`kinds.${message.kind}`));
  return (
    <p role="status" className="sr-only">
      {isNews ? t("thread.arrived", { name, text }) : ""}
    </p>
  );
}

interface RowProps {
  row: Row;
  party: "person" | "group";
  contactName: string;
  renderMedia: RenderMedia;
}

function RowView({ row, ...rest }: RowProps) {
  switch (row.kind) {
    case "start":
      return <StartLine />;
    case "day":
      return <DayLine at={row.at} />;
    case "unread":
      return <UnreadLine count={row.count} />;
    case "message":
      return <MessageBubble message={row.message} place={row.place} {...rest} />;
  }
}
