import { useRef, type MouseEvent, type PointerEvent } from "react";

const HELD_MS = 450;
const STILL_PX = 10;

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
