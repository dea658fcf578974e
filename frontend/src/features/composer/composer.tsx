import { SendHorizontal } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Conversation } from "@/api/wire.gen";
import { PurposeBar } from "@/features/composer/purpose-bar";
import { TextField } from "@/features/composer/text-field";
import { useSend } from "@/features/composer/use-send";
import { useTyping } from "@/features/composer/use-typing";
import { useDesk, useDraft } from "@/outbox/outbox-context";
import { Button } from "@/ui/button";

interface Props {
  conversation: Conversation;
  contactName: string;
}

/** What is said next: words, files, a voice. */
export function Composer({ conversation, contactName }: Props) {
  const { t } = useTranslation();
  const { id } = conversation;
  const { drafts } = useDesk();
  const draft = useDraft(id);
  const typing = useTyping(id);
  const { submit, state } = useSend(id, typing);
  const field = useRef<HTMLTextAreaElement>(null);
  useFocusOn(field, draft.purpose);

  function write(text: string): void {
    drafts.write(id, text);
    typing(text.trim() ? "composing" : "paused");
  }

  return (
    <div role="group" aria-label={t("composer.label")} className="shrink-0 border-t border-line bg-panel px-2 py-2 sm:px-4">
      <PurposeBar purpose={draft.purpose} contactName={contactName} onLeave={() => drafts.leave(id)} />
      <div className="flex items-end gap-1.5">
        <TextField
          ref={field}
          label={t("composer.field")}
          value={draft.text}
          onChange={write}
          onSubmit={submit}
          onLeave={() => drafts.leave(id)}
          onFiles={() => undefined}
        />
        <Button tone="primary" size="touch" aria-label={t("composer.send")} disabled={state !== "ready"} onClick={submit}>
          <SendHorizontal className="size-5" aria-hidden />
        </Button>
      </div>
    </div>
  );
}

/** The keyboard goes to the field when a conversation opens and when a reply or an editing begins; not on a phone. */
function useFocusOn(field: React.RefObject<HTMLTextAreaElement | null>, purpose: unknown): void {
  useEffect(() => {
    if (window.matchMedia("(pointer: coarse)").matches) return;
    const element = field.current;
    element?.focus({ preventScroll: true });
    element?.setSelectionRange(element.value.length, element.value.length);
  }, [field, purpose]);
}
