import { asApiError } from "@/api/client";
import type { PartsAnswer, PutOrder, UploadTicket } from "@/api/outbox";
import { Listeners } from "@/lib/listeners";
import { ATTEMPTS, isPassing, type Line } from "@/outbox/line";

export type UploadStatus = "idle" | "uploading" | "resting" | "finishing" | "done" | "failed" | "cancelled";

export interface UploadState {
  status: UploadStatus;
  bytes: number;
  /** Why it failed. */
  code: string | null;
}

export interface UploadPort {
  /** A new right to PUT the whole file; the old one has ended. */
  askAgain: () => Promise<UploadTicket>;
  askParts: (attachmentId: string, numbers: number[]) => Promise<PartsAnswer>;
  complete: (attachmentId: string) => Promise<void>;
  put: (order: PutOrder) => Promise<void>;
}

export interface UploadOptions {
  file: Blob;
  attachmentId: string;
  ticket: Pick<UploadTicket, "upload_url" | "headers" | "parts">;
  port: UploadPort;
  line: Line;
}

const PARTS_AT_ONCE = 2;
/** Rights last five minutes: no more of them are asked for than a slow line uses in that time. */
const PARTS_A_QUESTION = 100;
const PARTS_A_BATCH = 6;
/** How often storage may say that something is missing which was sent. */
const ROUNDS = 3;
const PART_TYPE = { "Content-Type": "application/octet-stream" };

/** One file to storage: in one PUT, or in parts that go on where they were. Lives outside React. */
export class Upload {
  private readonly options: UploadOptions;
  private readonly listeners = new Listeners();
  private readonly aborter = new AbortController();
  private readonly flying = new Map<number, number>();
  private state: UploadState = { status: "idle", bytes: 0, code: null };
  private landed = 0;

  constructor(options: UploadOptions) {
    this.options = options;
  }

  readonly subscribe = this.listeners.subscribe;
  readonly getSnapshot = (): UploadState => this.state;

  cancel(): void {
    this.become({ status: "cancelled" });
    this.aborter.abort();
  }

  /** Runs to its end, whatever that is: look at the state. */
  async run(): Promise<UploadState> {
    try {
      await this.send();
      if (!this.isOver()) this.become({ status: "done", bytes: this.options.file.size });
    } catch (reason) {
      if (!this.isOver()) this.become({ status: "failed", code: asApiError(reason).code });
      this.aborter.abort();
    }
    return this.state;
  }

  private async send(): Promise<void> {
    for (let round = 1; ; round++) {
      this.become({ status: "uploading" });
      await this.sendBytes();
      this.become({ status: "finishing", bytes: this.options.file.size });
      try {
        await this.insist(() => this.options.port.complete(this.options.attachmentId));
        return;
      } catch (reason) {
        if (asApiError(reason).code !== "upload_missing" || round >= ROUNDS) throw reason;
      }
    }
  }

  private async sendBytes(): Promise<void> {
    const { parts } = this.options.ticket;
    try {
      if (parts) await this.sendParts(parts);
      else await this.sendWhole();
    } catch (reason) {
      // The bytes had arrived, only the answer was lost.
      if (asApiError(reason).code !== "upload_over") throw reason;
    }
  }

  // In one piece

  private async sendWhole(): Promise<void> {
    let { ticket } = this.options;
    for (let round = 1; ; round++) {
      const { upload_url: url, headers } = ticket;
      if (!url) return;
      try {
        await this.insist(() => this.put(0, url, this.options.file, headers ?? {}));
        return;
      } catch (reason) {
        if (asApiError(reason).code !== "ticket_expired" || round >= ROUNDS) throw reason;
        ticket = await this.insist(this.options.port.askAgain);
      }
    }
  }

  // In parts

  private async sendParts({ size, count }: { size: number; count: number }): Promise<void> {
    const missing = new Set(Array.from({ length: count }, (_, index) => index + 1));
    for (let tries = 0; missing.size > 0; ) {
      const numbers = [...missing].slice(0, PARTS_A_QUESTION);
      // Asked again after every cut: a part may have landed and only its answer been lost.
      const answer = await this.insist(() => this.options.port.askParts(this.options.attachmentId, numbers));
      for (const number of numbers) if (answer.done[number] !== undefined) missing.delete(number);
      this.landed = this.sizeOf(size, count) - this.sizeOfAll(missing, size);
      this.move();
      const before = missing.size;
      const failure = await this.sendBatch([...missing].slice(0, PARTS_A_BATCH), answer.urls, size, missing);
      if (missing.size < before) tries = 0;
      if (failure) await this.recover(failure, (tries += Number(navigator.onLine)));
    }
  }

  private async recover(reason: unknown, tries: number): Promise<void> {
    const isCurable = isPassing(reason) || asApiError(reason).code === "ticket_expired";
    if (!isCurable || tries >= ATTEMPTS) throw reason;
    this.become({ status: "resting" });
    await this.options.line.rest(Math.max(0, tries - 1), this.aborter.signal);
    this.aborter.signal.throwIfAborted();
  }

  /** Some parts at once; the first that fails lets no further one begin. */
  private async sendBatch(numbers: number[], urls: Record<string, string>, size: number, missing: Set<number>): Promise<unknown> {
    const rest = [...numbers];
    let failure: unknown;
    const lane = async (): Promise<void> => {
      for (let number = rest.shift(); number !== undefined; number = rest.shift()) {
        const body = this.options.file.slice((number - 1) * size, number * size);
        await this.put(number, urls[number] ?? "", body, PART_TYPE);
        missing.delete(number);
        this.landed += body.size;
        this.flying.delete(number);
      }
    };
    const guarded = async (): Promise<void> => {
      await lane().catch((reason: unknown) => {
        failure ??= reason;
        rest.length = 0;
      });
    };
    await Promise.all(Array.from({ length: Math.min(PARTS_AT_ONCE, numbers.length) }, guarded));
    return failure;
  }

  private sizeOf(size: number, count: number): number {
    return Math.min(size * count, this.options.file.size);
  }

  private sizeOfAll(numbers: Set<number>, size: number): number {
    let sum = 0;
    for (const number of numbers) sum += Math.min(size, this.options.file.size - (number - 1) * size);
    return sum;
  }

  // One request

  private async put(part: number, url: string, body: Blob, headers: Record<string, string>): Promise<void> {
    const { signal } = this.aborter;
    this.become({ status: "uploading" });
    this.flying.set(part, 0);
    try {
      await this.options.port.put({ url, body, headers, signal, onBytes: (bytes) => this.onBytes(part, bytes) });
    } catch (reason) {
      this.flying.delete(part);
      this.move();
      throw reason;
    }
  }

  private insist<Answer>(action: () => Promise<Answer>): Promise<Answer> {
    return this.options.line.insist(action, this.aborter.signal, () => this.become({ status: "resting" }));
  }

  private onBytes(part: number, bytes: number): void {
    this.flying.set(part, bytes);
    this.move();
  }

  private move(): void {
    const flying = [...this.flying.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.become({ bytes: Math.min(this.options.file.size, this.landed + flying) });
  }

  private isOver(): boolean {
    return ["done", "failed", "cancelled"].includes(this.state.status);
  }

  private become(change: Partial<UploadState>): void {
    if (this.isOver()) return;
    this.state = { ...this.state, ...change };
    this.listeners.tell();
  }
}
