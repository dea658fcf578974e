import { Smile } from "lucide-react";
import { useState, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { EmojiPicker } from "@/ui/emoji-picker";
import { Popover, PopoverPanel, PopoverTrigger } from "@/ui/popover";

interface Props {
  field: RefObject<HTMLTextAreaElement | null>;
  text: string;
  onText: (text: string) => void;
}

/** Puts emoji where the cursor is; it stays open, for one seldom comes alone. */
export function EmojiButton({ field, text, onText }: Props) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);

  function insert(emoji: string): void {
    const start = field.current?.selectionStart ?? text.length;
    const end = field.current?.selectionEnd ?? text.length;
    onText(text.slice(0, start) + emoji + text.slice(end));
    const cursor = start + emoji.length;
    requestAnimationFrame(() => field.current?.setSelectionRange(cursor, cursor));
  }

  return (
    <Popover open={isOpen} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button size="touch" aria-label={t("composer.emoji")}>
          <Smile className="size-5" aria-hidden />
        </Button>
      </PopoverTrigger>
      <PopoverPanel
        side="top"
        align="start"
        onCloseAutoFocus={(event) => {
          event.preventDefault();
          field.current?.focus();
        }}
      >
        <EmojiPicker onPick={insert} />
      </PopoverPanel>
    </Popover>
  );
}
