import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, http } from "@/api/client";
import type { OutboxPort } from "@/outbox/outbox";
import { Composer } from "@/features/composer/composer";
import type { Desk } from "@/outbox/outbox-context";
import { ToastCorner } from "@/ui/toasts";
import { aDesk, aPort, Around, said } from "./desk";
import { aConversation, aMessage } from "./shapes";

const MIB = 1024 * 1024;
const HELD: Partial<OutboxPort> = { putBytes: () => new Promise(() => undefined) };

function show(port = aPort(HELD), desk: Desk = aDesk(port)) {
  const conversation = aConversation();
  render(
    <Around desk={desk}>
      <Composer conversation={conversation} contactName="Marina" />
      <ToastCorner />
    </Around>,
  );
  return { port, desk, field: screen.getByRole("textbox", { name: "Mensagem" }) };
}

function aFile(name: string, type: string, size = 10): File {
  const file = new File(["x"], name, { type });
  Object.defineProperty(file, "size", { value: size });
  return file;
}

const texts = (port: ReturnType<typeof aPort>) => port.sendText.mock.calls.map(([order]) => order.text);
const input = (label: string) => screen.getByLabelText<HTMLInputElement>(label, { selector: "input[type=file]" });

beforeEach(() => {
  vi.restoreAllMocks();
  said.mockClear();
  URL.createObjectURL = vi.fn(() => "blob:here");
  URL.revokeObjectURL = vi.fn();
  HTMLMediaElement.prototype.load = vi.fn();
  HTMLImageElement.prototype.decode = vi.fn(() => Promise.resolve());
});

describe("the field", () => {
  it("sends with Enter, is empty again and has the focus", async () => {
    const { port, field } = show();
    await userEvent.type(field, "Bom dia{Enter}");
    expect(texts(port)).toEqual(["Bom dia"]);
    expect(field).toHaveValue("");
    expect(field).toHaveFocus();
  });

  it("begins a line with Shift+Enter", async () => {
    const { port, field } = show();
    await userEvent.type(field, "um{Shift>}{Enter}{/Shift}dois");
    expect(field).toHaveValue("um\ndois");
    await userEvent.click(screen.getByRole("button", { name: "Enviar" }));
    expect(texts(port)).toEqual(["um\ndois"]);
  });

  it("sends nothing of nothing", async () => {
    const { port, field } = show();
    await userEvent.type(field, "   {Enter}");
    expect(port.sendText).not.toHaveBeenCalled();
  });

  it("leaves Enter to a keyboard that is putting a character together", () => {
    const { port, field } = show();
    fireEvent.change(field, { target: { value: "nihon" } });
    fireEvent.keyDown(field, { key: "Enter", isComposing: true });
    expect(port.sendText).not.toHaveBeenCalled();
  });

  it("keeps a draft for each conversation", async () => {
    const desk = aDesk(aPort());
    desk.drafts.write("c2", "outra conversa");
    const { field } = show(undefined, desk);
    await userEvent.type(field, "quase pronto");
    expect([desk.drafts.of("c1").text, desk.drafts.of("c2").text]).toEqual(["quase pronto", "outra conversa"]);
  });

  it("says that somebody is typing, not at every letter, and when it is over", async () => {
    const { field } = show();
    await userEvent.type(field, "oi tudo bem{Enter}");
    expect(said.mock.calls.map(([message]) => (message as { state: string }).state)).toEqual(["composing", "paused"]);
  });

  it("takes an emoji where the cursor is", async () => {
    const { field } = show();
    await userEvent.type(field, "olá");
    await userEvent.click(screen.getByRole("button", { name: "Emojis" }));
    await userEvent.type(await screen.findByRole("searchbox", { name: "Buscar emoji" }), "joinha");
    await userEvent.click(screen.getByRole("button", { name: /polegar para cima/ }));
    expect(field).toHaveValue(`olá${String.fromCodePoint(0x1f44d)}`);
  });
});

describe("a reply", () => {
  it("says to whom, quotes and is left with Escape", async () => {
    const { port, desk, field } = show();
    act(() => desk.drafts.reply(aMessage({ id: "m7", text: "Tem horário?" })));
    expect(screen.getByRole("group", { name: "Resposta a Marina" })).toHaveTextContent("Tem horário?");
    expect(field).toHaveFocus();
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("group", { name: "Resposta a Marina" })).not.toBeInTheDocument();
    act(() => desk.drafts.reply(aMessage({ id: "m7", text: "Tem horário?" })));
    await userEvent.type(field, "Temos{Enter}");
    expect(port.sendText).toHaveBeenCalledWith(expect.objectContaining({ text: "Temos", quotedId: "m7" }));
    expect(screen.queryByRole("group", { name: "Resposta a Marina" })).not.toBeInTheDocument();
  });
});

describe("an edit", () => {
  const sent = aMessage({ id: "m8", direction: "outgoing", text: "as 15h" });

  it("puts the words in the field, saves them and gives the draft back", async () => {
    const patch = vi.spyOn(http, "patch").mockResolvedValue({ data: {} });
    const { desk, field } = show();
    await userEvent.type(field, "rascunho");
    act(() => desk.drafts.edit(sent));
    expect(field).toHaveValue("as 15h");
    await userEvent.clear(field);
    await userEvent.type(field, "às 16h{Enter}");
    expect(patch).toHaveBeenCalledWith("chat/messages/m8/", { text: "às 16h" });
    await waitFor(() => expect(field).toHaveValue("rascunho"));
  });

  it("that is refused says why and keeps the words", async () => {
    vi.spyOn(http, "patch").mockRejectedValue(new ApiError("too_late", 409, ""));
    const { desk, field } = show();
    act(() => desk.drafts.edit(sent));
    await userEvent.type(field, "!{Enter}");
    expect(await screen.findByText("O prazo do WhatsApp para isto já passou.")).toBeInTheDocument();
    expect(field).toHaveValue("as 15h!");
  });
});

describe("files", () => {
  it("are cards with a name, a size and a caption, and go in the order chosen", async () => {
    const { port } = show();
    await userEvent.upload(input("Fotos e vídeos"), [aFile("1.jpg", "image/jpeg", 2 * MIB), aFile("2.mp4", "video/mp4")]);
    await userEvent.upload(input("Documentos"), [aFile("3.pdf", "application/pdf")]);
    const tray = screen.getByRole("list", { name: "Arquivos escolhidos" });
    expect(within(tray).getAllByRole("listitem").map((card) => card.getAttribute("aria-label"))).toEqual(["1.jpg", "2.mp4", "3.pdf"]);
    expect(tray).toHaveTextContent("2 MB");
    await userEvent.type(screen.getByLabelText("Legenda de 2.mp4"), "o vídeo");
    await userEvent.click(screen.getByRole("button", { name: "Enviar 3 arquivos" }));
    await waitFor(() => expect(port.askUpload).toHaveBeenCalledTimes(3));
    expect(port.askUpload.mock.calls.map(([{ name, caption }]) => [name, caption])).toEqual([
      ["1.jpg", ""],
      ["2.mp4", "o vídeo"],
      ["3.pdf", ""],
    ]);
    expect(screen.queryByRole("list", { name: "Arquivos escolhidos" })).not.toBeInTheDocument();
  });

  it("that are too large or not allowed say so before a byte leaves, and stay", async () => {
    const { port } = show();
    const user = userEvent.setup({ applyAccept: false });
    await user.upload(input("Documentos"), [
      aFile("grande.pdf", "application/pdf", 26 * MIB),
      aFile("virus.exe", "application/x-msdownload"),
      aFile("vazio.txt", "text/plain", 0),
    ]);
    expect(screen.getAllByRole("alert").map((alert) => alert.textContent)).toEqual([
      "Arquivo muito grande. Máximo: 25 MB",
      "Tipo de arquivo não permitido.",
      "O arquivo veio vazio.",
    ]);
    expect(screen.getByRole("button", { name: "Enviar" })).toBeDisabled();
    await user.upload(input("Fotos e vídeos"), aFile("boa.jpg", "image/jpeg"));
    await user.click(screen.getByRole("button", { name: "Enviar 1 arquivo" }));
    expect(port.askUpload).toHaveBeenCalledOnce();
    expect(screen.getAllByRole("listitem")).toHaveLength(3);
    await user.click(screen.getByRole("button", { name: "Remover virus.exe" }));
    expect(screen.queryByText("Tipo de arquivo não permitido.")).not.toBeInTheDocument();
  });

  it("take the words of the field as the first caption", async () => {
    const { port, field } = show();
    await userEvent.upload(input("Fotos e vídeos"), [aFile("1.jpg", "image/jpeg")]);
    await userEvent.type(field, "veja isto{Enter}");
    expect(port.askUpload).toHaveBeenCalledWith(expect.objectContaining({ name: "1.jpg", caption: "veja isto" }));
    expect(port.sendText).not.toHaveBeenCalled();
  });

  it("are pasted", () => {
    const { field } = show();
    fireEvent.paste(field, { clipboardData: { files: [aFile("image.png", "image/png")], types: ["Files"] } });
    expect(screen.getByRole("listitem", { name: "image.png" })).toBeInTheDocument();
  });

  it("are not pasted with words that bring a picture of themselves", () => {
    const { field } = show();
    const files = [aFile("image.png", "image/png")];
    fireEvent.paste(field, { clipboardData: { files, types: ["text/plain", "text/html", "Files"], getData: () => "" } });
    expect(screen.queryByRole("listitem")).not.toBeInTheDocument();
  });

  it("are dropped, and where they go is shown meanwhile", () => {
    show();
    const dataTransfer = { types: ["Files"], files: [aFile("solto.pdf", "application/pdf")], dropEffect: "none" };
    fireEvent.dragEnter(window, { dataTransfer });
    expect(screen.getByText("Solte para anexar")).toBeInTheDocument();
    fireEvent.drop(window, { dataTransfer });
    expect(screen.queryByText("Solte para anexar")).not.toBeInTheDocument();
    expect(screen.getByRole("listitem", { name: "solto.pdf" })).toBeInTheDocument();
  });

  it("are chosen from a menu of three", async () => {
    show();
    await userEvent.click(screen.getByRole("button", { name: "Anexar" }));
    const items = screen.getAllByRole("menuitem").map((item) => item.textContent);
    expect(items).toEqual(["Fotos e vídeos", "Documentos", "Áudio"]);
  });
});
