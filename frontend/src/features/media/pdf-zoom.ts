/** Of the width that fits. */
export type PdfZoom = number;
export type PdfZoomNews = { type: "in" } | { type: "out" } | { type: "fit" };

const STEP = 1.25;
const SMALLEST = 0.4;
const LARGEST = 4;

export function pdfZoomReducer(zoom: PdfZoom, news: PdfZoomNews): PdfZoom {
  switch (news.type) {
    case "in":
      return Math.min(LARGEST, zoom * STEP);
    case "out":
      return Math.max(SMALLEST, zoom / STEP);
    case "fit":
      return 1;
  }
}
