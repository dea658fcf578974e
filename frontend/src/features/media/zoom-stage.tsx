import { useState, type PointerEvent } from "react";
import type { Attachment } from "@/api/wire.gen";
import type { Zoom, ZoomNews } from "@/features/media/zoom";
import { cn } from "@/lib/cn";

interface Props {
  image: Attachment;
  zoom: Zoom;
  tell: (news: ZoomNews) => void;
  address: (path: string) => string;
  loaded: () => void;
  failed: (src: string) => void;
}

/** One picture as large as the window allows, over its thumbnail until it is here; wheel, double click and drag. */
export function ZoomStage({ image, zoom, tell, address, loaded, failed }: Props) {
  const [sight, setSight] = useState<"loading" | "loaded">("loading");
  const under = image.thumbnail_url || image.metadata.preview;
  const full = address(image.renditions.jpeg || image.file_url);
  const fit = "absolute inset-0 size-full object-contain select-none";

  function onPointerMove(event: PointerEvent): void {
    if (event.buttons === 1) tell({ type: "dragged", dx: event.movementX, dy: event.movementY });
  }

  return (
    <div
      role="presentation"
      className={cn("absolute inset-0 touch-none overflow-hidden", zoom.scale > 1 && "cursor-grab active:cursor-grabbing")}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={onPointerMove}
      onDoubleClick={() => tell({ type: "toggled" })}
      onWheel={(event) => tell({ type: "wheeled", delta: event.deltaY })}
    >
      <div
        className="absolute inset-2 sm:inset-x-16"
        style={{ transform: `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})` }}
      >
        {under && sight === "loading" && <img src={under} alt="" aria-hidden className={cn(fit, "blur-[2px]")} />}
        <img
          src={full}
          alt={image.file_name}
          draggable={false}
          onLoad={() => {
            setSight("loaded");
            loaded();
          }}
          onError={() => failed(full)}
          className={cn(fit, "transition-opacity duration-200", sight === "loading" && "opacity-0")}
        />
      </div>
    </div>
  );
}
