import { useEffect, useRef, useState, type RefObject } from "react";

/** Whether an element is within a window's height of being seen. */
export function useNear(): [RefObject<HTMLElement | null>, boolean] {
  const frame = useRef<HTMLElement>(null);
  const [isNear, setIsNear] = useState(false);
  useEffect(() => {
    if (!frame.current) return;
    const watcher = new IntersectionObserver(([seen]) => setIsNear(seen?.isIntersecting ?? false), { rootMargin: "100% 0px" });
    watcher.observe(frame.current);
    return () => watcher.disconnect();
  }, []);
  return [frame, isNear];
}
