import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ACK_AFTER_MS, ACK_EVERY, GAP_GRACE_MS, SILENCE_MS, TenantSocket } from "@/realtime/socket";

class FakeWebSocket {
  static all: FakeWebSocket[] = [];
  readonly url: string;
  readyState: number = WebSocket.OPEN;
  sent: unknown[] = [];
  onmessage: ((news: { data: string }) => void) | null = null;
  onclose: ((news: { code: number }) => void) | null = null;

  constructor(url: string) {
    this.url = url;
    FakeWebSocket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = WebSocket.CLOSED;
  }
  hears(frame: object): void {
    this.onmessage?.({ data: JSON.stringify({ at: "2026-11-20T10:00:00.000Z", ...frame }) });
  }
  event(seq: number): void {
    this.hears({ type: "contact_updated", seq, contact: {} });
  }
  dies(code: number): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.({ code });
  }
}

const latest = () => FakeWebSocket.all.at(-1) as FakeWebSocket;
const after = (socket: FakeWebSocket) => new URL(socket.url).searchParams.get("after");

function aSocket(cursor = 10) {
  const handlers = { onEvent: vi.fn(), onPassing: vi.fn(), onResync: vi.fn(), onStopped: vi.fn() };
  const open = (url: string) => new FakeWebSocket(url) as unknown as WebSocket;
  const socket = new TenantSocket({ tenantId: "t1", cursor, open, random: () => 0, ...handlers });
  socket.start();
  return { socket, seqs: () => handlers.onEvent.mock.calls.map(([event]) => (event as { seq: number }).seq), ...handlers };
}

let running: TenantSocket[] = [];
function started(cursor?: number) {
  const made = aSocket(cursor);
  running.push(made.socket);
  return made;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeWebSocket.all = [];
});
afterEach(() => {
  for (const socket of running) socket.stop();
  running = [];
  vi.useRealTimers();
});

describe("the tenant socket", () => {
  it("asks for what came after the session was read, and is live when it has it", () => {
    const { socket, seqs } = started(10);
    expect(latest().url).toMatch(/\/ws\/tenant\/t1\/\?after=10$/);
    latest().hears({ type: "hello", seq: 12, protocol: 1 });
    expect(socket.getSnapshot().name).toBe("synchronising");
    latest().event(11);
    latest().event(12);
    expect(socket.getSnapshot().name).toBe("live");
    expect(seqs()).toEqual([11, 12]);
  });

  it("takes every event once", () => {
    const { seqs } = started(10);
    latest().hears({ type: "hello", seq: 10, protocol: 1 });
    for (const seq of [11, 11, 10, 12]) latest().event(seq);
    expect(seqs()).toEqual([11, 12]);
  });

  it("closes a hole by coming back with its cursor", () => {
    const { seqs } = started(10);
    latest().hears({ type: "hello", seq: 10, protocol: 1 });
    latest().event(11);
    latest().event(14);
    expect(seqs()).toEqual([11]);
    expect(FakeWebSocket.all).toHaveLength(2);
    expect(after(latest())).toBe("11");
    FakeWebSocket.all[0]?.event(12);
    expect(seqs()).toEqual([11]);
  });

  it("believes a tick that says that something is missing", () => {
    started(10);
    latest().hears({ type: "hello", seq: 10, protocol: 1 });
    latest().hears({ type: "tick", seq: 11 });
    latest().event(11);
    vi.advanceTimersByTime(GAP_GRACE_MS);
    expect(FakeWebSocket.all).toHaveLength(1);
    latest().hears({ type: "tick", seq: 12 });
    vi.advanceTimersByTime(GAP_GRACE_MS);
    expect(after(latest())).toBe("11");
    expect(FakeWebSocket.all).toHaveLength(2);
  });

  it("acknowledges after a second, or at once when there is much", () => {
    started(0);
    latest().hears({ type: "hello", seq: 0, protocol: 1 });
    latest().event(1);
    expect(latest().sent).toEqual([]);
    vi.advanceTimersByTime(ACK_AFTER_MS);
    expect(latest().sent).toEqual([{ type: "ack", seq: 1 }]);
    for (let seq = 2; seq <= 1 + ACK_EVERY; seq++) latest().event(seq);
    expect(latest().sent.at(-1)).toEqual({ type: "ack", seq: 1 + ACK_EVERY });
  });

  it("starts over when the server no longer has what it missed", () => {
    const { socket, seqs, onResync } = started(10);
    latest().hears({ type: "hello", seq: 900, protocol: 1 });
    latest().hears({ type: "resync", seq: 900 });
    expect(onResync).toHaveBeenCalledOnce();
    expect(socket.getSnapshot().name).toBe("live");
    latest().event(901);
    expect(seqs()).toEqual([901]);
  });

  it("starts over when the server is behind it", () => {
    const { onResync, seqs } = started(10);
    latest().hears({ type: "hello", seq: 3, protocol: 1 });
    expect(onResync).toHaveBeenCalledOnce();
    latest().event(4);
    expect(seqs()).toEqual([4]);
  });

  it.each([1000, 4008, 4012])("comes again at once after %i", (code) => {
    const { socket } = started(10);
    latest().hears({ type: "hello", seq: 10, protocol: 1 });
    latest().dies(code);
    expect(socket.getSnapshot().name).toBe("waiting");
    vi.advanceTimersByTime(1_000);
    expect(FakeWebSocket.all).toHaveLength(2);
    expect(after(latest())).toBe("10");
  });

  it("waits longer each time nobody answers", () => {
    const { socket } = started(10);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      latest().dies(1006);
      const status = socket.getSnapshot();
      waits.push(status.name === "waiting" ? status.retryAt - Date.now() : -1);
      vi.advanceTimersByTime(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000]);
  });

  it("comes at once when the person asks", () => {
    const { socket } = started(10);
    latest().dies(1006);
    socket.retryNow();
    expect(FakeWebSocket.all).toHaveLength(2);
  });

  it.each([
    [4401, "not_logged_in"],
    [4403, "not_yours"],
  ])("stops for good after %i", (code, why) => {
    const { socket, onStopped } = started(10);
    latest().dies(code);
    expect(onStopped).toHaveBeenCalledWith(why);
    expect(socket.getSnapshot()).toEqual({ name: "stopped", why });
    vi.advanceTimersByTime(120_000);
    expect(FakeWebSocket.all).toHaveLength(1);
  });

  it("leaves a connection that has gone silent", () => {
    started(10);
    latest().hears({ type: "hello", seq: 10, protocol: 1 });
    vi.advanceTimersByTime(SILENCE_MS + 1_000);
    expect(FakeWebSocket.all).toHaveLength(2);
  });

  it("sleeps without a network and wakes with it", () => {
    const { socket } = started(10);
    window.dispatchEvent(new Event("offline"));
    expect(socket.getSnapshot().name).toBe("offline");
    window.dispatchEvent(new Event("online"));
    expect(FakeWebSocket.all).toHaveLength(2);
  });

  it("says again what is open here after it came back", () => {
    const { socket } = started(10);
    latest().hears({ type: "hello", seq: 10, protocol: 1 });
    socket.view("c1");
    latest().dies(4012);
    vi.advanceTimersByTime(1_000);
    latest().hears({ type: "hello", seq: 10, protocol: 1 });
    expect(latest().sent).toEqual([{ type: "viewing", conversation_id: "c1" }]);
  });

  it("passes passing news on, and survives noise", () => {
    const { onPassing } = started(10);
    latest().onmessage?.({ data: "not json" });
    latest().hears({ type: "typing", conversation_id: "c1" });
    expect(onPassing).toHaveBeenCalledOnce();
  });
});
