import { useInfiniteQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, Download, X, ZoomIn, ZoomOut } from "lucide-react";
import { useCallback, useMemo, useReducer, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { allOf } from "@/api/pages";
import { messagesQuery } from "@/api/queries";
import type { Attachment, Message } from "@/api/wire.gen";
import { AskingContext, useAsking } from "@/features/media/asking";
import { boxOf, boxStyle } from "@/features/media/box";
import { LightboxContext, type OpenedImage } from "@/features/media/lightbox-context";
import { PhaseVeil } from "@/features/media/phase-view";
import { Picture } from "@/features/media/picture";
import { usePhase } from "@/features/media/use-phase";
import { WHOLE, zoomReducer, type Zoom, type ZoomNews } from "@/features/media/zoom";
import { ZoomStage } from "@/features/media/zoom-stage";
import { Button } from "@/ui/button";
import { Dialog, DialogClose, DialogDescription, DialogStage, DialogTitle } from "@/ui/dialog";

/** The one viewer of the page: any picture below may open it. */
export function LightboxProvider({ children }: { children: ReactNode }) {
  const [opened, setOpened] = useState<OpenedImage | null>(null);
  const opener = useRef<Element | null>(null);
  const open = useCallback((image: OpenedImage) => {
    opener.current = document.activeElement;
    setOpened(image);
  }, []);

  /** The dialog knows no trigger of its own: whoever opened it by keyboard goes on from there. */
  function giveFocusBack(event: Event): void {
    event.preventDefault();
    if (opener.current instanceof HTMLElement) opener.current.focus();
  }

  return (
    <LightboxContext value={open}>
      {children}
      <Dialog open={opened !== null} onOpenChange={(isOpen) => !isOpen && setOpened(null)}>
        {opened && <Lightbox opened={opened} show={setOpened} onClosed={giveFocusBack} />}
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
        <Tool label={t("media.zoomOut")} onPress={() => tellZoom({ type: "out" })} icon={<ZoomOut />} />
        <Tool label={t("media.zoomIn")} onPress={() => tellZoom({ type: "in" })} icon={<ZoomIn />} />
        {image?.status === "completed" && (
          <Button asChild size="touch" className="text-white/85 hover:bg-white/12 hover:text-white">
            <a href={image.file_url} download={image.file_name} aria-label={t("common.download")}>
              <Download className="size-5" aria-hidden />
            </a>
          </Button>
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
  const asking = useAsking(message);
  if (phase.name === "ready") return <ZoomStage image={image} zoom={zoom} tell={tell} {...care} />;
  return (
    <div className="absolute inset-0 grid place-items-center p-4">
      <div className="relative max-h-full overflow-hidden rounded-lg bg-white/5" style={boxStyle(boxOf(image.metadata))}>
        <Picture src="" preview={image.metadata.preview} alt="" />
        <AskingContext value={message.direction === "incoming" ? asking : null}>
          <PhaseVeil phase={phase} attachment={image} retry={retry} />
        </AskingContext>
      </div>
    </div>
  );
}

/** The stage itself, so that the arrows work at once and no button looks chosen. */
function focusStage(event: Event): void {
  event.preventDefault();
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
}

function Tool({ label, icon, onPress }: { label: string; icon: ReactNode; onPress: () => void }) {
  return (
    <Button size="touch" aria-label={label} onClick={onPress} className="[&_svg]:size-5">
      {icon}
    </Button>
  );
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
