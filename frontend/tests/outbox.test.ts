import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/api/client";
import type { PutOrder } from "@/api/outbox";
import type { Copy } from "@/outbox/copies";
import type { Parcel } from "@/outbox/entry";
import { withPending } from "@/outbox/pending";
import { anOutbox, aPort, aTicket } from "./desk";
import { aMessage } from "./shapes";

const network = () => new ApiError("network", 0, "");
const ana = { id: "u1", name: "Ana" };
const MIB = 1024 * 1024;

function aParcel(name: string, size = 3): Parcel {
  return { file: new Blob([new Uint8Array(size)]), name, type: "image/jpeg", kind: "image", isVoice: false, facts: null };
}

/** Lets everything run that waits for nothing but promises. */
const settle = () => vi.advanceTimersByTimeAsync(0);
const online = (is: boolean) => {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(is);
  window.dispatchEvent(new Event(is ? "online" : "offline"));
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.restoreAllMocks();
});
afterEach(() => vi.useRealTimers());

describe("a text", () => {
  it("is shown at once and given to the cache when the server has it", async () => {
    const { outbox, told } = anOutbox();
    outbox.sendText("c1", "oi", null);
    expect(outbox.pending("c1")).toMatchObject([{ text: "oi", step: "creating" }]);
    await settle();
    expect(told).toMatchObject([{ text: "oi", status: "queued" }]);
    expect(outbox.pending("c1")).toEqual([]);
  });

  it("goes after the one before it, never beside it", async () => {
    const answers: (() => void)[] = [];
    const port = aPort();
    const obey = port.sendText.getMockImplementation();
    port.sendText.mockImplementation(async (order) => {
      await new Promise<void>((resolve) => answers.push(resolve));
      return obey?.(order) ?? aMessage();
    });
    const { outbox, told } = anOutbox(port);
    for (const text of ["um", "dois", "três"]) outbox.sendText("c1", text, null);
    await settle();
    expect(port.sendText).toHaveBeenCalledOnce();
    for (let index = 0; index < 3; index++) {
      answers[index]?.();
      await settle();
    }
    expect(told.map(({ text }) => text)).toEqual(["um", "dois", "três"]);
  });

  it("is tried again under the same id while the server does not answer", async () => {
    const port = aPort();
    port.sendText.mockRejectedValueOnce(network()).mockRejectedValueOnce(new ApiError("server", 502, ""));
    const { outbox, told } = anOutbox(port);
    outbox.sendText("c1", "oi", null);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toHaveLength(1);
    const ids = port.sendText.mock.calls.map(([order]) => order.clientId);
    expect(new Set(ids).size).toBe(1);
    expect(ids).toHaveLength(3);
  });

  it("that is refused stays, says why and goes again under the same id", async () => {
    const port = aPort();
    port.sendText.mockRejectedValueOnce(new ApiError("conversation_moved_on", 409, ""));
    const { outbox, told } = anOutbox(port);
    outbox.sendText("c1", "oi", null);
    await settle();
    const [failed] = outbox.pending("c1");
    expect(failed).toMatchObject({ step: "failed", code: "conversation_moved_on" });
    outbox.retry(failed?.clientId ?? "");
    await settle();
    expect(told).toMatchObject([{ client_id: failed?.clientId }]);
    expect(outbox.pending("c1")).toEqual([]);
  });

  it("waits without a network for as long as it takes, and leaves with it", async () => {
    online(false);
    const port = aPort();
    const { outbox, told, line } = anOutbox(port);
    const stop = line.start();
    outbox.sendText("c1", "oi", null);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(port.sendText).not.toHaveBeenCalled();
    expect(outbox.pending("c1")).toMatchObject([{ step: "waiting", code: null }]);
    online(true);
    await settle();
    expect(told).toHaveLength(1);
    stop();
  });

  it("does not wait for the bytes of a file that was sent before it", async () => {
    const port = aPort();
    port.putBytes.mockImplementation(() => new Promise(() => undefined));
    const { outbox, told } = anOutbox(port);
    outbox.sendFile("c1", aParcel("foto.jpg"), "", null);
    outbox.sendText("c1", "e aí?", null);
    await settle();
    expect(told.map(({ kind }) => kind)).toEqual(["image", "text"]);
  });
});

describe("files", () => {
  it("are each a message of their own, in the order chosen", async () => {
    const port = aPort();
    const { outbox, told } = anOutbox(port);
    for (const name of ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]) outbox.sendFile("c1", aParcel(name), "", null);
    await settle();
    expect(port.askUpload.mock.calls.map(([order]) => order.name)).toEqual(["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]);
    expect(told).toHaveLength(5);
    expect(port.completeUpload).toHaveBeenCalledTimes(5);
    expect(outbox.pending("c1")).toEqual([]);
  });

  it("fly three at once", async () => {
    const flying: PutOrder[] = [];
    const port = aPort({ putBytes: (order) => new Promise(() => flying.push(order)) });
    const { outbox } = anOutbox(port);
    for (let index = 0; index < 8; index++) outbox.sendFile("c1", aParcel(`${index}.jpg`), "", null);
    await settle();
    expect(flying).toHaveLength(3);
  });

  it("do not hold each other when one fails", async () => {
    const port = aPort();
    port.askUpload.mockRejectedValueOnce(new ApiError("type_not_allowed", 422, ""));
    const { outbox } = anOutbox(port);
    outbox.sendFile("c1", aParcel("1.jpg"), "", null);
    outbox.sendFile("c1", aParcel("2.jpg"), "", null);
    await settle();
    expect(outbox.pending("c1")).toMatchObject([{ code: "type_not_allowed" }]);
    expect(port.completeUpload).toHaveBeenCalledOnce();
  });

  it("tell how far they are", async () => {
    const port = aPort();
    port.putBytes.mockImplementation(({ onBytes }) => {
      onBytes(50);
      return Promise.resolve();
    });
    const { outbox, progress } = anOutbox(port);
    outbox.sendFile("c1", aParcel("1.jpg", 200), "", null, "x");
    await settle();
    expect(progress).toContainEqual(expect.objectContaining({ attachment_id: "a-x", stage: "uploading", bytes: 50, percent: 25 }));
    expect(progress.at(-1)).toMatchObject({ stage: "processing" });
  });

  it("that are cancelled stop flying, and the server hears of it", async () => {
    let signal: AbortSignal | undefined;
    const port = aPort({
      putBytes: (order) => {
        signal = order.signal;
        return new Promise((_, reject) => order.signal.addEventListener("abort", () => reject(network())));
      },
    });
    const { outbox } = anOutbox(port);
    outbox.sendFile("c1", aParcel("1.jpg"), "", null, "x");
    await settle();
    await outbox.cancel("x");
    expect(signal?.aborted).toBe(true);
    expect(port.cancelMessage).toHaveBeenCalledWith("m-x");
    expect(outbox.pending("c1")).toMatchObject([{ step: "failed", code: "cancelled" }]);
  });

  it("that are cancelled before the server knew of them have never been", async () => {
    online(false);
    const { outbox, line } = anOutbox();
    const stop = line.start();
    outbox.sendFile("c1", aParcel("1.jpg"), "", null, "x");
    await outbox.cancel("x");
    online(true);
    await settle();
    expect(outbox.pending("c1")).toEqual([]);
    stop();
  });

  it("that were handed over meanwhile are not called cancelled", async () => {
    const port = aPort({ putBytes: () => new Promise(() => undefined) });
    port.cancelMessage.mockRejectedValue(new ApiError("already_sent", 409, ""));
    const { outbox } = anOutbox(port);
    outbox.sendFile("c1", aParcel("1.jpg"), "", null, "x");
    await settle();
    await expect(outbox.cancel("x")).rejects.toMatchObject({ code: "already_sent" });
    expect(outbox.pending("c1")).toEqual([]);
  });

  it("that a colleague cancels stop here", async () => {
    const port = aPort({ putBytes: ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(network()))) });
    const { outbox } = anOutbox(port);
    outbox.sendFile("c1", aParcel("1.jpg"), "", null, "x");
    await settle();
    const error = { code: "cancelled", detail: "" };
    outbox.hear({ type: "message_status", message_id: "m-x", conversation_id: "c1", status: "failed", error });
    await settle();
    expect(outbox.pending("c1")).toMatchObject([{ step: "failed", code: "cancelled" }]);
    expect(port.completeUpload).not.toHaveBeenCalled();
  });
});

describe("a large file", () => {
  const parts = { size: 8 * MIB, count: 3 };
  const large = () => aPort({ askUpload: ({ clientId, name }) => Promise.resolve(aTicket(clientId, name, { upload_url: null, parts })) });

  it("has a copy until it is there", async () => {
    const port = large();
    let land: () => void = () => undefined;
    port.putBytes.mockImplementation(() => new Promise((resolve) => (land = resolve)));
    const { outbox, kept } = anOutbox(port);
    outbox.sendFile("c1", aParcel("1.mp4", 20 * MIB), "", null, "x");
    await settle();
    expect(kept.get("x")).toMatchObject({ parts, owner: "u1 t1" });
    expect(outbox.isBusy).toBe(false);
    for (let index = 0; index < 9; index++) {
      land();
      await settle();
    }
    port.putBytes.mockResolvedValue(undefined);
  });

  it("goes on after a reload where it was", async () => {
    const port = large();
    port.askParts.mockResolvedValue({ urls: { 2: "/part/2", 3: "/part/3" }, done: { 1: "etag" } });
    const { message } = aTicket("x", "1.mp4");
    const entry = { clientId: "x", conversationId: "c1", at: message.sent_at, text: "", quoted: null, parcel: aParcel("1.mp4", 20 * MIB), step: "uploading", code: null, message } as const;
    const copy: Copy = { clientId: "x", owner: "u1 t1", keptAt: Date.now(), parts, entry };
    const { outbox, kept } = anOutbox(port, [copy, { ...copy, clientId: "y", owner: "u2 t1" }]);
    await outbox.start();
    expect(port.putBytes.mock.calls.map(([{ url }]) => url).toSorted()).toEqual(["/part/2", "/part/3"]);
    expect(port.completeUpload).toHaveBeenCalledWith("a-x");
    expect(kept.has("x")).toBe(false);
  });
});

describe("what is shown", () => {
  it("is the pending ones above the others, under the browser's id", async () => {
    online(false);
    const { outbox } = anOutbox();
    outbox.sendText("c1", "um", null);
    outbox.sendText("c1", "dois", { id: "m1", kind: "text", text: "oi" });
    await settle();
    const shown = withPending([aMessage({ id: "m1" })], outbox.pending("c1"), ana, () => undefined);
    expect(shown.map(({ text, status }) => [text, status])).toEqual([
      ["dois", "waiting"],
      ["um", "waiting"],
      ["oi", "received"],
    ]);
    expect(shown[0]).toMatchObject({ author: ana, quoted: { id: "m1" }, client_id: shown[0]?.id });
  });

  it("keeps at its time what failed", () => {
    const sentAt = (minute: number) => `2026-11-20T10:0${minute}:00.000Z`;
    const server = [aMessage({ id: "m3", sent_at: sentAt(3) }), aMessage({ id: "m1", sent_at: sentAt(1) })];
    const entry = { clientId: "x", conversationId: "c1", at: sentAt(2), text: "", quoted: null, parcel: null, step: "failed", code: "network", message: null } as const;
    const shown = withPending(server, [entry], ana, () => undefined);
    expect(shown.map(({ id }) => id)).toEqual(["m3", "x", "m1"]);
  });

  it("is one bubble when the event was faster than the answer", async () => {
    online(false);
    const { outbox } = anOutbox();
    outbox.sendText("c1", "um", null);
    const [entry] = outbox.pending("c1");
    const real = aMessage({ id: "m9", client_id: entry?.clientId ?? "", text: "um", direction: "outgoing", status: "sent" });
    const shown = withPending([real], outbox.pending("c1"), ana, () => undefined);
    expect(shown).toEqual([real]);
    await settle();
  });

  it("says of an upload that failed here what the server does not know yet", () => {
    const { message } = aTicket("x", "1.jpg");
    const entry = { clientId: "x", conversationId: "c1", at: message.sent_at, text: "", quoted: null, parcel: aParcel("1.jpg"), step: "failed", code: "network", message } as const;
    const facts = { width: 400, height: 300, preview: "blob:1" };
    const [shown] = withPending([message], [entry], ana, () => facts);
    expect(shown).toMatchObject({ id: "m-x", status: "failed", error: { code: "network" }, attachment: { metadata: facts } });
  });
});
