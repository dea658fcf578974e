import { Upload } from "lucide-react";
import { useEffect, useEffectEvent, useState } from "react";
import { useTranslation } from "react-i18next";

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") === true;
}

/** Files may be dropped anywhere in the window: where they go is shown over the thread. */
export function DropZone({ onFiles }: { onFiles: (files: File[]) => void }) {
  const { t } = useTranslation();
  const [depth, setDepth] = useState(0);
  const take = useEffectEvent(onFiles);
  useEffect(() => {
    const ending = new AbortController();
    const on = (name: "dragenter" | "dragover" | "dragleave" | "drop", act: (event: DragEvent) => void): void => {
      const hear = (event: DragEvent): void => {
        if (!carriesFiles(event)) return;
        event.preventDefault(); // Else the browser leaves the page to show the file.
        act(event);
      };
      window.addEventListener(name, hear, { signal: ending.signal });
    };
    on("dragenter", () => setDepth((now) => now + 1));
    on("dragleave", () => setDepth((now) => Math.max(0, now - 1)));
    on("dragover", ({ dataTransfer }) => {
      if (dataTransfer) dataTransfer.dropEffect = "copy";
    });
    on("drop", ({ dataTransfer }) => {
      setDepth(0);
      take([...(dataTransfer?.files ?? [])]);
    });
    return () => ending.abort();
  }, []);
  if (depth === 0) return null;
  return (
    <div
      role="status"
      className="pointer-events-none absolute inset-0 z-30 grid place-items-center bg-canvas/85 p-4 backdrop-blur-[2px]"
    >
      <div className="grid size-full place-items-center rounded-2xl border-2 border-dashed border-accent bg-accent-wash/70">
        <p className="flex flex-col items-center gap-1 text-center">
          <Upload className="mb-1 size-9 text-accent" strokeWidth={1.5} aria-hidden />
          <span className="text-base font-semibold">{t("composer.drop")}</span>
          <span className="text-[13px] text-ink-soft">{t("composer.dropHint")}</span>
        </p>
      </div>
    </div>
  );
}
