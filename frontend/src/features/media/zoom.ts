export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export type ZoomNews =
  | { type: "in" }
  | { type: "out" }
  | { type: "reset" }
  | { type: "toggled" }
  | { type: "wheeled"; delta: number }
  | { type: "dragged"; dx: number; dy: number };

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
const LARGEST = 6;
const STEP = 1.4;

function scaled(zoom: Zoom, scale: number): Zoom {
  const within = Math.min(LARGEST, Math.max(1, scale));
  if (within === 1) return WHOLE;
  const change = within / zoom.scale;
  return { scale: within, x: zoom.x * change, y: zoom.y * change };
}

export function zoomReducer(zoom: Zoom, news: ZoomNews): Zoom {
  switch (news.type) {
    case "in":
      return scaled(zoom, zoom.scale * STEP);
    case "out":
      return scaled(zoom, zoom.scale / STEP);
    case "reset":
      return WHOLE;
    case "toggled":
      return zoom.scale > 1 ? WHOLE : scaled(zoom, 2.5);
    case "wheeled":
      return scaled(zoom, zoom.scale * Math.exp(-news.delta / 400));
    case "dragged":
      return zoom.scale > 1 ? { ...zoom, x: zoom.x + news.dx, y: zoom.y + news.dy } : zoom;
  }
}
