import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "@/api/client";
import type { PutOrder } from "@/api/outbox";
import { ATTEMPTS, Line } from "@/outbox/line";
import { Upload } from "@/outbox/upload";
import { aTicket } from "./desk";

const network = () => new ApiError("network", 0, "");
const PART = 10;

/** Storage that keeps parts, and can be told to drop the line. */
class Storage {
  readonly parts = new Map<number, number>();
  readonly puts: number[] = [];
  drops = 0;
  readonly complete = vi.fn(() => Promise.resolve());
  readonly askAgain = vi.fn(() => Promise.resolve(aTicket("x", "f", { upload_url: "/put/again" })));
  readonly askParts = vi.fn((_: string, numbers: number[]) =>
    Promise.resolve({
      urls: Object.fromEntries(numbers.map((number) => [number, `/part/${number}`])),
      done: Object.fromEntries([...this.parts.keys()].map((number) => [number, `etag${number}`])),
    }),
  );
  readonly put = vi.fn(async ({ url, body, onBytes }: PutOrder) => {
    const number = Number(url.split("/").pop());
    await Promise.resolve();
    onBytes(Math.floor(body.size / 2));
    if (this.drops > 0) {
      this.drops -= 1;
      throw network();
    }
    this.puts.push(number);
    this.parts.set(number, body.size);
    onBytes(body.size);
  });
}

function anUpload(storage: Storage, size: number, ticket: object) {
  return new Upload({
    file: new Blob([new Uint8Array(size)]),
    attachmentId: "a1",
    ticket,
    port: storage,
    line: new Line(() => 0),
  });
}

const whole = { upload_url: "/put/1", headers: { "Content-Type": "image/jpeg" } };
const inParts = (size: number) => ({ parts: { size: PART, count: Math.ceil(size / PART) } });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function run(upload: Upload) {
  const running = upload.run();
  await vi.advanceTimersByTimeAsync(120_000);
  return running;
}

it("puts a small file in one piece, with the headers that were signed", async () => {
  const storage = new Storage();
  expect(await run(anUpload(storage, 7, whole))).toEqual({ status: "done", bytes: 7, code: null });
  expect(storage.put).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ url: "/put/1", headers: whole.headers }));
  expect(storage.complete).toHaveBeenCalledWith("a1");
});

it("asks for another right when its own has expired", async () => {
  const storage = new Storage();
  storage.put.mockRejectedValueOnce(new ApiError("ticket_expired", 403, ""));
  expect((await run(anUpload(storage, 7, whole))).status).toBe("done");
  expect(storage.put.mock.calls.map(([{ url }]) => url)).toEqual(["/put/1", "/put/again"]);
});

it("puts a large file in parts, each once, whatever their number", async () => {
  const storage = new Storage();
  expect(await run(anUpload(storage, 95, inParts(95)))).toMatchObject({ status: "done", bytes: 95 });
  expect(storage.puts.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(storage.parts.get(10)).toBe(5);
});

it("sends no part twice that is there, over cuts", async () => {
  const storage = new Storage();
  for (const number of [1, 2, 5]) storage.parts.set(number, PART);
  storage.drops = 4;
  expect((await run(anUpload(storage, 80, inParts(80)))).status).toBe("done");
  expect(storage.puts.toSorted()).toEqual([3, 4, 6, 7, 8]);
});

it("does not send a part again whose answer was lost", async () => {
  const storage = new Storage();
  const obey = storage.put.getMockImplementation();
  storage.put.mockImplementationOnce(async (order) => {
    await obey?.(order);
    throw network();
  });
  expect((await run(anUpload(storage, 50, inParts(50)))).status).toBe("done");
  expect(storage.puts.toSorted()).toEqual([1, 2, 3, 4, 5]);
});

it("counts what was there before as sent", async () => {
  const storage = new Storage();
  for (const number of [1, 2, 3]) storage.parts.set(number, PART);
  storage.put.mockImplementation(() => new Promise(() => undefined));
  const upload = anUpload(storage, 40, inParts(40));
  void upload.run();
  await vi.advanceTimersByTimeAsync(0);
  expect(upload.getSnapshot()).toMatchObject({ status: "uploading", bytes: 30 });
});

it("rests while there is no network, and goes on with it", async () => {
  const storage = new Storage();
  const onLine = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  const line = new Line(() => 0);
  const upload = new Upload({ file: new Blob(["abc"]), attachmentId: "a1", ticket: whole, port: storage, line });
  const running = upload.run();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(upload.getSnapshot().status).toBe("resting");
  onLine.mockReturnValue(true);
  line.wake();
  expect((await running).status).toBe("done");
});

it("gives up after many tries, and says why", async () => {
  const storage = new Storage();
  storage.drops = ATTEMPTS;
  expect(await run(anUpload(storage, 7, whole))).toMatchObject({ status: "failed", code: "network" });
  expect(storage.put).toHaveBeenCalledTimes(ATTEMPTS);
});

it("stays cancelled, whatever comes after", async () => {
  const storage = new Storage();
  storage.put.mockImplementation(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(network()))),
  );
  const upload = anUpload(storage, 7, whole);
  const running = upload.run();
  await vi.advanceTimersByTimeAsync(0);
  upload.cancel();
  expect((await running).status).toBe("cancelled");
  expect(storage.complete).not.toHaveBeenCalled();
});

it("sends what storage says is missing", async () => {
  const storage = new Storage();
  storage.complete.mockRejectedValueOnce(new ApiError("upload_missing", 409, ""));
  expect((await run(anUpload(storage, 7, whole))).status).toBe("done");
  expect(storage.put).toHaveBeenCalledTimes(2);
});

it("is refused for good with the server's reason", async () => {
  const storage = new Storage();
  storage.complete.mockRejectedValueOnce(new ApiError("size_mismatch", 409, ""));
  expect(await run(anUpload(storage, 7, whole))).toMatchObject({ status: "failed", code: "size_mismatch" });
});
