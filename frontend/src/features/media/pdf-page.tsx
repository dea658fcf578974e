import { type CSSProperties, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Pdf, Sheet, Size } from "@/features/media/pdf-engine";
import { useNear } from "@/features/media/use-near";

interface Props {
  pdf: Pdf;
  /** From 1. */
  number: number;
  /** CSS pixels. */
  width: number;
}

/** One page: as much room as it will take at once, its picture and its words when it comes near the window. */
export function PdfPage({ pdf, number, width }: Props) {
  const { t } = useTranslation();
  const [frame, isNear] = useNear();
  const [sheet, setSheet] = useState<Sheet | null>(null);
  useEffect(() => {
    if (!isNear || sheet) return;
    let isWanted = true;
    void pdf.sheet(number).then((found) => isWanted && setSheet(found), () => undefined);
    return () => {
      isWanted = false;
    };
  }, [pdf, number, isNear, sheet]);
  const size = sheet ?? pdf.usual;
  return (
    <section
      ref={frame}
      aria-label={t("media.pdfPage", { index: number, total: pdf.count })}
      data-page={number}
      className="relative mx-auto shrink-0 bg-white shadow-lg shadow-black/40"
      style={roomOf(size, width)}
    >
      {sheet && isNear && <Face sheet={sheet} width={width} />}
    </section>
  );
}

/** The factor is what the words are scaled by. */
function roomOf(size: Size, width: number): CSSProperties {
  const factor = width / size.width;
  return { width, height: size.height * factor, "--total-scale-factor": factor } as CSSProperties;
}

function Face({ sheet, width }: { sheet: Sheet; width: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const words = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState<"loading" | "loaded">("loading");
  useEffect(() => {
    if (!canvas.current) return;
    // A canvas is drawn by one at a time: each size has its own, put in place when it is whole.
    const next = document.createElement("canvas");
    const drawing = sheet.draw(next, width);
    drawing.done.then(
      () => {
        const shown = canvas.current;
        if (!shown) return;
        shown.width = next.width;
        shown.height = next.height;
        shown.getContext("2d")?.drawImage(next, 0, 0);
        setSight("loaded");
      },
      () => undefined,
    );
    return () => drawing.stop();
  }, [sheet, width]);
  useEffect(() => {
    if (words.current) sheet.write(words.current).catch(() => undefined);
  }, [sheet]);
  return (
    <>
      <canvas ref={canvas} data-sight={sight} aria-hidden className="absolute inset-0 size-full" />
      <div ref={words} className="pdf-words" />
    </>
  );
}
