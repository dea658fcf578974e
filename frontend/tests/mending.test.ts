import { beforeEach, expect, it, vi } from "vitest";
import type { Sight } from "@/api/chat";
import { ApiError } from "@/api/client";
import type { Attachment } from "@/api/wire.gen";
import { addressIn, Mender, PATIENCE_MS, type World } from "@/features/media/mending";
import { anAttachment } from "./shapes";

const PATH = "/api/chat/attachments/a1/thumbnail/";
const HERE: Sight = { name: "here" };
const GONE: Sight = { name: "gone" };

const world = { read: vi.fn<World["read"]>(), look: vi.fn<World["look"]>(), wait: vi.fn<World["wait"]>() };
let mender: Mender;

beforeEach(() => {
  world.read.mockReset().mockResolvedValue(anAttachment());
  world.look.mockReset().mockResolvedValue(HERE);
  world.wait.mockReset().mockResolvedValue(undefined);
  mender = new Mender(world);
});

async function fail(src = PATH): Promise<void> {
  mender.failed("a1", src);
  await vi.waitFor(() => expect(mender.get("a1").name).not.toBe("looking"));
}

const rowIs = (status: Attachment["status"]) => world.read.mockResolvedValue(anAttachment({ status }));

it("loads a file anew by an address that no cache knows", async () => {
  await fail();
  expect(mender.get("a1")).toEqual({ name: "well", round: 1 });
  expect(addressIn(1, PATH)).toBe(`${PATH}?again=1`);
  expect(addressIn(0, PATH)).toBe(PATH);
  expect(addressIn(1, "data:image/png;base64,")).toBe("data:image/png;base64,");
});

it("leaves a file that is being fetched again to its own state", async () => {
  rowIs("processing");
  await fail();
  expect(world.look).not.toHaveBeenCalled();
  expect(mender.get("a1")).toEqual({ name: "well", round: 1 });
});

it("waits as long as a storage that is away asks for", async () => {
  world.look.mockResolvedValueOnce({ name: "away", afterMs: 7_000 }).mockResolvedValueOnce({ name: "away", afterMs: 0 });
  await fail();
  expect(world.wait.mock.calls).toEqual([[7_000], [PATIENCE_MS[1]]]);
  expect(mender.get("a1").name).toBe("well");
});

it("asks again what the server makes of a file that is gone", async () => {
  world.look.mockResolvedValueOnce(GONE);
  world.read.mockResolvedValueOnce(anAttachment()).mockResolvedValueOnce(anAttachment({ status: "processing" }));
  await fail();
  expect(world.read).toHaveBeenCalledTimes(2);
  expect(mender.get("a1").name).toBe("well");
});

it("gives up after a while, and tries again when it is told to", async () => {
  world.look.mockResolvedValue(GONE);
  await fail();
  expect(world.wait).toHaveBeenCalledTimes(PATIENCE_MS.length);
  expect(mender.get("a1")).toEqual({ name: "lost", round: 0, code: "not_loaded" });
  mender.retry("a1");
  expect(mender.get("a1")).toEqual({ name: "well", round: 1 });
});

it("survives a line that is cut meanwhile", async () => {
  world.read.mockRejectedValueOnce(new ApiError("network", 0, ""));
  await fail();
  expect(mender.get("a1").name).toBe("well");
});

it("does not go on about a file that is not the reader's", async () => {
  world.read.mockRejectedValue(new ApiError("no_such_attachment", 404, ""));
  await fail();
  expect(world.read).toHaveBeenCalledTimes(1);
  expect(mender.get("a1")).toMatchObject({ name: "lost", code: "not_loaded" });
});

it("says of a file that is well twice, and still does not show, that the browser cannot show it", async () => {
  await fail();
  await fail(`${PATH}?again=1`);
  expect(mender.get("a1")).toMatchObject({ name: "lost", code: "not_shown" });
});

it("does not hold against a file what it has been seen to get over", async () => {
  await fail();
  mender.loaded("a1");
  await fail(`${PATH}?again=1`);
  expect(mender.get("a1")).toEqual({ name: "well", round: 2 });
});

it("asks once however many pictures of a file fail, and not for one that is old news", async () => {
  mender.failed("a1", PATH);
  await fail("/api/chat/attachments/a1/download/");
  mender.failed("a1", PATH);
  expect(world.read).toHaveBeenCalledTimes(1);
  expect(mender.get("a1")).toEqual({ name: "well", round: 1 });
});

it("shows a file that arrives while it waits, or after it gave up", async () => {
  world.look.mockResolvedValue(GONE);
  world.wait.mockReturnValueOnce(new Promise(() => undefined));
  mender.failed("a1", PATH);
  await vi.waitFor(() => expect(world.wait).toHaveBeenCalled());
  mender.arrived("a1");
  expect(mender.get("a1")).toEqual({ name: "well", round: 1 });
  await fail(`${PATH}?again=1`);
  mender.arrived("a1");
  expect(mender.get("a1")).toEqual({ name: "well", round: 2 });
  mender.arrived("a2");
  expect(mender.get("a2")).toEqual({ name: "well", round: 0 });
});
