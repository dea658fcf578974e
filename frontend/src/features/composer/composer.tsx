import { Check, Mic, SendHorizontal } from "lucide-react";
import { useEffect, useRef, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import type { Conversation } from "@/api/wire.gen";
import { AttachMenu } from "@/features/composer/attach-menu";
import { DropZone } from "@/features/composer/drop-zone";
import { EmojiButton } from "@/features/composer/emoji-button";
import { FileTray } from "@/features/composer/file-tray";
import { PurposeBar } from "@/features/composer/purpose-bar";
import { TextField } from "@/features/composer/text-field";
import { usePicking } from "@/features/composer/use-picking";
import { useRecorder } from "@/features/composer/use-recorder";
import { sendVoice, useSend, type SendState } from "@/features/composer/use-send";
import { useTyping } from "@/features/composer/use-typing";
import { VoiceBar } from "@/features/composer/voice-bar";
import type { Draft } from "@/outbox/drafts";
import { useDesk, useDraft } from "@/outbox/outbox-context";
import { Button } from "@/ui/button";

interface Props {
  conversation: Conversation;
  contactName: string;
}

/** What is said next: words, files, a voice. */
export function Composer({ conversation: { id }, contactName }: Props) {
  const { t } = useTranslation();
  const desk = useDesk();
  const { drafts } = desk;
  const draft = useDraft(id);
  const typing = useTyping(id);
  const layOut = usePicking(id);
  const { submit, state } = useSend(id, typing);
  const voice = useRecorder(typing);
  const field = useRef<HTMLTextAreaElement>(null);
  useFocusOn(field, draft.purpose);
  const isEdit = draft.purpose.name === "edit";

  function write(text: string): void {
    drafts.write(id, text);
    typing(text.trim() ? "composing" : "paused");
  }

  /** Enter sends what was just chosen. */
  function pickFiles(files: File[]): void {
    layOut(files);
    if (!isByTouch()) setTimeout(() => field.current?.focus());
  }

  function send(): void {
    submit();
    field.current?.focus();
  }

  return (
    <div role="group" aria-label={t("composer.label")} className="shrink-0 border-t border-line bg-panel px-2 py-2 sm:px-4">
      <DropZone onFiles={pickFiles} />
      <PurposeBar purpose={draft.purpose} contactName={contactName} onLeave={() => drafts.leave(id)} />
      {!isEdit && <FileTray conversationId={id} files={draft.files} onSubmit={send} />}
      {voice.state.name !== "idle" && (
        <VoiceBar
          recorder={voice.recorder}
          state={voice.state}
          onSend={(recording) => sendVoice(desk, id, draft, recording)}
          onEnd={() => setTimeout(() => field.current?.focus())}
        />
      )}
      <div className="flex items-end gap-1" hidden={voice.state.name !== "idle"}>
        {!isEdit && <AttachMenu onFiles={pickFiles} />}
        <EmojiButton field={field} text={draft.text} onText={write} />
        <TextField
          ref={field}
          label={t("composer.field")}
          value={draft.text}
          onChange={write}
          onSubmit={send}
          onLeave={() => drafts.leave(id)}
          onFiles={pickFiles}
        />
        {state === "nothing" && !isEdit && draft.files.length === 0 ? (
          <RecordButton onPress={() => void voice.recorder.start()} />
        ) : (
          <SendButton draft={draft} state={state} onPress={send} />
        )}
      </div>
    </div>
  );
}

function RecordButton({ onPress }: { onPress: () => void }) {
  const { t } = useTranslation();
  return (
    <Button tone="primary" size="touch" className="ml-1 rounded-full" aria-label={t("voice.record")} onClick={onPress}>
      <Mic className="size-5" aria-hidden />
    </Button>
  );
}

function SendButton({ draft, state, onPress }: { draft: Draft; state: SendState; onPress: () => void }) {
  const { t } = useTranslation();
  const isEdit = draft.purpose.name === "edit";
  const count = draft.files.filter(({ refusal }) => !refusal).length;
  const label = isEdit ? t("composer.save") : count > 0 ? t("composer.sendFiles", { count }) : t("composer.send");
  const Icon = isEdit ? Check : SendHorizontal;
  return (
    <Button
      tone="primary"
      size="touch"
      className="relative ml-1 rounded-full"
      aria-label={label}
      disabled={state !== "ready"}
      onClick={onPress}
    >
      <Icon className="size-5" aria-hidden />
      {!isEdit && count > 1 && (
        <span
          aria-hidden
          className="absolute -top-1 -right-1 grid h-[18px] min-w-[18px] place-items-center rounded-full border border-panel bg-ink px-1 text-[11px] text-panel tabular-nums"
        >
          {count}
        </span>
      )}
    </Button>
  );
}

/** A focus that nobody asked for opens a phone's keyboard over everything. */
function isByTouch(): boolean {
  return window.matchMedia("(pointer: coarse)").matches;
}

/** The keyboard goes to the field when a conversation opens and when a reply or an editing begins; not on a phone. */
function useFocusOn(field: RefObject<HTMLTextAreaElement | null>, purpose: Draft["purpose"]): void {
  useEffect(() => {
    if (isByTouch()) return;
    const element = field.current;
    if (!element) return;
    element.focus({ preventScroll: true });
    element.setSelectionRange(element.value.length, element.value.length);
    element.scrollTo({ top: element.scrollHeight });
  }, [field, purpose]);
}
