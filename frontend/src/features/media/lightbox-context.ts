import { createContext, use } from "react";

export interface OpenedImage {
  conversationId: string;
  attachmentId: string;
}

export const LightboxContext = createContext<(image: OpenedImage) => void>(() => undefined);

export function useOpenImage(): (image: OpenedImage) => void {
  return use(LightboxContext);
}
