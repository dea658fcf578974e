import type { ReactNode } from "react";
import type { Message } from "@/api/wire.gen";
import { AskingContext, useAsking } from "@/features/media/asking";
import { AudioPlayer } from "@/features/media/audio-player";
import { DocumentCard } from "@/features/media/document-card";
import { ImageBubble } from "@/features/media/image-bubble";
import { ParcelContext, useParcel } from "@/features/media/parcel";
import { StickerBubble } from "@/features/media/sticker-bubble";
import { VideoBubble } from "@/features/media/video-bubble";

interface Props {
  message: Message;
  /** Who sent it, for those who cannot see it. */
  from: string;
  /** The time and the ticks, when no caption carries them. */
  footer: ReactNode;
}

/** The file of a message: one that comes in, or one that goes out and can still be held back. */
export function MediaPreview({ message, from, footer }: Props) {
  const Way = message.direction === "incoming" ? Incoming : Outgoing;
  return <Way message={message} from={from} footer={footer} />;
}

function Incoming({ message, from, footer }: Props) {
  const asking = useAsking(message);
  return (
    <AskingContext value={asking}>
      <ByKind message={message} from={from} footer={footer} />
    </AskingContext>
  );
}

function Outgoing({ message, from, footer }: Props) {
  const parcel = useParcel(message);
  return (
    <ParcelContext value={parcel}>
      <ByKind message={withoutHope(message)} from={from} footer={footer} />
    </ParcelContext>
  );
}

/** A message that failed takes its unfinished file along, whatever was heard of the file before. */
function withoutHope(message: Message): Message {
  const { attachment } = message;
  const isOver = attachment?.status === "completed" || attachment?.status === "expired";
  if (message.status !== "failed" || !attachment || isOver) return message;
  return { ...message, attachment: { ...attachment, status: "failed" } };
}

/** By its kind; a kind we do not know is still a file. */
function ByKind({ message, from, footer }: Props) {
  const { attachment } = message;
  if (!attachment) return null;
  switch (message.kind) {
    case "image":
      return <ImageBubble message={message} attachment={attachment} from={from} footer={footer} />;
    case "video":
      return <VideoBubble attachment={attachment} look={message.data.gif === true ? "loop" : "film"} footer={footer} />;
    case "audio":
    case "voice":
      return <AudioPlayer attachment={attachment} kind={message.kind} footer={footer} />;
    case "sticker":
      // WhatsApp's vector stickers (.was) are nothing that a browser draws.
      if (!attachment.file_type.startsWith("image/")) return <DocumentCard message={message} attachment={attachment} footer={footer} />;
      return <StickerBubble attachment={attachment} footer={footer} />;
    default:
      return <DocumentCard message={message} attachment={attachment} footer={footer} />;
  }
}
