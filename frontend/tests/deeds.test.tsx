import { act, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, http } from "@/api/client";
import type { Message } from "@/api/wire.gen";
import { MediaPreview } from "@/features/media/media-preview";
import { MediaProvider } from "@/features/media/media-provider";
import { MessageBubble } from "@/features/thread/message-bubble";
import { deedsFor } from "@/features/thread/permissions";
import type { Desk } from "@/outbox/outbox-context";
import { progressStore } from "@/realtime/progress";
import { ToastCorner } from "@/ui/toasts";
import { aDesk, aPort, Around } from "./desk";
import { aMessage, anAttachment } from "./shapes";

const now = Date.parse("2026-11-20T12:00:00.000Z");
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const mine = (over: Partial<Message> = {}) =>
  aMessage({
    direction: "outgoing",
    status: "sent",
    provider_id: "W1",
    author: { id: "u1", name: "Ana" },
    sent_at: new Date().toISOString(),
    ...over,
  });

function show(message: Message, desk: Desk = aDesk()) {
  render(
    <Around desk={desk}>
      <MessageBubble
        message={message}
        place="first"
        contactName="Marina"
        party="person"
        renderMedia={(slot) => (
          <MediaProvider>
            <MediaPreview {...slot} />
          </MediaProvider>
        )}
      />
      <ToastCorner />
    </Around>,
  );
  return desk;
}

const open = () => userEvent.click(screen.getByRole("button", { name: "Opções da mensagem" }));
const items = () => screen.getAllByRole("menuitem").flatMap((item) => item.textContent.match(/\p{L}+.*/u)?.[0] ?? []);

beforeEach(() => {
  vi.restoreAllMocks();
});

describe("what may be done", () => {
  it.each([
    ["a customer's message", aMessage({ provider_id: "W1" }), ["copy", "reply", "react"]],
    ["one's own fresh text", mine({ sent_at: ago(14) }), ["copy", "reply", "react", "edit", "delete"]],
    ["one's own older text", mine({ sent_at: ago(16) }), ["copy", "reply", "react", "delete"]],
    ["a colleague's text", mine({ author: { id: "u2", name: "Bruno" }, sent_at: ago(1) }), ["copy", "reply", "react", "delete"]],
    ["a very old text", mine({ sent_at: ago(61 * 60) }), ["copy", "reply", "react"]],
    ["what has not left", mine({ provider_id: "", status: "queued" }), ["copy", "cancel", "reply"]],
    ["what only this page knows", mine({ id: "x", client_id: "x", provider_id: "", status: "waiting" }), ["copy", "cancel"]],
    ["what was deleted", mine({ deleted_at: ago(1) }), []],
  ])("with %s", (_, message, deeds) => {
    expect([...deedsFor(message, "u1", now)]).toEqual(deeds);
  });
});

describe("the menu of a message", () => {
  it("replies", async () => {
    const desk = show(aMessage({ provider_id: "W1" }));
    await open();
    expect(items()).toEqual(["Responder", "Copiar"]);
    await userEvent.click(screen.getByRole("menuitem", { name: "Responder" }));
    expect(desk.drafts.of("c1").purpose).toMatchObject({ name: "write", reply: { id: "m1" } });
  });

  it("opens by keyboard and by a long press", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    show(aMessage({ provider_id: "W1" }));
    screen.getByRole("button", { name: "Opções da mensagem" }).focus();
    await userEvent.keyboard("{Enter}");
    expect(screen.getByRole("menu")).toBeInTheDocument();
    await userEvent.keyboard("{Escape}");
    fireEvent.pointerDown(screen.getByRole("article"), { pointerType: "touch" });
    act(() => void vi.advanceTimersByTime(500));
    expect(screen.getByRole("menu")).toBeInTheDocument();
    vi.useRealTimers();
  });

  it("reacts, and takes a reaction back", async () => {
    const put = vi.spyOn(http, "put").mockResolvedValue({ data: {} });
    const heart = String.fromCodePoint(0x2764, 0xfe0f);
    show(aMessage({ provider_id: "W1", reactions: [{ emoji: heart, by: "Ana" }] }));
    await open();
    await userEvent.click(screen.getByRole("menuitem", { name: `Tirar a reação ${heart}` }));
    expect(put).toHaveBeenLastCalledWith("chat/messages/m1/reaction/", { emoji: "" });
    await open();
    await userEvent.click(screen.getByRole("menuitem", { name: "Mais reações" }));
    await userEvent.type(await screen.findByRole("searchbox", { name: "Buscar emoji" }), "festa{Enter}");
    expect(put).toHaveBeenLastCalledWith("chat/messages/m1/reaction/", { emoji: expect.stringMatching(/\p{Emoji}/u) as string });
  });

  it("asks before it deletes for everyone", async () => {
    const del = vi.spyOn(http, "delete").mockResolvedValue({ data: {} });
    show(mine());
    await open();
    await userEvent.click(screen.getByRole("menuitem", { name: "Apagar para todos" }));
    expect(screen.getByRole("alertdialog", { name: "Apagar para todos?" })).toBeInTheDocument();
    expect(del).not.toHaveBeenCalled();
    await userEvent.click(screen.getByRole("button", { name: "Apagar" }));
    expect(del).toHaveBeenCalledWith("chat/messages/m1/");
  });

  it("says what the server refused", async () => {
    vi.spyOn(http, "put").mockRejectedValue(new ApiError("instance_disconnected", 409, ""));
    const thumb = String.fromCodePoint(0x1f44d);
    show(aMessage({ provider_id: "W1" }));
    await open();
    await userEvent.click(screen.getByRole("menuitem", { name: `Reagir com ${thumb}` }));
    expect(await screen.findByText(/O WhatsApp está desconectado/)).toBeInTheDocument();
  });
});

describe("a bubble that goes out", () => {
  const parcel = anAttachment({ status: "pending", file_url: "", thumbnail_url: "" });

  it("names the colleague, and says so while it is on its way", () => {
    show(mine({ author: { id: "u2", name: "Bruno" }, status: "queued" }));
    expect(screen.getByRole("article")).toHaveTextContent("Bruno está enviando");
  });

  it("has no name over what one wrote oneself", () => {
    show(mine());
    expect(screen.queryByText("Ana")).not.toBeInTheDocument();
  });

  it("shows a colleague's upload and cancels it", async () => {
    const post = vi.spyOn(http, "post").mockResolvedValue({ data: {} });
    show(mine({ kind: "image", text: "", status: "waiting", provider_id: "", attachment: parcel }));
    const shared = { attachment_id: "a1", message_id: "m1", conversation_id: "c1", direction: "outgoing" } as const;
    act(() => progressStore.put({ type: "upload_progress", ...shared, stage: "uploading", bytes: 42, total: 100, percent: 42 }));
    expect(screen.getByRole("progressbar", { name: "Enviando foto.jpg" })).toHaveAttribute("aria-valuenow", "42");
    await userEvent.click(screen.getByRole("button", { name: "Cancelar o envio de foto.jpg" }));
    expect(post).toHaveBeenCalledWith("chat/messages/m1/cancel/");
    act(() => progressStore.forget("a1"));
  });

  it("says why it is held back, and can be cancelled meanwhile", async () => {
    const post = vi.spyOn(http, "post").mockResolvedValue({ data: {} });
    show(mine({ status: "waiting", provider_id: "", error: { code: "instance_disconnected", detail: "" } }));
    expect(screen.getByRole("article")).toHaveTextContent("A mensagem sai quando ele voltar");
    await userEvent.click(screen.getByRole("button", { name: "Cancelar" }));
    expect(post).toHaveBeenCalledWith("chat/messages/m1/cancel/");
  });

  it("says once why it failed", () => {
    const error = { code: "upload_abandoned", detail: "" };
    show(mine({ kind: "image", text: "", status: "failed", error, attachment: { ...parcel, status: "failed", error } }));
    expect(screen.getAllByRole("alert")).toHaveLength(1);
    expect(screen.getByRole("alert")).toHaveTextContent("foi interrompido");
    expect(screen.queryByRole("progressbar")).not.toBeInTheDocument();
  });

  it("that never reached the server is tried again here, or thrown away", async () => {
    const port = aPort();
    port.sendText.mockRejectedValueOnce(new ApiError("conversation_moved_on", 409, ""));
    const desk = aDesk(port);
    desk.outbox.sendText("c1", "oi", null);
    await act(() => Promise.resolve());
    const clientId = desk.outbox.pending("c1")[0]?.clientId ?? "";
    const error = { code: "conversation_moved_on", detail: "" };
    show(mine({ id: clientId, client_id: clientId, status: "failed", provider_id: "", error }), desk);
    expect(screen.getByRole("button", { name: "Descartar" })).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Tentar de novo" }));
    expect(port.sendText.mock.calls.map(([order]) => order.clientId)).toEqual([clientId, clientId]);
  });
});

describe("a file that would expire", () => {
  const kept = (over: Parameters<typeof anAttachment>[0] = {}) =>
    aMessage({ kind: "image", text: "", attachment: anAttachment({ expires_at: "2026-12-20T15:00:00.000Z", ...over }) });

  it("is kept by the menu, which says until when it would be", async () => {
    const post = vi.spyOn(http, "post").mockResolvedValue({ data: anAttachment({ pinned: true }) });
    show(kept());
    expect(screen.queryByRole("img", { name: "Mantido: não expira" })).not.toBeInTheDocument();
    await open();
    expect(screen.getByText("Expira em 20 de dez. de 2026")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("menuitem", { name: "Manter arquivo" }));
    expect(post).toHaveBeenCalledWith("chat/attachments/a1/pin/", { pinned: true });
  });

  it("bears a mark while it is kept, and is let go by the menu", async () => {
    const post = vi.spyOn(http, "post").mockResolvedValue({ data: anAttachment() });
    show(kept({ pinned: true }));
    expect(screen.getByRole("img", { name: "Mantido: não expira" })).toHaveAttribute("title", expect.stringContaining("20 de dez."));
    await open();
    await userEvent.click(screen.getByRole("menuitem", { name: "Deixar expirar" }));
    expect(post).toHaveBeenCalledWith("chat/attachments/a1/pin/", { pinned: false });
  });

  it("cannot be kept when it is gone", async () => {
    show(kept({ status: "expired" }));
    await open();
    expect(screen.queryByRole("menuitem", { name: "Manter arquivo" })).not.toBeInTheDocument();
  });
});
