import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, type ReactNode } from "react";
import { LightboxProvider } from "@/features/media/lightbox";
import { PdfProvider } from "@/features/media/pdf-viewer";
import { makeMender, MenderContext } from "@/features/media/use-mending";
import { arrivals } from "@/realtime/arrivals";

/** What every file of the page shares: who looks after it, and where it is looked at. */
export function MediaProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const mender = useMemo(() => makeMender(client), [client]);
  useEffect(() => arrivals.subscribe(mender.arrived), [mender]);
  return (
    <MenderContext value={mender}>
      <LightboxProvider>
        <PdfProvider>{children}</PdfProvider>
      </LightboxProvider>
    </MenderContext>
  );
}
