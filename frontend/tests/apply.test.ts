import { describe, expect, it } from "vitest";
import { allOf } from "@/api/pages";
import type { DurableEvent, Message } from "@/api/wire.gen";
import { applyToAttachment, applyToConversation, applyToConversations, applyToMe, applyToMessages, moved } from "@/realtime/apply";
import { aConversation, aMessage, anAttachment, pagesOf } from "./shapes";

const at = (minute: number) => `2026-11-20T10:${String(minute).padStart(2, "0")}:00.000Z`;
const ids = (data: Parameters<typeof allOf<Message>>[0]) => allOf(data).map(({ id }) => id);

describe("messages", () => {
  const older = aMessage({ id: "m1", sent_at: at(1) });
  const newer = aMessage({ id: "m2", sent_at: at(2) });
  const loaded = pagesOf([newer, older]);

  it.each(["message_received", "message_sent", "message_created"] as const)("%s comes in at its time", (type) => {
    const message = aMessage({ id: "m3", sent_at: at(3) });
    const event: DurableEvent = { type, message, conversation: aConversation() };
    expect(ids(applyToMessages(loaded, "c1", event))).toEqual(["m3", "m2", "m1"]);
  });

  it("puts a late message between those it was sent between", () => {
    const message = aMessage({ id: "m9", sent_at: "2026-11-20T10:01:30.000Z" });
    const event: DurableEvent = { type: "message_received", message, conversation: aConversation() };
    expect(ids(applyToMessages(loaded, "c1", event))).toEqual(["m2", "m9", "m1"]);
  });

  it("changes nothing by being applied twice", () => {
    const message = aMessage({ id: "m3", sent_at: at(3) });
    const event: DurableEvent = { type: "message_received", message, conversation: aConversation() };
    const once = applyToMessages(loaded, "c1", event);
    expect(ids(applyToMessages(once, "c1", event))).toEqual(ids(once));
  });

  it("leaves another conversation alone", () => {
    const message = aMessage({ id: "m3", conversation_id: "c2" });
    const event: DurableEvent = { type: "message_received", message, conversation: aConversation({ id: "c2" }) };
    expect(applyToMessages(loaded, "c1", event)).toBe(loaded);
  });

  it("leaves out what belongs behind the last loaded page", () => {
    const partly = pagesOf([newer], [older]);
    partly.pages.pop();
    const message = aMessage({ id: "m0", sent_at: at(0) });
    const event: DurableEvent = { type: "message_received", message, conversation: aConversation() };
    expect(ids(applyToMessages(partly, "c1", event))).toEqual(["m2"]);
  });

  it("knows its own message by the client's id", () => {
    const mine = aMessage({ id: "temp", client_id: "x", direction: "outgoing", status: "waiting", sent_at: at(3) });
    const real = { ...mine, id: "m3", status: "queued" as const };
    const event: DurableEvent = { type: "message_created", message: real, conversation: aConversation() };
    expect(ids(applyToMessages(pagesOf([mine, older]), "c1", event))).toEqual(["m3", "m1"]);
  });

  it("moves ticks forward only", () => {
    const sent = pagesOf([aMessage({ id: "m1", status: "read", direction: "outgoing" })]);
    const event = { type: "message_status", message_id: "m1", conversation_id: "c1", error: null } as const;
    expect(allOf(applyToMessages(sent, "c1", { ...event, status: "delivered" }))[0]?.status).toBe("read");
    expect(allOf(applyToMessages(sent, "c1", { ...event, status: "played" }))[0]?.status).toBe("played");
    expect(moved("failed", "queued")).toBe("queued");
    expect(moved("sending", "failed")).toBe("failed");
  });

  it("carries why a message failed", () => {
    const error = { code: "gateway_down", detail: "" };
    const event: DurableEvent = { type: "message_status", message_id: "m1", conversation_id: "c1", status: "failed", error };
    const [message] = allOf(applyToMessages(pagesOf([older]), "c1", event));
    expect(message).toMatchObject({ status: "failed", error });
  });

  it.each(["message_edited", "message_deleted", "message_reaction"] as const)("%s replaces the message", (type) => {
    const message = { ...older, text: "outro", reactions: [{ emoji: "x", by: "Marina" }] };
    expect(allOf(applyToMessages(loaded, "c1", { type, message }))[1]).toEqual(message);
  });

  it.each(["attachment_ready", "attachment_failed"] as const)("%s reaches every message with that file", (type) => {
    const pending = anAttachment({ status: "processing" });
    const data = pagesOf([aMessage({ id: "m2", attachment: pending }), newer], [aMessage({ id: "m1", attachment: pending })]);
    const attachment = anAttachment({ status: type === "attachment_ready" ? "completed" : "failed" });
    const event: DurableEvent = { type, attachment, message_id: "m2", conversation_id: "c1" };
    const after = allOf(applyToMessages(data, "c1", event));
    expect(after.map((message) => message.attachment?.status)).toEqual([attachment.status, undefined, attachment.status]);
  });

  it("ignores what it does not know", () => {
    const event = { type: "message_translated", message: older } as unknown as DurableEvent;
    expect(applyToMessages(loaded, "c1", event)).toBe(loaded);
  });
});

describe("conversations", () => {
  const first = aConversation({ id: "c1", last_message_at: at(5) });
  const second = aConversation({ id: "c2", last_message_at: at(4), contact: { ...first.contact, id: "k2" } });
  const list = pagesOf([first, second]);

  it("lifts the one that was written in", () => {
    const conversation = { ...second, last_message_at: at(6), unread: 1 };
    const event: DurableEvent = { type: "message_received", message: aMessage({ conversation_id: "c2" }), conversation };
    const after = allOf(applyToConversations(list, "", event));
    expect(after.map(({ id, unread }) => [id, unread])).toEqual([
      ["c2", 1],
      ["c1", 0],
    ]);
  });

  it("takes in a new one, but not into a searched list", () => {
    const conversation = aConversation({ id: "c3", last_message_at: at(9) });
    const event: DurableEvent = { type: "conversation_updated", conversation };
    expect(allOf(applyToConversations(list, "", event)).map(({ id }) => id)).toEqual(["c3", "c1", "c2"]);
    expect(applyToConversations(list, "marina", event)).toBe(list);
  });

  it("keeps its last message up to date", () => {
    const attachment = anAttachment({ status: "processing" });
    const conversation = { ...first, last_message: aMessage({ id: "m1", attachment }) };
    const ready: DurableEvent = {
      type: "attachment_ready",
      attachment: anAttachment(),
      message_id: "m1",
      conversation_id: "c1",
    };
    expect(applyToConversation(conversation, ready).last_message?.attachment?.status).toBe("completed");
  });

  it("renames a contact wherever it stands", () => {
    const contact = { ...second.contact, name: "Outra", profile_pic_url: "/x" };
    const after = allOf(applyToConversations(list, "", { type: "contact_updated", contact }));
    expect(after.map((one) => one.contact.name)).toEqual(["Marina Alves", "Outra"]);
    expect(after[1]?.profile_pic_url).toBe("/x");
  });
});

describe("the session", () => {
  it("learns how its numbers do", () => {
    const instance = { id: "i1", name: "Recepção", state: "closed", since: at(1) } as const;
    const me = {
      user: { id: "u1", name: "Ana", email: "ana@example.com" },
      tenant: { id: "t1", name: "Acme", role: "owner" as const },
      tenants: [],
      instances: [{ ...instance, state: "open" as const }],
      limits: {},
      seq: 1,
    };
    expect(applyToMe(me, { type: "instance_updated", instance }).instances).toEqual([instance]);
    const other = { ...instance, id: "i2" };
    expect(applyToMe(me, { type: "instance_updated", instance: other }).instances).toHaveLength(2);
  });
});

describe("files", () => {
  const image = (status: "completed" | "expired") => aMessage({ kind: "image", attachment: anAttachment({ status }) });
  const told = (status: "completed" | "expired", type: string = "attachment_failed") =>
    ({ type, attachment: anAttachment({ status }), message_id: "m1", conversation_id: "c1" }) as DurableEvent;
  const after = (message: Message, event: DurableEvent) => allOf(applyToMessages(pagesOf([message]), "c1", event))[0]?.attachment?.status;

  it("expire while they are shown", () => {
    expect(after(image("completed"), told("expired"))).toBe("expired");
    expect(applyToAttachment(anAttachment(), told("expired")).status).toBe("expired");
  });

  it("expire by an event whose name is not known yet", () => {
    expect(after(image("completed"), told("expired", "attachment_vanished"))).toBe("expired");
    expect(applyToAttachment(anAttachment(), told("expired", "attachment_vanished")).status).toBe("expired");
  });

  it("are not brought back by an answer that was late", () => {
    expect(after(image("expired"), told("completed", "attachment_ready"))).toBe("expired");
    expect(applyToAttachment(anAttachment({ status: "expired" }), told("completed")).status).toBe("expired");
  });

  it("leave other files alone", () => {
    const other = { ...told("expired"), attachment: anAttachment({ id: "a2", status: "expired" }) } as DurableEvent;
    expect(after(image("completed"), other)).toBe("completed");
    expect(applyToAttachment(anAttachment(), other)).toEqual(anAttachment());
  });
});
