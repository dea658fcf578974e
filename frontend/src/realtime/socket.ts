import type { DurableFrame, PassingFrame } from "@/api/shapes";
import type { ClientMessage } from "@/api/wire.gen";
import { Listeners } from "@/lib/listeners";
import { backoffMs, soonMs } from "@/realtime/backoff";
import { hear } from "@/realtime/frames";

export type SocketStatus =
  | { name: "idle" }
  | { name: "connecting" }
  | { name: "synchronising" }
  | { name: "live" }
  | { name: "waiting"; retryAt: number }
  | { name: "offline" }
  | { name: "stopped"; why: "not_logged_in" | "not_yours" };

export interface SocketHandlers {
  /** Once each, in order, without holes. */
  onEvent: (event: DurableFrame) => void;
  onPassing: (frame: PassingFrame) => void;
  /** What is shown is older than what the server keeps: fetch everything again. */
  onResync: () => void;
  onStopped: (why: "not_logged_in" | "not_yours") => void;
}

export interface SocketOptions extends SocketHandlers {
  tenantId: string;
  /** The number from /api/me/, read before any list was fetched. */
  cursor: number;
  open?: (url: string) => WebSocket;
  random?: () => number;
}

export const ACK_EVERY = 32;
export const ACK_AFTER_MS = 1_000;
/** Two ticks and a half: a connection that is silent for longer is dead, whatever TCP believes. */
export const SILENCE_MS = 50_000;
/** How long a hole may stand before we ask for what is in it. */
export const GAP_GRACE_MS = 3_000;
const FRESH_MS = 25_000;
const OFTEN_MS = 10_000;

const NOT_LOGGED_IN = 4401;
const NOT_YOURS = 4403;
const BAD_MESSAGE = 4400;
const COME_AGAIN = new Set([1000, 4008, 4012]);

type Timer = ReturnType<typeof setTimeout>;

/** The page's one connection: keeps the cursor, closes holes, comes back. Lives outside React. */
export class TenantSocket {
  private readonly options: SocketOptions;
  private readonly listeners = new Listeners();
  private readonly hearers = new Set<(event: DurableFrame) => void>();
  private status: SocketStatus = { name: "idle" };
  private socket: WebSocket | null = null;
  private cursor: number;
  private cursorIsGood = true;
  private target = 0;
  private acked: number;
  private attempt = 0;
  private helloAt: number | null = null;
  private heardAt = 0;
  private viewing: string | null = null;
  private retryTimer: Timer | undefined;
  private ackTimer: Timer | undefined;
  private silenceTimer: Timer | undefined;
  private gapTimer: Timer | undefined;

  constructor(options: SocketOptions) {
    this.options = options;
    this.cursor = options.cursor;
    this.acked = options.cursor;
  }

  readonly subscribe = this.listeners.subscribe;
  readonly getSnapshot = (): SocketStatus => this.status;
  get seq(): number {
    return this.cursor;
  }

  /** Every durable event, after it was written into the cache. */
  readonly hear = (hearer: (event: DurableFrame) => void): (() => void) => {
    this.hearers.add(hearer);
    return () => this.hearers.delete(hearer);
  };

  start(): void {
    if (navigator.onLine) this.connect();
    else this.become({ name: "offline" });
    window.addEventListener("online", this.onOnline);
    window.addEventListener("offline", this.onOffline);
    document.addEventListener("visibilitychange", this.onVisible);
  }

  stop(): void {
    window.removeEventListener("online", this.onOnline);
    window.removeEventListener("offline", this.onOffline);
    document.removeEventListener("visibilitychange", this.onVisible);
    this.drop();
    this.become({ name: "idle" });
  }

  /** The person pressed "try now". */
  readonly retryNow = (): void => {
    if (this.status.name === "waiting" || this.status.name === "offline") this.connect();
  };

  /** Which conversation is open here; told again after every reconnect. */
  view(conversationId: string | null): void {
    this.viewing = conversationId;
    if (this.status.name === "live") this.say({ type: "viewing", conversation_id: conversationId });
  }

  say(message: ClientMessage): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  // Connecting

  private connect(): void {
    this.drop();
    this.become({ name: "connecting" });
    const socket = (this.options.open ?? ((url) => new WebSocket(url)))(this.url());
    this.socket = socket;
    this.watchSilence();
    socket.onmessage = (news: MessageEvent<unknown>) => {
      if (socket === this.socket) this.onFrame(news.data);
    };
    socket.onclose = (news) => {
      if (socket === this.socket) this.onClose(news.code);
    };
  }

  private url(): string {
    const { protocol, host } = window.location;
    const after = this.cursorIsGood ? `?after=${this.cursor}` : "";
    return `${protocol === "https:" ? "wss" : "ws"}://${host}/ws/tenant/${this.options.tenantId}/${after}`;
  }

  /** Forgets the connection without hearing another word from it. */
  private drop(): void {
    for (const timer of [this.retryTimer, this.ackTimer, this.silenceTimer, this.gapTimer]) clearTimeout(timer);
    this.ackTimer = this.gapTimer = undefined;
    const socket = this.socket;
    this.socket = this.helloAt = null;
    this.acked = this.cursor;
    socket?.close(1000);
  }

  private onClose(code: number): void {
    const lasted = this.helloAt !== null && Date.now() - this.helloAt >= OFTEN_MS;
    this.drop();
    if (code === NOT_LOGGED_IN || code === NOT_YOURS) {
      const why = code === NOT_LOGGED_IN ? "not_logged_in" : "not_yours";
      this.become({ name: "stopped", why });
      this.options.onStopped(why);
    } else if (!navigator.onLine) {
      this.become({ name: "offline" });
    } else {
      if (code === BAD_MESSAGE) this.cursorIsGood = false;
      if (lasted) this.attempt = 0;
      this.wait(COME_AGAIN.has(code) && this.attempt === 0);
    }
  }

  private wait(isInvited: boolean): void {
    const random = this.options.random ?? Math.random;
    const delay = isInvited ? soonMs(random) : backoffMs(this.attempt, random);
    this.attempt += 1;
    this.retryTimer = setTimeout(() => this.connect(), delay);
    this.become({ name: "waiting", retryAt: Date.now() + delay });
  }

  private readonly onOnline = (): void => {
    if (this.status.name !== "stopped") this.connect();
  };

  private readonly onOffline = (): void => {
    if (this.status.name === "stopped") return;
    this.drop();
    this.become({ name: "offline" });
  };

  /** A laptop that was opened again: its socket may be a corpse that no timer has looked at. */
  private readonly onVisible = (): void => {
    if (document.visibilityState !== "visible" || this.status.name === "stopped") return;
    const isFresh = this.socket !== null && Date.now() - this.heardAt < FRESH_MS;
    if (!isFresh && navigator.onLine) this.connect();
  };

  private watchSilence(): void {
    this.heardAt = Date.now();
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => {
      this.drop();
      this.wait(false);
    }, SILENCE_MS);
  }

  // Hearing

  private onFrame(data: unknown): void {
    this.watchSilence();
    const heard = hear(data);
    if (heard.kind === "durable") this.onDurable(heard.frame);
    else if (heard.kind === "passing") this.onPassing(heard.frame);
  }

  private onDurable(frame: DurableFrame): void {
    if (frame.seq <= this.cursor) return;
    if (frame.seq > this.cursor + 1) {
      this.connect(); // A hole: the server replays it, in order.
      return;
    }
    this.cursor = frame.seq;
    this.options.onEvent(frame);
    for (const hearer of [...this.hearers]) hearer(frame);
    this.acknowledge();
    this.settle();
  }

  private onPassing(frame: PassingFrame): void {
    switch (frame.type) {
      case "hello":
        this.onHello(frame.seq);
        break;
      case "tick":
        this.onTick(frame.seq);
        break;
      case "resync":
        this.startOver(frame.seq);
        break;
      default:
        this.options.onPassing(frame);
    }
  }

  private onHello(seq: number): void {
    this.helloAt = Date.now();
    this.target = seq;
    if (!this.cursorIsGood || seq < this.cursor) this.startOver(seq);
    else this.become({ name: "synchronising" });
    this.settle();
  }

  private startOver(seq: number): void {
    this.cursor = this.acked = this.target = seq;
    this.cursorIsGood = true;
    this.become({ name: "synchronising" });
    this.options.onResync();
    this.settle();
  }

  private onTick(seq: number): void {
    if (seq <= this.cursor || this.gapTimer !== undefined) return;
    this.gapTimer = setTimeout(() => {
      this.gapTimer = undefined;
      if (this.cursor < seq) this.connect();
    }, GAP_GRACE_MS);
  }

  private settle(): void {
    if (this.cursor < this.target || this.status.name !== "synchronising") return;
    this.become({ name: "live" });
    if (this.viewing) this.say({ type: "viewing", conversation_id: this.viewing });
  }

  private acknowledge(): void {
    if (this.cursor - this.acked >= ACK_EVERY) this.sendAck();
    else this.ackTimer ??= setTimeout(() => this.sendAck(), ACK_AFTER_MS);
  }

  private sendAck(): void {
    clearTimeout(this.ackTimer);
    this.ackTimer = undefined;
    this.acked = this.cursor;
    this.say({ type: "ack", seq: this.cursor });
  }

  private become(status: SocketStatus): void {
    if (status.name === this.status.name && status.name !== "waiting") return;
    this.status = status;
    this.listeners.tell();
  }
}
