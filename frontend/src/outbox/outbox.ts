import { asApiError } from "@/api/client";
import type { FileOrder, PartsAnswer, PutOrder, TextOrder, UploadTicket } from "@/api/outbox";
import type { DurableEvent, Message, Quoted, UploadProgress } from "@/api/wire.gen";
import { newId } from "@/lib/uuid";
import type { Copies, Copy } from "@/outbox/copies";
import { Entries } from "@/outbox/entries";
import { orderOf, type Entry, type LocalFacts, type Parcel } from "@/outbox/entry";
import type { Line } from "@/outbox/line";
import { Turns } from "@/outbox/turns";
import { Upload } from "@/outbox/upload";

export interface OutboxPort {
  sendText: (order: TextOrder) => Promise<Message>;
  askUpload: (order: FileOrder) => Promise<UploadTicket>;
  askParts: (attachmentId: string, numbers: number[]) => Promise<PartsAnswer>;
  completeUpload: (attachmentId: string) => Promise<void>;
  cancelMessage: (messageId: string) => Promise<void>;
  putBytes: (order: PutOrder) => Promise<void>;
}

export interface OutboxOptions {
  owner: string;
  port: OutboxPort;
  line: Line;
  copies: Copies;
  /** The server's own word of a message that was sent here. */
  onMessage: (message: Message) => void;
  onProgress: (progress: UploadProgress) => void;
  /** It is not going on. */
  onStopped: (attachmentId: string) => void;
}

const UPLOADS_AT_ONCE = 3;

/**
 * What was sent here and is not wholly at the server. Messages of a conversation are created one after another, so that
 * they keep their order; bytes fly beside them, so that a text never waits for a file. Lives outside React.
 */
export class Outbox {
  private readonly options: OutboxOptions;
  private readonly entries = new Entries();
  private readonly lanes = new Map<string, string[]>();
  private readonly uploads = new Map<string, Upload>();
  private readonly kept = new Set<string>();
  private readonly turns = new Turns(UPLOADS_AT_ONCE);
  private life = new AbortController();

  constructor(options: OutboxOptions) {
    this.options = options;
  }

  readonly subscribe = this.entries.subscribe;
  readonly pending = (conversationId: string): readonly Entry[] => this.entries.of(conversationId);

  /** What is known here of a file that was chosen here; for as long as the page lives. */
  readonly factsOf = (clientId: string): LocalFacts | undefined => this.entries.factsOf(clientId);

  /** Whether leaving the page now would lose something; what has a copy would not be lost. */
  get isBusy(): boolean {
    return this.entries.all().some(({ step, clientId }) => step !== "failed" && !this.kept.has(clientId));
  }

  /** Goes on with what a reload interrupted. */
  async start(): Promise<void> {
    this.life = new AbortController();
    const left = await this.options.copies.left(this.options.owner).catch(() => []);
    await Promise.all(left.map((copy) => this.resume(copy)));
  }

  stop(): void {
    this.life.abort();
    for (const upload of this.uploads.values()) upload.cancel();
    this.entries.clear();
  }

  sendText(conversationId: string, text: string, quoted: Quoted | null): void {
    this.add({ conversationId, text, quoted, parcel: null });
  }

  sendFile(conversationId: string, parcel: Parcel, caption: string, quoted: Quoted | null, clientId = newId()): void {
    this.add({ clientId, conversationId, text: caption, quoted, parcel });
  }

  knows(clientId: string): boolean {
    return clientId !== "" && this.entries.find(clientId) !== undefined;
  }

  /** The same message again, under the same id. */
  retry(clientId: string): void {
    const entry = this.entries.find(clientId);
    if (entry?.step === "failed") this.queue(this.entries.change(entry, { step: "waiting", code: null }));
  }

  /** Before the server knows of it, it has never been; later it stays, cancelled. */
  async cancel(clientId: string): Promise<void> {
    const entry = this.entries.find(clientId);
    if (!entry) return;
    this.uploads.get(clientId)?.cancel();
    if (entry.message) {
      await this.callBack(this.entries.change(entry, { step: "failed", code: "cancelled" }), entry.message);
    } else {
      this.entries.drop(entry);
    }
  }

  private async callBack(entry: Entry, message: Message): Promise<void> {
    try {
      await this.options.port.cancelMessage(message.id);
    } catch (reason) {
      if (asApiError(reason).code === "already_sent") this.entries.drop(entry);
      throw reason;
    }
  }

  /** Somebody else may end what is uploaded here. */
  readonly hear = (event: DurableEvent): void => {
    if (event.type !== "message_status" || event.status !== "failed") return;
    const entry = this.entries.all().find(({ message }) => message?.id === event.message_id);
    if (!entry || entry.step === "failed") return;
    this.uploads.get(entry.clientId)?.cancel();
    this.entries.change(entry, { step: "failed", code: event.error?.code ?? "unknown" });
  };

  // Creating, in order

  private add(what: Partial<Entry> & Pick<Entry, "conversationId" | "text" | "quoted" | "parcel">): void {
    const at = new Date().toISOString();
    const entry: Entry = { clientId: newId(), at, step: "waiting", code: null, message: null, ...what };
    this.entries.put(entry);
    this.queue(entry);
  }

  private queue({ conversationId, clientId }: Entry): void {
    const lane = this.lanes.get(conversationId);
    if (lane) {
      lane.push(clientId);
      return;
    }
    const started = [clientId];
    this.lanes.set(conversationId, started);
    void this.drain(conversationId, started);
  }

  private async drain(conversationId: string, lane: string[]): Promise<void> {
    for (let clientId = lane[0]; clientId !== undefined; clientId = lane[0]) {
      const entry = this.entries.find(clientId);
      if (entry) await this.create(entry);
      lane.shift();
    }
    this.lanes.delete(conversationId);
  }

  private async create(entry: Entry): Promise<void> {
    const { parcel } = entry;
    try {
      if (parcel) this.created(entry, await this.insist(entry, () => this.options.port.askUpload(orderOf(entry, parcel))));
      else this.told(entry, await this.insist(entry, () => this.options.port.sendText(textOf(entry))));
    } catch (reason) {
      this.fail(entry.clientId, asApiError(reason).code);
    }
  }

  private insist<Answer>(entry: Entry, action: () => Promise<Answer>): Promise<Answer> {
    const { clientId } = entry;
    return this.options.line.insist(() => {
      const now = this.entries.find(clientId);
      if (!now) throw new Error("cancelled");
      this.entries.change(now, { step: "creating" });
      return action();
    }, this.life.signal);
  }

  private told(entry: Entry, message: Message): void {
    this.options.onMessage(message);
    const now = this.entries.find(entry.clientId);
    if (now) this.entries.drop(now);
    else void this.options.port.cancelMessage(message.id).catch(() => undefined);
  }

  private created(entry: Entry, ticket: UploadTicket): void {
    this.options.onMessage(ticket.message);
    const now = this.entries.find(entry.clientId);
    if (!now) {
      void this.options.port.cancelMessage(ticket.message.id).catch(() => undefined);
      return;
    }
    if (!ticket.upload_url && !ticket.parts) {
      this.over(now, ticket);
      return;
    }
    const uploading = this.entries.change(now, { step: "uploading", message: ticket.message });
    if (ticket.parts) void this.keep(uploading, ticket.parts);
    void this.options.copies.alone(entry.clientId, () => this.upload(uploading, ticket));
  }

  /** This upload has ended before. A file that the server gave up goes again as a new message. */
  private over(entry: Entry, { attachment }: UploadTicket): void {
    this.entries.drop(entry);
    const { conversationId, text, quoted, parcel } = entry;
    if (attachment.status === "failed") this.add({ conversationId, text, quoted, parcel });
  }

  // Bytes, beside each other

  private async upload(entry: Entry, ticket: Omit<UploadTicket, "message">): Promise<void> {
    const { parcel, clientId } = entry;
    if (!parcel) return;
    const { port, line } = this.options;
    const upload = new Upload({
      file: parcel.file,
      attachmentId: ticket.attachment.id,
      ticket,
      line,
      port: {
        askAgain: () => port.askUpload(orderOf(entry, parcel)),
        askParts: port.askParts,
        complete: port.completeUpload,
        put: port.putBytes,
      },
    });
    this.uploads.set(clientId, upload);
    upload.subscribe(() => this.onUpload(clientId, ticket.attachment.id, upload));
    const { status, code } = await this.turns.take(() => upload.run());
    if (this.uploads.get(clientId) === upload) this.uploads.delete(clientId);
    if (this.life.signal.aborted) return; // The page goes away; the copy stays for the next one.
    void this.forget(clientId);
    if (status !== "done") this.options.onStopped(ticket.attachment.id);
    const now = this.entries.find(clientId);
    if (status === "done" && now) this.entries.drop(now);
    if (status === "failed") this.fail(clientId, code ?? "unknown");
  }

  private onUpload(clientId: string, attachmentId: string, upload: Upload): void {
    const entry = this.entries.find(clientId);
    const { status, bytes } = upload.getSnapshot();
    if (!entry?.parcel || !["uploading", "resting", "finishing"].includes(status)) return;
    const isSent = status === "finishing";
    if (isSent && entry.step === "uploading") this.entries.change(entry, { step: "finishing" });
    const total = entry.parcel.file.size;
    this.options.onProgress({
      type: "upload_progress",
      attachment_id: attachmentId,
      message_id: entry.message?.id ?? null,
      conversation_id: entry.conversationId,
      direction: "outgoing",
      stage: isSent ? "processing" : "uploading",
      bytes: isSent ? 0 : bytes,
      total: isSent ? 0 : total,
      percent: total > 0 && !isSent ? Math.floor((bytes / total) * 100) : 0,
    });
  }

  // Copies

  private async keep(entry: Entry, parts: Copy["parts"]): Promise<void> {
    const copy = { clientId: entry.clientId, owner: this.options.owner, keptAt: Date.now(), parts, entry };
    // Without room for a copy it uploads all the same; only a reload would lose it.
    const isKept = await this.options.copies.keep(copy).then(() => true, () => false);
    if (!this.uploads.has(entry.clientId)) await this.forget(entry.clientId);
    else if (isKept) this.kept.add(entry.clientId);
  }

  private async forget(clientId: string): Promise<void> {
    this.kept.delete(clientId);
    await this.options.copies.erase(clientId).catch(() => undefined);
  }

  private resume({ entry, parts }: Copy): Promise<void> {
    return this.options.copies.alone(entry.clientId, async () => {
      const attachment = entry.message?.attachment;
      if (!attachment || this.knows(entry.clientId)) return;
      this.kept.add(entry.clientId);
      this.entries.put({ ...entry, step: "uploading", parcel: entry.parcel && revived(entry.parcel) });
      await this.upload(entry, { attachment, parts });
    });
  }

  private fail(clientId: string, code: string): void {
    const entry = this.entries.find(clientId);
    if (entry) this.entries.change(entry, { step: "failed", code });
  }
}

function textOf({ conversationId, clientId, text, quoted }: Entry): TextOrder {
  return { conversationId, clientId, text, quotedId: quoted?.id ?? null };
}

/** The picture of a file that was kept: addresses of the page before lead nowhere. */
function revived(parcel: Parcel): Parcel {
  if (parcel.kind !== "image" || !parcel.facts) return parcel;
  return { ...parcel, facts: { ...parcel.facts, preview: URL.createObjectURL(parcel.file) } };
}
