import { cva } from "class-variance-authority";
import { Ban } from "lucide-react";
import { memo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/api/queries";
import type { Message } from "@/api/wire.gen";
import { BubbleFooter, SendFailure, SendHold } from "@/features/thread/bubble-footer";
import { ContactCard, LinkCard, LocationCard, PollCard, UnsupportedCard } from "@/features/thread/cards";
import { Marks } from "@/features/thread/marks";
import { MessageMenu, type MenuState } from "@/features/thread/message-menu";
import { Quote } from "@/features/thread/quote";
import { Reactions } from "@/features/thread/reactions";
import { RichText } from "@/features/thread/rich-text";
import type { RunPlace } from "@/features/thread/rows";
import { useLongPress } from "@/features/thread/use-long-press";
import { useLanguage } from "@/i18n/i18n";
import { cn } from "@/lib/cn";
import { formatTime } from "@/lib/format";
import { hueOf } from "@/lib/names";

export interface MediaSlot {
  message: Message;
  from: string;
  /** The time and the ticks, for a file without words: the file knows where there is room for them. */
  footer: ReactNode;
}
export type RenderMedia = (slot: MediaSlot) => ReactNode;

interface Props {
  message: Message;
  place: RunPlace;
  contactName: string;
  /** In a group every run says who wrote it. */
  party: "person" | "group";
  renderMedia: RenderMedia;
}

const row = cva("group/row flex px-3 sm:px-6", {
  variants: {
    side: { incoming: "justify-start", outgoing: "justify-end" },
    place: { first: "pt-2", later: "pt-0.5" },
    chips: { some: "pb-4", none: "" },
  },
});

const bubble = cva("relative max-w-[min(34rem,82%)] min-w-0 rounded-[10px] text-[14.5px] leading-[1.42]", {
  variants: {
    side: { incoming: "bg-bubble-in", outgoing: "bg-bubble-out" },
    place: { first: "", later: "" },
    frame: { plain: "px-2.5 py-1.5 shadow-[0_1px_1px_rgb(0_0_0/0.06)]", media: "p-1 shadow-[0_1px_1px_rgb(0_0_0/0.06)]", bare: "bg-transparent" },
  },
  compoundVariants: [
    { side: "incoming", place: "first", class: "rounded-tl-[3px]" },
    { side: "outgoing", place: "first", class: "rounded-tr-[3px]" },
  ],
});

type Frame = "plain" | "media" | "bare";

function frameOf(message: Message): Frame {
  if (message.deleted_at) return "plain";
  const isDrawn = message.attachment?.file_type.startsWith("image/") ?? false;
  if (message.kind === "sticker" && isDrawn && !message.quoted) return "bare";
  return message.attachment || message.kind !== "text" ? "media" : "plain";
}

export const MessageBubble = memo(function MessageBubble({ message, place, contactName, party, renderMedia }: Props) {
  const { t } = useTranslation();
  const language = useLanguage();
  const [menu, setMenu] = useState<MenuState>("closed");
  const press = useLongPress(() => setMenu("menu"));
  const side = message.direction;
  const from = side === "outgoing" ? (message.author?.name ?? t("common.you")) : message.sender?.name || contactName;
  return (
    <div className={row({ side, place, chips: message.reactions.length > 0 ? "some" : "none" })}>
      <article
        aria-label={`${from}, ${formatTime(message.sent_at, language)}`}
        data-message-id={message.id}
        className={cn(bubble({ side, place, frame: frameOf(message) }), "pointer-coarse:select-none")}
        {...press}
      >
        {(place === "first" || isFileOnItsWay(message)) && <Author message={message} party={party} frame={frameOf(message)} />}
        {!message.deleted_at && <Marks data={message.data} />}
        {message.quoted && !message.deleted_at && <Quote quoted={message.quoted} />}
        <Content message={message} from={from} renderMedia={renderMedia} />
        <Words message={message} />
        <SendHold message={message} />
        <SendFailure message={message} />
        <Reactions message={message} />
        <MessageMenu message={message} state={menu} onState={setMenu} />
      </article>
    </div>
  );
});

function Author({ message, party, frame }: { message: Message; party: "person" | "group"; frame: Frame }) {
  const inset = frame === "plain" ? "" : "px-1.5 pt-0.5";
  if (message.direction === "outgoing") return <Colleague message={message} className={inset} />;
  if (party === "person" || !message.sender) return null;
  const name = message.sender.name || message.sender.phone;
  const color = `oklch(var(--sender-lightness) 0.1 ${hueOf(message.sender.phone || name)})`;
  return (
    <p className={cn("max-w-60 truncate text-[13px] font-semibold", inset)} style={{ color }}>
      {name}
    </p>
  );
}

const ON_ITS_WAY = new Set<Message["status"]>(["waiting", "queued", "sending"]);

/** It may take a while: who is at it is worth saying each time. */
function isFileOnItsWay({ direction, attachment, status }: Message): boolean {
  return direction === "outgoing" && attachment !== null && ON_ITS_WAY.has(status);
}

/** Which colleague wrote it; one's own messages need no name. */
function Colleague({ message: { author, status }, className }: { message: Message; className: string }) {
  const { t } = useTranslation();
  const { user } = useMe();
  if (!author || author.id === user.id) return null;
  return (
    <p className={cn("text-xs font-medium text-ink-soft", className)}>
      {ON_ITS_WAY.has(status) ? t("thread.sendingAs", { name: author.name }) : author.name}
    </p>
  );
}

function Content({ message, from, renderMedia }: { message: Message; from: string; renderMedia: RenderMedia }) {
  if (message.deleted_at) return null;
  switch (message.kind) {
    case "text":
      return <LinkCard message={message} />;
    case "location":
      return <LocationCard message={message} />;
    case "contact":
      return <ContactCard message={message} />;
    case "poll":
      return <PollCard message={message} />;
    default:
      if (!message.attachment) return <UnsupportedCard />;
      return renderMedia({ message, from, footer: message.text ? null : <BubbleFooter message={message} /> });
  }
}

/** Whether the card has said these words already. */
function isSaidByCard({ kind, text, data }: Message): boolean {
  return kind === "contact" || kind === "poll" || (kind === "location" && data.name === text);
}

/** Text or caption, with the time after the last word. A file without words has the time already. */
function Words({ message }: { message: Message }) {
  const { t } = useTranslation();
  const { text, kind, attachment, deleted_at: deletedAt } = message;
  if (deletedAt) {
    return (
      <p className="flow-root text-ink-soft">
        <Ban className="mr-1.5 inline size-3.5 align-[-2px]" aria-hidden />
        <i>{t("thread.deleted")}</i>
        <BubbleFooter message={message} className="relative top-0.5 float-right mt-1 ml-2.5" />
      </p>
    );
  }
  if (!text || isSaidByCard(message)) {
    return attachment && kind !== "text" ? null : <BubbleFooter message={message} className="float-right mx-1.5 -mt-1" />;
  }
  const isCaption = kind !== "text";
  return (
    <p className={cn("flow-root break-words whitespace-pre-wrap", isCaption && "w-0 min-w-full px-1.5 pt-1")}>
      <RichText text={text} />
      <BubbleFooter message={message} className="relative top-0.5 float-right mt-1 ml-2.5" />
    </p>
  );
}
