import type { FileKind } from "@/lib/file-types";
import type { LocalFacts } from "@/outbox/entry";

const POSTER_PX = 320;
const LONGEST_MS = 8_000;

/** What the browser can see of a file: its size, its length, its picture. Null for what it cannot open. */
export async function measure(file: Blob, kind: FileKind): Promise<LocalFacts | null> {
  if (kind === "image") return measureImage(file);
  if (kind === "video" || kind === "audio") return measureSound(file, kind);
  return null;
}

async function measureImage(file: Blob): Promise<LocalFacts | null> {
  const preview = URL.createObjectURL(file);
  const image = new Image();
  image.src = preview;
  try {
    await image.decode();
    return { width: image.naturalWidth, height: image.naturalHeight, preview };
  } catch {
    URL.revokeObjectURL(preview);
    return null;
  }
}

async function measureSound(file: Blob, kind: "video" | "audio"): Promise<LocalFacts | null> {
  const url = URL.createObjectURL(file);
  const element = document.createElement(kind);
  element.preload = "auto";
  element.muted = true;
  element.src = url;
  try {
    await happens(element, "loadeddata");
    const duration = Number.isFinite(element.duration) ? element.duration : null;
    return element instanceof HTMLVideoElement ? { duration, ...filmFacts(element) } : { duration };
  } catch {
    return null;
  } finally {
    element.removeAttribute("src");
    element.load(); // Else it goes on reading an address that is gone.
    URL.revokeObjectURL(url);
  }
}

function happens(element: HTMLMediaElement, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error("this browser does not open it"));
    element.addEventListener(name, () => resolve(), { once: true });
    element.addEventListener("error", fail, { once: true });
    setTimeout(fail, LONGEST_MS);
  });
}

function filmFacts(video: HTMLVideoElement): LocalFacts {
  const { videoWidth: width, videoHeight: height } = video;
  if (width === 0 || height === 0) return {};
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, POSTER_PX / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return { width, height, preview: canvas.toDataURL("image/jpeg", 0.7) };
}
