import { ChevronLeft, ChevronRight, FileX2 } from "lucide-react";
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "@/api/wire.gen";
import { DownloadButton } from "@/features/media/download-button";
import type { Pdf } from "@/features/media/pdf-engine";
import { PdfPage } from "@/features/media/pdf-page";
import type { PdfZoom, PdfZoomNews } from "@/features/media/pdf-zoom";
import { usePdf } from "@/features/media/use-pdf";
import { useErrorText } from "@/i18n/use-error-text";
import { Button } from "@/ui/button";
import { Spinner } from "@/ui/spinner";

const WIDEST = 900;
const MARGIN = 24;

interface Props {
  url: string;
  attachment: Attachment;
  zoom: PdfZoom;
  tell: (news: PdfZoomNews) => void;
  failed: (url: string) => void;
  loaded: () => void;
}

/** A PDF's pages under each other; or why there are none. */
export function PdfPages({ url, attachment, zoom, tell, failed, loaded }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const state = usePdf(url, { failed, loaded });
  switch (state.name) {
    case "opening":
      return (
        <div className="absolute inset-0 grid place-items-center">
          <Spinner label={t("common.loading")} />
        </div>
      );
    case "failed":
      return (
        <div role="alert" className="absolute inset-0 flex flex-col items-center justify-center gap-3 p-6 text-center">
          <FileX2 className="size-8 text-white/60" strokeWidth={1.5} aria-hidden />
          <p className="max-w-xs">{errorText(state.code)}</p>
          <DownloadButton attachment={attachment} tone="primary" />
        </div>
      );
    case "open":
      return <Pages pdf={state.pdf} zoom={zoom} tell={tell} />;
  }
}

function Pages({ pdf, zoom, tell }: { pdf: Pdf; zoom: PdfZoom; tell: (news: PdfZoomNews) => void }) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(0);
  const [current, setCurrent] = useState(1);
  useRoom(scroller, setRoom);
  useSteadyZoom(scroller, zoom);

  function go(step: number): void {
    const box = scroller.current;
    // Where it stands now: keys come faster than scrolling is told.
    if (box) pageOf(box, pageInSight(box) + step)?.scrollIntoView({ block: "start" });
  }

  function onKeyDown(event: KeyboardEvent): void {
    const act = {
      ArrowRight: () => go(1),
      ArrowLeft: () => go(-1),
      "+": () => tell({ type: "in" }),
      "=": () => tell({ type: "in" }),
      "-": () => tell({ type: "out" }),
      "0": () => tell({ type: "fit" }),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  }

  const width = Math.round(Math.min(WIDEST, room - MARGIN) * zoom);
  return (
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions -- the keys of what scrolls inside
    <div className="absolute inset-0" onKeyDown={onKeyDown}>
      <div
        ref={scroller}
        role="document"
        aria-label={t("media.pdfViewer")}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the keyboard scrolls what it can focus
        tabIndex={0}
        className="h-full overflow-auto overscroll-contain outline-none"
        onScroll={({ currentTarget }) => setCurrent(pageInSight(currentTarget))}
      >
        <div className="flex w-max min-w-full flex-col gap-3 px-3 pt-1 pb-20">
          {room > 0 && Array.from({ length: pdf.count }, (_, index) => <PdfPage key={index} pdf={pdf} number={index + 1} width={width} />)}
        </div>
      </div>
      {pdf.count > 1 && <Pager current={current} total={pdf.count} go={go} />}
    </div>
  );
}

function pageOf(scroller: HTMLElement, number: number): Element | null {
  return scroller.querySelector(`[data-page="${number}"]`);
}

/** The last page that begins above the middle of the window. */
function pageInSight(scroller: HTMLElement): number {
  const middle = scroller.getBoundingClientRect().top + scroller.clientHeight / 2;
  const pages = [...scroller.querySelectorAll("[data-page]")];
  const above = pages.findLastIndex((page) => page.getBoundingClientRect().top <= middle);
  return Math.max(1, above + 1);
}

/** The scroller takes the keys from the first moment. */
function useRoom(scroller: React.RefObject<HTMLElement | null>, tell: (width: number) => void): void {
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    box.focus();
    const watcher = new ResizeObserver(() => tell(box.clientWidth));
    watcher.observe(box);
    return () => watcher.disconnect();
  }, [scroller, tell]);
}

/** What was in the middle stays there while the pages grow or shrink. */
function useSteadyZoom(scroller: React.RefObject<HTMLElement | null>, zoom: PdfZoom): void {
  const before = useRef(zoom);
  const hold = useEffectEvent(() => {
    const box = scroller.current;
    const change = zoom / before.current;
    before.current = zoom;
    if (!box || change === 1) return;
    const half = { x: box.clientWidth / 2, y: box.clientHeight / 2 };
    box.scrollTo((box.scrollLeft + half.x) * change - half.x, (box.scrollTop + half.y) * change - half.y);
  });
  useLayoutEffect(() => hold(), [zoom]);
}

function Pager({ current, total, go }: { current: number; total: number; go: (step: number) => void }) {
  const { t } = useTranslation();
  return (
    <div className="absolute bottom-4 left-1/2 flex -translate-x-1/2 items-center gap-1 rounded-full bg-black/70 p-1 text-[13px] backdrop-blur-sm [&_button]:rounded-full [&_button]:text-white/85 [&_button:hover]:bg-white/15 [&_button:hover]:text-white">
      <Button size="icon" aria-label={t("media.pdfPrevious")} disabled={current <= 1} onClick={() => go(-1)}>
        <ChevronLeft className="size-5" aria-hidden />
      </Button>
      <span className="px-1 tabular-nums" aria-live="polite" aria-label={t("media.pdfPage", { index: current, total })} role="status">
        {t("media.position", { index: current, total })}
      </span>
      <Button size="icon" aria-label={t("media.pdfNext")} disabled={current >= total} onClick={() => go(1)}>
        <ChevronRight className="size-5" aria-hidden />
      </Button>
    </div>
  );
}
