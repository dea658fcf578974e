import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { http } from "@/api/client";
import type { Message } from "@/api/wire.gen";
import { MediaProvider } from "@/features/media/media-provider";
import { MediaPreview } from "@/features/media/media-preview";
import { keys } from "@/api/keys";
import { putAttachment } from "@/realtime/feed";
import { progressStore } from "@/realtime/progress";
import { aMessage, anAttachment, pagesOf } from "./shapes";

function show(message: Message) {
  const client = new QueryClient();
  client.setQueryData(keys.messages("c1"), pagesOf([message, aMessage({ id: "m0", kind: "image", attachment: anAttachment({ id: "a0", file_name: "antes.jpg" }) })]));
  const tree = (shown: Message) => (
    <QueryClientProvider client={client}>
      <MediaProvider>
        <MediaPreview message={shown} from="Marina" footer={null} />
      </MediaProvider>
    </QueryClientProvider>
  );
  const { rerender } = render(tree(message));
  const put = (next: Message) => {
    if (next.attachment) putAttachment(client, next.attachment);
  };
  const say = (next: Message) => act(() => void client.setQueryData(keys.messages("c1"), pagesOf([next, message])));
  return { update: (next: Message) => rerender(tree(next)), put, say };
}

const image = (over: Parameters<typeof anAttachment>[0] = {}) =>
  aMessage({ kind: "image", text: "", attachment: anAttachment({ metadata: { width: 1200, height: 900 }, ...over }) });

beforeEach(() => {
  vi.restoreAllMocks();
  progressStore.forget("a1");
  HTMLMediaElement.prototype.play = vi.fn(function (this: HTMLMediaElement) {
    this.dispatchEvent(new Event("play"));
    return Promise.resolve();
  });
  HTMLMediaElement.prototype.pause = vi.fn(function (this: HTMLMediaElement) {
    this.dispatchEvent(new Event("pause"));
  });
});

it("keeps the picture's own proportions before it is here", () => {
  show(image({ status: "processing", file_url: "", thumbnail_url: "" }));
  const box = screen.getByRole("progressbar").closest<HTMLElement>("[style*=aspect-ratio]");
  expect(Number(box?.style.aspectRatio)).toBeCloseTo(4 / 3);
});

it("shows how far a download is", () => {
  show(image({ status: "processing" }));
  act(() =>
    progressStore.put({
      type: "upload_progress",
      attachment_id: "a1",
      message_id: "m1",
      conversation_id: "c1",
      direction: "incoming",
      stage: "downloading",
      bytes: 42,
      total: 100,
      percent: 42,
    }),
  );
  expect(screen.getByRole("progressbar", { name: "Baixando foto.jpg" })).toHaveAttribute("aria-valuenow", "42");
});

it("says why a file failed and tries it again", async () => {
  const post = vi.spyOn(http, "post").mockResolvedValue({ data: {} });
  const failed = image({ status: "failed", error: { code: "media_gone", detail: "gone" } });
  const { update } = show(failed);
  expect(screen.getByRole("alert")).toHaveTextContent("O WhatsApp não tem mais este arquivo");
  await userEvent.click(screen.getByRole("button", { name: "Tentar de novo" }));
  expect(post).toHaveBeenCalledWith("chat/attachments/a1/retry/");
  expect(screen.getByRole("progressbar")).toBeInTheDocument();
  update(image());
  expect(screen.getByRole("img", { name: "Foto de Marina" })).toBeInTheDocument();
});

it("says what a code means that it does not know", () => {
  show(image({ status: "failed", error: { code: "moon_phase", detail: "" } }));
  expect(screen.getByRole("alert")).toHaveTextContent("Algo deu errado (moon_phase).");
});

const gone = { status: "expired", expires_at: "2026-10-20T15:00:00.000Z", file_url: "", thumbnail_url: "" } as const;

it("says since when a file is expired, and asks for it once more", async () => {
  const post = vi.spyOn(http, "post").mockResolvedValue({ data: {} });
  show(image(gone));
  expect(screen.getByText("Expirado em 20 de out. de 2026")).toBeInTheDocument();
  expect(screen.getByText("2 KB")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Pedir para reenviar" }));
  expect(post).toHaveBeenCalledWith("chat/messages/m1/ask-again/");
  expect(await screen.findByText("Pedido enviado")).toBeInTheDocument();
});

it.each([
  ["a colleague has asked today", 1, "Pedido enviado"],
  ["it was asked for two days ago", 48, "Pedir para reenviar"],
])("knows by the thread that %s", async (_, hoursAgo, said) => {
  const { say } = show(image(gone));
  const sentAt = new Date(Date.now() - hoursAgo * 3600_000).toISOString();
  say(aMessage({ id: "m7", client_id: "again:m1:0", direction: "outgoing", status: "sent", sent_at: sentAt }));
  expect(await screen.findByText(said)).toBeInTheDocument();
});

it("asks for a file that nobody has any more, and keeps its name", () => {
  const error = { code: "gone_everywhere", detail: "" };
  show(aMessage({ kind: "document", attachment: anAttachment({ ...gone, status: "failed", error, file_name: "laudo.pdf" }) }));
  expect(screen.getByText(/não existe mais/)).toBeInTheDocument();
  expect(screen.getByTitle("laudo.pdf")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Pedir para reenviar" })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Tentar de novo" })).not.toBeInTheDocument();
});

it("shows in the viewer what became of the picture that is looked at", async () => {
  const { put } = show(image());
  await userEvent.click(screen.getByRole("button", { name: "Abrir a foto" }));
  put(image(gone));
  const viewer = screen.getByRole("dialog");
  expect(await within(viewer).findByText("Expirado em 20 de out. de 2026")).toBeInTheDocument();
  expect(viewer).toHaveTextContent("2 de 2");
  expect(within(viewer).queryByRole("link", { name: "Baixar" })).not.toBeInTheDocument();
  await userEvent.keyboard("{ArrowLeft}");
  expect(within(viewer).getByRole("img", { name: "antes.jpg" })).toBeInTheDocument();
});

it("looks after a picture that does not load, and shows it when it is back", async () => {
  vi.spyOn(http, "get").mockResolvedValue({ data: image({ status: "processing" }).attachment });
  const { update } = show(image());
  fireEvent.error(screen.getByRole("img", { name: "Foto de Marina" }));
  expect(screen.getByText(/^Buscando de novo…/)).toBeInTheDocument();
  update(image({ status: "processing", file_url: "", thumbnail_url: "" }));
  expect(await screen.findByText(/^Buscando de novo…/)).toBeInTheDocument();
  update(image());
  const picture = await screen.findByRole("img", { name: "Foto de Marina" });
  expect(picture).toHaveAttribute("src", "/api/chat/attachments/a1/thumbnail/?again=1");
});

it("has the pixels of a picture that is small enough where the screen has them", () => {
  show(image({ size_bytes: 180_000, metadata: { width: 1600, height: 1200 } }));
  const picture = () => screen.getByRole("img", { name: "Foto de Marina" });
  expect(picture()).toHaveAttribute("srcset", expect.stringContaining("/api/chat/attachments/a1/download/ 2x"));
});

it("does not load a camera's whole picture for a thumbnail's place", () => {
  show(image({ size_bytes: 4_000_000, metadata: { width: 4000, height: 3000 } }));
  expect(screen.getByRole("img", { name: "Foto de Marina" })).not.toHaveAttribute("srcset");
});

it("opens a picture, goes to the one before and closes by keyboard", async () => {
  show(image());
  await userEvent.click(screen.getByRole("button", { name: "Abrir a foto" }));
  const viewer = screen.getByRole("dialog", { name: "Visualizador de fotos" });
  expect(viewer).toHaveTextContent("2 de 2");
  await userEvent.keyboard("{ArrowLeft}");
  expect(within(viewer).getByRole("img", { name: "antes.jpg" })).toBeInTheDocument();
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  await waitFor(() => expect(screen.getByRole("button", { name: "Abrir a foto" })).toHaveFocus());
});

const voice = aMessage({
  kind: "voice",
  text: "",
  attachment: anAttachment({
    file_name: "voz.ogg",
    file_type: "audio/ogg; codecs=opus",
    renditions: { aac: "/api/chat/attachments/a1/renditions/aac" },
    metadata: { duration: 65, waveform: Array.from({ length: 64 }, (_, index) => index) },
  }),
});

it("plays, pauses, seeks and speeds up a voice message", async () => {
  show(voice);
  expect(screen.getByText("0:00 / 1:05")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Tocar" }));
  await userEvent.click(screen.getByRole("button", { name: "Pausar" }));
  screen.getByRole("slider", { name: "Posição" }).focus();
  await userEvent.keyboard("{ArrowRight}{ArrowRight}");
  expect(screen.getByText("0:10 / 1:05")).toBeInTheDocument();
  expect(screen.getByRole("slider")).toHaveAttribute("aria-valuetext", "0:10 de 1:05");
  await userEvent.keyboard("{End}");
  expect(screen.getByRole("slider")).toHaveAttribute("aria-valuenow", "65");
  await userEvent.click(screen.getByRole("button", { name: "Velocidade 1×" }));
  await userEvent.click(screen.getByRole("button", { name: "Velocidade 1,5×" }));
  expect(screen.getByRole("button", { name: "Velocidade 2×" })).toBeInTheDocument();
  expect(document.querySelector("audio")?.playbackRate).toBe(2);
});

it("offers the AAC rendition before the original, and loads neither before play", () => {
  show(voice);
  const audio = document.querySelector("audio");
  expect([...(audio?.querySelectorAll("source") ?? [])].map((source) => source.type)).toEqual([
    "audio/mp4",
    "audio/ogg; codecs=opus",
  ]);
  expect(audio).toHaveAttribute("preload", "none");
  expect(document.querySelectorAll("[data-bars] rect")).toHaveLength(64);
});

it("shows a document with its pages, to be opened and downloaded", () => {
  const attachment = anAttachment({ file_name: "laudo.pdf", file_type: "application/pdf", size_bytes: 1_887_436, metadata: { pages: 4 } });
  show(aMessage({ kind: "document", text: "", attachment }));
  expect(screen.getByText("PDF · 4 páginas · 1,8 MB")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Abrir laudo.pdf" })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Baixar laudo.pdf" })).toHaveAttribute("download", "laudo.pdf");
});

it("has a browser open in another tab what it shows by itself", () => {
  show(aMessage({ kind: "document", text: "", attachment: anAttachment({ file_name: "nota.txt", file_type: "text/plain" }) }));
  expect(screen.getByRole("link", { name: "Abrir nota.txt em outra aba" })).toHaveAttribute("target", "_blank");
});

it("shows a kind it does not know as a file", () => {
  show(aMessage({ kind: "hologram" as never, attachment: anAttachment({ file_name: "x.holo", file_type: "model/x" }) }));
  expect(screen.getByRole("link", { name: "Baixar x.holo" })).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: /Abrir/ })).not.toBeInTheDocument();
});

it("plays a video where it stands and fetches nothing before", async () => {
  show(aMessage({ kind: "video", attachment: anAttachment({ file_type: "video/mp4", metadata: { duration: 21 } }) }));
  const video = screen.getByLabelText("Vídeo");
  expect(video).toHaveAttribute("preload", "none");
  expect(screen.getByText("0:21")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Tocar o vídeo" }));
  expect(video).toHaveAttribute("controls");
});
