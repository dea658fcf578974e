import { useInfiniteQuery } from "@tanstack/react-query";
import { Download, ExternalLink, MoveHorizontal, X, ZoomIn, ZoomOut } from "lucide-react";
import { useReducer, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { allOf } from "@/api/pages";
import { messagesQuery } from "@/api/queries";
import type { Attachment, Message } from "@/api/wire.gen";
import { PdfContext, type OpenedPdf } from "@/features/media/pdf-context";
import { PdfPages } from "@/features/media/pdf-pages";
import { pdfZoomReducer, type PdfZoom, type PdfZoomNews } from "@/features/media/pdf-zoom";
import { Remains } from "@/features/media/remains";
import { StageLink, StageTool } from "@/features/media/stage-tool";
import { usePhase } from "@/features/media/use-phase";
import { useViewer } from "@/features/media/use-viewer";
import { Button } from "@/ui/button";
import { Dialog, DialogClose, DialogDescription, DialogStage, DialogTitle } from "@/ui/dialog";

/** The one viewer of PDFs of the page: any card below may open it. */
export function PdfProvider({ children }: { children: ReactNode }) {
  const { opened, open, close, giveFocusBack } = useViewer<OpenedPdf>();
  return (
    <PdfContext value={open}>
      {children}
      <Dialog open={opened !== null} onOpenChange={(isOpen) => !isOpen && close()}>
        {opened && <PdfViewer opened={opened} onClosed={giveFocusBack} />}
      </Dialog>
    </PdfContext>
  );
}

function PdfViewer({ opened, onClosed }: { opened: OpenedPdf; onClosed: (event: Event) => void }) {
  const { t } = useTranslation();
  const [zoom, tellZoom] = useReducer(pdfZoomReducer, 1);
  const { data } = useInfiniteQuery(messagesQuery(opened.conversationId));
  const message = allOf(data).find(({ attachment }) => attachment?.id === opened.attachmentId);
  const attachment = message?.attachment;
  return (
    <DialogStage onOpenAutoFocus={(event) => event.preventDefault()} onCloseAutoFocus={onClosed}>
      <DialogTitle className="sr-only">{t("media.pdfViewer")}</DialogTitle>
      <DialogDescription className="sr-only">{t("media.pdfHint")}</DialogDescription>
      <div className="flex h-13 shrink-0 items-center gap-1 px-3 [&_button]:text-white/85 [&_button:hover]:bg-white/12 [&_button:hover]:text-white">
        <p className="min-w-0 flex-1 truncate text-[13px] text-white/80" title={attachment?.file_name}>
          {attachment?.file_name}
        </p>
        {attachment?.status === "completed" && <Tools attachment={attachment} tell={tellZoom} />}
        <DialogClose asChild>
          <Button size="touch" aria-label={t("common.close")} title={t("common.close")}>
            <X className="size-5" aria-hidden />
          </Button>
        </DialogClose>
      </div>
      <div className="relative min-h-0 flex-1">
        {message && attachment && <Stage key={attachment.id} message={message} attachment={attachment} zoom={zoom} tell={tellZoom} />}
      </div>
    </DialogStage>
  );
}

function Tools({ attachment, tell }: { attachment: Attachment; tell: (news: PdfZoomNews) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <StageTool label={t("media.zoomOut")} onPress={() => tell({ type: "out" })} icon={<ZoomOut aria-hidden />} />
      <StageTool label={t("media.zoomIn")} onPress={() => tell({ type: "in" })} icon={<ZoomIn aria-hidden />} />
      <span className="hidden sm:contents">
        <StageTool label={t("media.pdfFit")} onPress={() => tell({ type: "fit" })} icon={<MoveHorizontal aria-hidden />} />
        <StageLink label={t("media.newTab")} href={attachment.file_url} icon={<ExternalLink aria-hidden />} />
      </span>
      <StageLink
        label={t("common.download")}
        href={attachment.file_url}
        download={attachment.file_name || t("media.file")}
        icon={<Download aria-hidden />}
      />
    </>
  );
}

interface StageProps {
  message: Message;
  attachment: Attachment;
  zoom: PdfZoom;
  tell: (news: PdfZoomNews) => void;
}

function Stage({ message, attachment, zoom, tell }: StageProps) {
  const { phase, retry, address, failed, loaded } = usePhase(attachment);
  if (phase.name !== "ready") return <Remains message={message} attachment={attachment} phase={phase} retry={retry} />;
  const url = address(attachment.file_url);
  return <PdfPages key={url} url={url} attachment={attachment} zoom={zoom} tell={tell} failed={failed} loaded={loaded} />;
}
