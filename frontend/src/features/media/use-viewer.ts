import { useCallback, useRef, useState } from "react";

/**
 * What a viewer shows, if anything. Its dialog knows no trigger of its own: whoever opened it by keyboard goes on from
 * there when it closes.
 */
export function useViewer<Opened>() {
  const [opened, setOpened] = useState<Opened | null>(null);
  const opener = useRef<Element | null>(null);
  const open = useCallback((what: Opened) => {
    opener.current = document.activeElement;
    setOpened(what);
  }, []);

  function giveFocusBack(event: Event): void {
    event.preventDefault();
    if (opener.current instanceof HTMLElement) opener.current.focus();
  }

  return { opened, open, show: setOpened, close: () => setOpened(null), giveFocusBack };
}
