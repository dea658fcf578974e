import type { Attachment } from "@/api/wire.gen";

/** Thumbnails have this many pixels on their longer side. */
const THUMBNAIL_PX = 320;
/** What a phone sends by WhatsApp is smaller; what came as a file may be a whole camera picture. */
const LARGEST_BYTES = 600_000;
const STILL = new Set(["image/jpeg", "image/png", "image/webp"]);

/** The original in place of its thumbnail where a screen has two pixels for one; empty where it is too much to load. */
export function denseOf({ file_url: url, file_type: type, size_bytes: size, thumbnail_url: thumbnail, metadata }: Attachment): string {
  const longer = Math.max(metadata.width ?? 0, metadata.height ?? 0);
  const isBetter = thumbnail !== "" && longer > THUMBNAIL_PX;
  return isBetter && STILL.has(type) && !metadata.animated && size <= LARGEST_BYTES ? url : "";
}
