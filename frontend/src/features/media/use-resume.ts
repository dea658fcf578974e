import { useEffectEvent, useLayoutEffect, type RefObject } from "react";

/** Where a player was when it had to go; null when nobody was listening or watching. Kept by who shows the next one. */
export interface BreakOff {
  at: number | null;
  tell: (at: number | null) => void;
}

/** A file may go while it plays, and come back: whoever pressed play once need not do it again. */
export function useResume(player: RefObject<HTMLMediaElement | null>, { at, tell }: BreakOff): void {
  const resume = useEffectEvent((element: HTMLMediaElement) => {
    if (at === null) return;
    tell(null);
    element.currentTime = at;
    void element.play().catch(() => undefined);
  });
  const leave = useEffectEvent((element: HTMLMediaElement) => {
    if (!element.paused && !element.ended) tell(element.currentTime);
  });
  useLayoutEffect(() => {
    const element = player.current;
    if (!element) return;
    resume(element);
    return () => leave(element);
  }, [player]);
}
