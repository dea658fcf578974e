import type { Message } from "@/api/wire.gen";
import { AudioPlayer } from "@/features/media/audio-player";
import { DocumentCard } from "@/features/media/document-card";
import { ImageBubble } from "@/features/media/image-bubble";
import { StickerBubble } from "@/features/media/sticker-bubble";
import { VideoBubble } from "@/features/media/video-bubble";

/** The file of a message by its kind; a kind we do not know is still a file. */
export function MediaPreview({ message, from }: { message: Message; from: string }) {
  const { attachment } = message;
  if (!attachment) return null;
  switch (message.kind) {
    case "image":
      return <ImageBubble message={message} attachment={attachment} from={from} />;
    case "video":
      return <VideoBubble attachment={attachment} />;
    case "audio":
    case "voice":
      return <AudioPlayer attachment={attachment} kind={message.kind} />;
    case "sticker":
      return <StickerBubble attachment={attachment} />;
    default:
      return <DocumentCard attachment={attachment} />;
  }
}
