/** At most four a second for each file, and always the last word. */
const EVERY_MS = 250;

interface Slot {
  saidAt: number;
  bytes: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Tells the server, and by it the colleagues, how far an upload is. */
export class Relay {
  private readonly slots = new Map<string, Slot>();
  private readonly say: (attachmentId: string, bytes: number) => void;

  constructor(say: (attachmentId: string, bytes: number) => void) {
    this.say = say;
  }

  put(attachmentId: string, bytes: number): void {
    const slot = this.slots.get(attachmentId) ?? { saidAt: 0, bytes: -1, timer: undefined };
    this.slots.set(attachmentId, slot);
    if (slot.bytes === bytes) return;
    slot.bytes = bytes;
    if (slot.timer !== undefined) return;
    const wait = slot.saidAt + EVERY_MS - Date.now();
    if (wait <= 0) this.tell(attachmentId, slot);
    else slot.timer = setTimeout(() => this.tell(attachmentId, slot), wait);
  }

  forget(attachmentId: string): void {
    clearTimeout(this.slots.get(attachmentId)?.timer);
    this.slots.delete(attachmentId);
  }

  private tell(attachmentId: string, slot: Slot): void {
    slot.timer = undefined;
    slot.saidAt = Date.now();
    this.say(attachmentId, slot.bytes);
  }
}
