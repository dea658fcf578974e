import { useMutation } from "@tanstack/react-query";
import { asApiError } from "@/api/client";
import { editMessage } from "@/api/outbox";
import type { TypingState } from "@/api/shapes";
import type { Message, Quoted } from "@/api/wire.gen";
import type { Recording } from "@/features/composer/recorder";
import { useErrorText } from "@/i18n/use-error-text";
import type { Draft } from "@/outbox/drafts";
import { useDesk, useDraft, type Desk } from "@/outbox/outbox-context";
import { sayToast } from "@/ui/toasts";

export type SendState = "ready" | "nothing" | "busy";

function asQuoted(message: Message | null): Quoted | null {
  return message && { id: message.id, kind: message.kind, text: message.text };
}

/** Sends a draft: files in the order chosen, each its own message; words without a file as text. Refused files stay. */
export function sendDraft({ outbox, drafts }: Desk, conversationId: string, draft: Draft): void {
  const reply = draft.purpose.name === "write" ? draft.purpose.reply : null;
  let quoted = asQuoted(reply);
  let words = draft.text.trim();
  for (const picked of draft.files) {
    if (picked.refusal) continue;
    const { id, file, name, type, kind, facts } = picked;
    let caption = picked.caption.trim();
    // Words in the field are for the first file that has none of its own.
    if (!caption && words) [caption, words] = [words, ""];
    outbox.sendFile(conversationId, { file, name, type, kind, isVoice: false, facts }, caption, quoted, id);
    quoted = null;
  }
  if (words) outbox.sendText(conversationId, words, quoted);
  drafts.clear(conversationId);
}

/** A voice answers what the draft would have answered; the words that were being written stay. */
export function sendVoice({ outbox, drafts }: Desk, conversationId: string, draft: Draft, recording: Recording): void {
  const { blob, name, type, seconds, waveform } = recording;
  const reply = draft.purpose.name === "write" ? draft.purpose.reply : null;
  const facts = { duration: seconds, waveform };
  outbox.sendFile(conversationId, { file: blob, name, type, kind: "voice", isVoice: true, facts }, "", asQuoted(reply));
  drafts.leave(conversationId);
}

export function useSend(conversationId: string, typing: (state: TypingState) => void) {
  const desk = useDesk();
  const draft = useDraft(conversationId);
  const errorText = useErrorText();
  const { purpose } = draft;
  const edit = useMutation({
    mutationFn: ({ message, text }: { message: Message; text: string }) => editMessage(message.id, text),
    onSuccess: () => desk.drafts.leave(conversationId),
    onError: (reason) => sayToast({ tone: "danger", text: errorText(asApiError(reason).code) }),
  });
  const isWorth = draft.text.trim() !== "" || (purpose.name === "write" && draft.files.some(({ refusal }) => !refusal));
  const state: SendState = edit.isPending ? "busy" : isWorth ? "ready" : "nothing";

  function submit(): void {
    if (state !== "ready") return;
    typing("paused");
    if (purpose.name === "write") sendDraft(desk, conversationId, draft);
    else if (draft.text.trim() === purpose.message.text) desk.drafts.leave(conversationId);
    else edit.mutate({ message: purpose.message, text: draft.text.trim() });
  }
  return { submit, state };
}
