import { createContext, use } from "react";
import type { OpenedImage } from "@/features/media/lightbox-context";

export type OpenedPdf = OpenedImage;

export const PdfContext = createContext<(pdf: OpenedPdf) => void>(() => undefined);

export function useOpenPdf(): (pdf: OpenedPdf) => void {
  return use(PdfContext);
}
