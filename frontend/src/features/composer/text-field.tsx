import { useLayoutEffect, useRef, type ClipboardEvent, type KeyboardEvent, type Ref } from "react";

const MOST_LINES = 8;

interface Props {
  ref: Ref<HTMLTextAreaElement>;
  label: string;
  value: string;
  onChange: (text: string) => void;
  onSubmit: () => void;
  onLeave: () => void;
  onFiles: (files: File[]) => void;
}

/** Grows with its lines, to eight of them. Enter sends, Shift+Enter begins a line. */
export function TextField({ ref, label, value, onChange, onSubmit, onLeave, onFiles }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    const line = parseFloat(getComputedStyle(element).lineHeight) || 20;
    const most = line * MOST_LINES + 16;
    element.style.height = `${Math.min(element.scrollHeight, most)}px`;
    element.style.overflowY = element.scrollHeight > most ? "auto" : "hidden";
  }, [value]);

  function onKeyDown(event: KeyboardEvent): void {
    // While an accent or a character is put together, Enter belongs to the keyboard.
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") onLeave();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    onSubmit();
  }

  /** A picture that was copied is a file; text that was copied with its picture is text. */
  function onPaste(event: ClipboardEvent): void {
    const files = [...event.clipboardData.files];
    if (files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    onFiles(files);
  }

  return (
    <textarea
      ref={(element) => {
        field.current = element;
        if (typeof ref === "function") ref(element);
        else if (ref) ref.current = element;
      }}
      rows={1}
      aria-label={label}
      placeholder={label}
      enterKeyHint="send"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
      className="min-h-10 w-full min-w-0 resize-none rounded-lg bg-sunken px-3 py-2 text-[15px] leading-6 outline-none placeholder:text-ink-faint focus:ring-2 focus:ring-accent/50"
    />
  );
}
