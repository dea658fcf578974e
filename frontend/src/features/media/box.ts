import type { Attachment } from "@/api/wire.gen";

/** As large as a thumbnail: pixel for pixel where a screen has one for one. */
const WIDEST = 320;
const TALLEST = 320;
/** Room for words over a picture, when there is only that to see. */
const NARROWEST = 160;
const SLIMMEST = 1 / 2;
const FLATTEST = 4;
const UNKNOWN: Box = { width: 280, ratio: 4 / 3 };

export interface Box {
  /** CSS pixels; narrower where the column is. */
  width: number;
  /** Width through height, of the picture itself. Beyond 1:2 and 4:1 the thread crops; the viewer shows all. */
  ratio: number;
}

/** The room a picture will take, known before its first byte: from what the payload says of it. */
export function boxOf({ width, height }: Attachment["metadata"]): Box {
  if (!width || !height) return UNKNOWN;
  const ratio = Math.min(FLATTEST, Math.max(SLIMMEST, width / height));
  return { width: Math.round(Math.max(NARROWEST, Math.min(width, WIDEST, TALLEST * ratio))), ratio };
}

export function boxStyle({ width, ratio }: Box) {
  return { width, maxWidth: "100%", aspectRatio: String(ratio) };
}
