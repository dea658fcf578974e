import { useEffect, useEffectEvent, useState } from "react";
import type { Pdf } from "@/features/media/pdf-engine";

export type PdfState = { name: "opening" } | { name: "open"; pdf: Pdf } | { name: "failed"; code: "pdf_locked" | "pdf_broken" };

interface Care {
  loaded: () => void;
  /** Nothing can be read there: not that what was read is no PDF. */
  failed: (url: string) => void;
}

/** The PDF at `url`. */
export function usePdf(url: string, { loaded, failed }: Care): PdfState {
  const [state, setState] = useState<PdfState>({ name: "opening" });
  const tellLoaded = useEffectEvent(loaded);
  const tellFailed = useEffectEvent(failed);
  useEffect(() => {
    const leaving = new AbortController();
    const isLeft = (): boolean => leaving.signal.aborted;
    let close = (): void => undefined;
    async function open(): Promise<void> {
      const engine = await import("@/features/media/pdf-engine");
      if (isLeft()) return;
      const opening = engine.openPdf(url);
      close = opening.close;
      try {
        const pdf = await opening.opened;
        if (isLeft()) return;
        setState({ name: "open", pdf });
        tellLoaded();
      } catch (reason) {
        const code = engine.refusalOf(reason);
        if (isLeft()) return;
        if (code === "unreachable") tellFailed(url);
        else setState({ name: "failed", code });
      }
    }
    open().catch(() => !isLeft() && tellFailed(url));
    return () => {
      leaving.abort();
      close();
    };
  }, [url]);
  return state;
}
