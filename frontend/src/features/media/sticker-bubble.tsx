import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "@/api/wire.gen";
import { PhaseVeil } from "@/features/media/phase-view";
import { Picture } from "@/features/media/picture";
import { TimePill } from "@/features/media/time-pill";
import { usePhase } from "@/features/media/use-phase";
import { useMediaQuery } from "@/lib/use-media-query";

/** Without a frame, moving unless the reader asked for calm. */
export function StickerBubble({ attachment, footer }: { attachment: Attachment; footer: ReactNode }) {
  const { t } = useTranslation();
  const { phase, retry, address, loaded, failed } = usePhase(attachment);
  const calm = useMediaQuery("(prefers-reduced-motion: reduce)");
  const isReady = phase.name === "ready";
  const still = attachment.thumbnail_url || attachment.file_url;
  const src = calm ? still : attachment.file_url;
  return (
    <div className="relative size-40 overflow-hidden rounded-xl">
      <Picture
        src={isReady ? address(src) : ""}
        preview={isReady ? null : attachment.metadata.preview}
        alt={t("media.sticker")}
        fit="contain"
        onLoaded={loaded}
        onFailed={failed}
      />
      {phase.name !== "ready" && <PhaseVeil phase={phase} attachment={attachment} retry={retry} />}
      <TimePill>{footer}</TimePill>
    </div>
  );
}
