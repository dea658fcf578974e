import { useRef, type MouseEvent, type PointerEvent } from "react";

const HELD_MS = 450;
const STILL_PX = 10;

/** The finger that opened something is lifted over it: that is no choice. */
function ignoreRelease(): void {
  const ending = new AbortController();
  const ignore = (event: Event): void => {
    event.preventDefault();
    event.stopPropagation();
  };
  const options = { capture: true, passive: false, signal: ending.signal };
  for (const name of ["pointerup", "touchend", "click"]) document.addEventListener(name, ignore, options);
  const over = ({ type }: Event): void => {
    if (type === "pointerdown") ending.abort();
    else setTimeout(() => ending.abort(), 50);
  };
  for (const name of ["touchend", "touchcancel", "pointerdown"]) window.addEventListener(name, over, options);
}

/** A finger that rests on something. What a mouse does is left to the browser. */
export function useLongPress(onPress: () => void) {
  const press = useRef<{ x: number; y: number; timer: ReturnType<typeof setTimeout> }>(null);

  function end(): void {
    clearTimeout(press.current?.timer);
    press.current = null;
  }

  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.pointerType !== "touch") return;
      end();
      const timer = setTimeout(() => {
        end();
        ignoreRelease();
        onPress();
      }, HELD_MS);
      press.current = { x: event.clientX, y: event.clientY, timer };
    },
    onPointerMove: (event: PointerEvent) => {
      const start = press.current;
      if (start && Math.hypot(event.clientX - start.x, event.clientY - start.y) > STILL_PX) end();
    },
    onPointerUp: end,
    onPointerCancel: end,
    onContextMenu: (event: MouseEvent) => {
      if (window.matchMedia("(pointer: coarse)").matches) event.preventDefault();
    },
  };
}
