import type { Message } from "@/api/wire.gen";
import { Listeners } from "@/lib/listeners";
import type { PickedFile } from "@/outbox/picked-file";

/** What the field is for: something new, or the words of a message that was sent. */
export type Purpose = { name: "write"; reply: Message | null } | { name: "edit"; message: Message; before: string };

export interface Draft {
  text: string;
  purpose: Purpose;
  files: readonly PickedFile[];
}

const WRITE: Purpose = { name: "write", reply: null };
const BLANK: Draft = { text: "", purpose: WRITE, files: [] };

/** What is being written, for each conversation; in memory only. */
export class Drafts {
  private readonly all = new Map<string, Draft>();
  private readonly listeners = new Listeners();

  readonly subscribe = this.listeners.subscribe;
  readonly of = (conversationId: string): Draft => this.all.get(conversationId) ?? BLANK;

  write(conversationId: string, text: string): void {
    this.change(conversationId, { text });
  }

  reply(message: Message): void {
    this.leave(message.conversation_id);
    this.change(message.conversation_id, { purpose: { name: "write", reply: message } });
  }

  /** The words that were being written wait until the editing is over. */
  edit(message: Message): void {
    this.leave(message.conversation_id);
    const before = this.of(message.conversation_id).text;
    this.change(message.conversation_id, { text: message.text, purpose: { name: "edit", message, before } });
  }

  /** Leaves the reply or the editing. */
  leave(conversationId: string): void {
    const { purpose, text } = this.of(conversationId);
    this.change(conversationId, { purpose: WRITE, text: purpose.name === "edit" ? purpose.before : text });
  }

  /** It was sent; what was refused stays on the desk. */
  clear(conversationId: string): void {
    const files = this.of(conversationId).files.filter(({ refusal }) => refusal);
    this.all.set(conversationId, { ...BLANK, files });
    this.listeners.tell();
  }

  addFiles(conversationId: string, files: PickedFile[]): void {
    this.change(conversationId, { files: [...this.of(conversationId).files, ...files] });
  }

  changeFile(conversationId: string, id: string, change: Partial<PickedFile>): void {
    const files = this.of(conversationId).files.map((file) => (file.id === id ? { ...file, ...change } : file));
    this.change(conversationId, { files });
  }

  removeFile(conversationId: string, id: string): void {
    const { files } = this.of(conversationId);
    const preview = files.find((file) => file.id === id)?.facts?.preview;
    if (preview?.startsWith("blob:")) URL.revokeObjectURL(preview);
    this.change(conversationId, { files: files.filter((file) => file.id !== id) });
  }

  private change(conversationId: string, change: Partial<Draft>): void {
    this.all.set(conversationId, { ...this.of(conversationId), ...change });
    this.listeners.tell();
  }
}
