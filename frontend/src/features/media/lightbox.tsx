import { useInfiniteQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, Download, X, ZoomIn, ZoomOut } from "lucide-react";
import { useMemo, useReducer, type KeyboardEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { allOf } from "@/api/pages";
import { messagesQuery } from "@/api/queries";
import type { Attachment, Message } from "@/api/wire.gen";
import { LightboxContext, type OpenedImage } from "@/features/media/lightbox-context";
import { Remains } from "@/features/media/remains";
import { StageLink, StageTool } from "@/features/media/stage-tool";
import { usePhase } from "@/features/media/use-phase";
import { useViewer } from "@/features/media/use-viewer";
import { WHOLE, zoomReducer, type Zoom, type ZoomNews } from "@/features/media/zoom";
import { ZoomStage } from "@/features/media/zoom-stage";
import { Button } from "@/ui/button";
import { Dialog, DialogClose, DialogDescription, DialogStage, DialogTitle } from "@/ui/dialog";

/** The one viewer of pictures of the page: any picture below may open it. */
export function LightboxProvider({ children }: { children: ReactNode }) {
  const { opened, open, show, close, giveFocusBack } = useViewer<OpenedImage>();
  return (
    <LightboxContext value={open}>
      {children}
      <Dialog open={opened !== null} onOpenChange={(isOpen) => !isOpen && close()}>
        {opened && <Lightbox opened={opened} show={show} onClosed={giveFocusBack} />}
      </Dialog>
    </LightboxContext>
  );
}

interface Shown {
  message: Message;
  image: Attachment;
}

/** The pictures of the loaded messages, oldest first; the one that is looked at also when it goes meanwhile. */
function useImages({ conversationId, attachmentId }: OpenedImage): Shown[] {
  const { data } = useInfiniteQuery(messagesQuery(conversationId));
  return useMemo(
    () =>
      allOf(data)
        .filter(({ kind, deleted_at: deletedAt }) => kind === "image" && !deletedAt)
        .flatMap((message) => (message.attachment ? [{ message, image: message.attachment }] : []))
        .filter(({ image }) => image.status === "completed" || image.id === attachmentId)
        .reverse(),
    [data, attachmentId],
  );
}

interface Props {
  opened: OpenedImage;
  show: (image: OpenedImage) => void;
  onClosed: (event: Event) => void;
}

function Lightbox({ opened, show, onClosed }: Props) {
  const { t } = useTranslation();
  const images = useImages(opened);
  const [zoom, tellZoom] = useReducer(zoomReducer, WHOLE);
  const index = images.findIndex(({ image }) => image.id === opened.attachmentId);
  const shown = images[index];
  const image = shown?.image;

  function go(step: number): void {
    const next = images[index + step];
    if (!next) return;
    tellZoom({ type: "reset" });
    show({ ...opened, attachmentId: next.image.id });
  }

  function onKeyDown(event: KeyboardEvent): void {
    const act = {
      ArrowRight: () => go(1),
      ArrowLeft: () => go(-1),
      "+": () => tellZoom({ type: "in" }),
      "=": () => tellZoom({ type: "in" }),
      "-": () => tellZoom({ type: "out" }),
      "0": () => tellZoom({ type: "reset" }),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  return (
    <DialogStage onKeyDown={onKeyDown} onOpenAutoFocus={focusStage} onCloseAutoFocus={onClosed}>
      <DialogTitle className="sr-only">{t("media.viewer")}</DialogTitle>
      <DialogDescription className="sr-only">{t("media.viewerHint")}</DialogDescription>
      <div className="flex h-13 shrink-0 items-center gap-1 px-3 [&_button]:text-white/85 [&_button:hover]:bg-white/12 [&_button:hover]:text-white">
        <p className="min-w-0 flex-1 truncate text-[13px] text-white/80">
          {image?.file_name}
          <span className="ml-3 tabular-nums" aria-live="polite">
            {t("media.position", { index: index + 1, total: images.length })}
          </span>
        </p>
        <StageTool label={t("media.zoomOut")} onPress={() => tellZoom({ type: "out" })} icon={<ZoomOut aria-hidden />} />
        <StageTool label={t("media.zoomIn")} onPress={() => tellZoom({ type: "in" })} icon={<ZoomIn aria-hidden />} />
        {image?.status === "completed" && (
          <StageLink label={t("common.download")} href={image.file_url} download={image.file_name} icon={<Download aria-hidden />} />
        )}
        <DialogClose asChild>
          <Button size="touch" aria-label={t("common.close")}>
            <X className="size-5" aria-hidden />
          </Button>
        </DialogClose>
      </div>
      <div className="relative min-h-0 flex-1">
        {shown && <Stage key={shown.image.id} shown={shown} zoom={zoom} tell={tellZoom} />}
        <Arrow side="left" label={t("media.previous")} enabled={index > 0} onPress={() => go(-1)} />
        <Arrow side="right" label={t("media.next")} enabled={index < images.length - 1} onPress={() => go(1)} />
      </div>
    </DialogStage>
  );
}

/** The picture; or what has become of it while it was looked at. */
function Stage({ shown: { message, image }, zoom, tell }: { shown: Shown; zoom: Zoom; tell: (news: ZoomNews) => void }) {
  const { phase, retry, ...care } = usePhase(image);
  if (phase.name === "ready") return <ZoomStage image={image} zoom={zoom} tell={tell} {...care} />;
  return <Remains message={message} attachment={image} phase={phase} retry={retry} />;
}

/** The stage itself, so that the arrows work at once and no button looks chosen. */
function focusStage(event: Event): void {
  event.preventDefault();
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
}

interface ArrowProps {
  side: "left" | "right";
  label: string;
  enabled: boolean;
  onPress: () => void;
}

function Arrow({ side, label, enabled, onPress }: ArrowProps) {
  if (!enabled) return null;
  const Icon = side === "left" ? ChevronLeft : ChevronRight;
  return (
    <Button
      tone="overlay"
      aria-label={label}
      onClick={onPress}
      className={`absolute top-1/2 size-11 -translate-y-1/2 rounded-full px-0 ${side === "left" ? "left-3" : "right-3"}`}
    >
      <Icon className="size-6" aria-hidden />
    </Button>
  );
}
