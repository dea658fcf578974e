import { getDocument, InvalidPDFException, PDFWorker, TextLayer } from "pdfjs-dist";
import type { PDFDocumentProxy, PDFPageProxy } from "pdfjs-dist";
import Worker from "pdfjs-dist/build/pdf.worker.min.mjs?worker";
import "@/features/media/pdf-text.css";

/**
 * All that is known here of pdf.js, and nothing of React: it is fetched when the first PDF is opened. What a PDF would
 * run is never run; its pages are drawn, and its words laid over them to be read aloud, found and copied.
 */

/** In points, of which a page of paper has 595 × 842. */
export interface Size {
  width: number;
  height: number;
}

export interface Sheet extends Size {
  /** As many pixels as the screen has for `width` of its own. Rejects when it was stopped. */
  draw: (canvas: HTMLCanvasElement, width: number) => { done: Promise<void>; stop: () => void };
  /** Its words, where they stand on the page; scaled by the style `--total-scale-factor`. */
  write: (layer: HTMLElement) => Promise<void>;
}

export interface Pdf {
  count: number;
  /** What pages are taken to measure before they are looked at. */
  usual: Size;
  sheet: (number: number) => Promise<Sheet>;
}

export type PdfRefusal = "pdf_locked" | "pdf_broken" | "unreachable";

/** The cache's own slices: what is drawn is fetched, not the whole of a large file. */
const RANGE_BYTES = 512 * 1024;
const MOST_PIXELS = 16_000_000;

/** Fonts, character maps and image decoders, by the name that pdf.js asks for. */
const PARTS = import.meta.glob<string>(
  ["/node_modules/pdfjs-dist/{cmaps,standard_fonts}/*.{bcmap,pfb,ttf}", "/node_modules/pdfjs-dist/wasm/*.wasm"],
  { query: "?url&no-inline", import: "default", eager: true },
);
const BY_NAME = new Map(Object.entries(PARTS).map(([path, url]) => [path.slice(path.lastIndexOf("/") + 1), url]));

class Parts {
  async fetch({ filename }: { filename: string }): Promise<Uint8Array> {
    const url = BY_NAME.get(filename);
    if (!url) throw new Error(`pdf.js has no ${filename}`);
    return new Uint8Array(await (await fetch(url)).arrayBuffer());
  }
}

/** Reading goes on in a thread of its own, which ends with `close`. */
export function openPdf(url: string): { opened: Promise<Pdf>; close: () => void } {
  const thread = new Worker();
  const worker = PDFWorker.create({ port: thread });
  const task = getDocument({
    url,
    worker,
    rangeChunkSize: RANGE_BYTES,
    disableAutoFetch: true,
    disableStream: true,
    isEvalSupported: false,
    enableXfa: false,
    useSystemFonts: false, // Whatever a machine takes for Helvetica has other widths.
    BinaryDataFactory: Parts,
    cMapUrl: "cmaps/",
    standardFontDataUrl: "standard_fonts/",
    wasmUrl: "wasm/",
    useWorkerFetch: false,
  });
  return { opened: task.promise.then(asPdf), close: () => void task.destroy().finally(() => thread.terminate()) };
}

export function refusalOf(reason: unknown): PdfRefusal {
  if (reason instanceof Error && reason.name === "PasswordException") return "pdf_locked";
  return reason instanceof InvalidPDFException ? "pdf_broken" : "unreachable";
}

async function asPdf(document: PDFDocumentProxy): Promise<Pdf> {
  const first = await document.getPage(1);
  return {
    count: document.numPages,
    usual: sizeOf(first),
    sheet: async (number) => asSheet(await document.getPage(number)),
  };
}

function sizeOf(page: PDFPageProxy): Size {
  const { width, height } = page.getViewport({ scale: 1 });
  return { width, height };
}

function asSheet(page: PDFPageProxy): Sheet {
  const size = sizeOf(page);
  return {
    ...size,
    draw(canvas, width) {
      const wanted = (width / size.width) * window.devicePixelRatio;
      const scale = Math.min(wanted, Math.sqrt(MOST_PIXELS / (size.width * size.height)));
      const viewport = page.getViewport({ scale });
      canvas.width = Math.floor(viewport.width);
      canvas.height = Math.floor(viewport.height);
      const task = page.render({ canvas, viewport });
      return { done: task.promise, stop: () => task.cancel() };
    },
    async write(layer) {
      const viewport = page.getViewport({ scale: 1 });
      layer.replaceChildren();
      await new TextLayer({ textContentSource: page.streamTextContent(), container: layer, viewport }).render();
    },
  };
}
