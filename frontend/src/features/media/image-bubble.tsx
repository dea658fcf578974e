import { Download } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment, Message } from "@/api/wire.gen";
import { boxOf, boxStyle } from "@/features/media/box";
import { denseOf } from "@/features/media/dense";
import { useOpenImage } from "@/features/media/lightbox-context";
import { PhaseVeil } from "@/features/media/phase-view";
import { Picture } from "@/features/media/picture";
import { TimePill } from "@/features/media/time-pill";
import { usePhase } from "@/features/media/use-phase";
import { plainText } from "@/lib/whatsapp-text";
import { Button } from "@/ui/button";

interface Props {
  message: Message;
  attachment: Attachment;
  from: string;
  footer: ReactNode;
}

export function ImageBubble({ message, attachment, from, footer }: Props) {
  const { t } = useTranslation();
  const { phase, retry, address, loaded, failed } = usePhase(attachment);
  const openImage = useOpenImage();
  const isReady = phase.name === "ready";
  const alt = message.text ? plainText(message.text) : t("media.imageAlt", { name: from });
  const label = message.text ? t("media.openImageOf", { caption: alt }) : t("media.openImage");
  const src = attachment.thumbnail_url || attachment.renditions.jpeg || attachment.file_url;
  const dense = denseOf(attachment);
  return (
    <div className="group relative overflow-hidden rounded-[7px] bg-sunken" style={boxStyle(boxOf(attachment.metadata))}>
      <Picture
        src={isReady ? address(src) : ""}
        dense={dense && address(dense)}
        preview={attachment.metadata.preview}
        alt={alt}
        onLoaded={loaded}
        onFailed={failed}
      />
      {phase.name === "ready" ? (
        <>
          <button
            type="button"
            aria-label={label}
            className="absolute inset-0 cursor-zoom-in outline-offset-[-3px]"
            onClick={() => openImage({ conversationId: message.conversation_id, attachmentId: attachment.id })}
          />
          <Button
            asChild
            tone="overlay"
            size="icon"
            className="absolute top-1.5 right-1.5 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 focus-visible:opacity-100"
          >
            <a href={attachment.file_url} download={attachment.file_name} aria-label={t("common.download")}>
              <Download className="size-4" aria-hidden />
            </a>
          </Button>
        </>
      ) : (
        <PhaseVeil phase={phase} attachment={attachment} retry={retry} />
      )}
      <TimePill>{footer}</TimePill>
    </div>
  );
}
