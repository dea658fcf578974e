import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { http } from "@/api/client";
import { keys } from "@/api/keys";
import { MediaPreview } from "@/features/media/media-preview";
import { MediaProvider } from "@/features/media/media-provider";
import { openPdf, refusalOf, type Pdf } from "@/features/media/pdf-engine";
import { pdfZoomReducer } from "@/features/media/pdf-zoom";
import { putAttachment } from "@/realtime/feed";
import { aMessage, anAttachment, pagesOf } from "./shapes";

vi.mock("@/features/media/pdf-engine", () => ({ openPdf: vi.fn(), refusalOf: vi.fn() }));

const attachment = anAttachment({ file_name: "laudo.pdf", file_type: "application/pdf", thumbnail_url: "" });
const message = aMessage({ kind: "document", text: "", attachment });
const pdf: Pdf = { count: 3, usual: { width: 595, height: 842 }, sheet: () => new Promise(() => undefined) };
const close = vi.fn();

/** Opens the card's PDF, of which this becomes. */
async function open(read: () => Promise<Pdf>) {
  vi.mocked(openPdf).mockImplementation(() => ({ opened: read(), close }));
  const client = new QueryClient();
  client.setQueryData(keys.messages("c1"), pagesOf([message]));
  render(
    <QueryClientProvider client={client}>
      <MediaProvider>
        <MediaPreview message={message} from="Marina" footer={null} />
      </MediaProvider>
    </QueryClientProvider>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Abrir laudo.pdf" }));
  return client;
}

beforeEach(() => {
  vi.clearAllMocks();
  vi.mocked(refusalOf).mockReturnValue("unreachable");
});

it("has a room for every page and says which one is seen", async () => {
  await open(() => Promise.resolve(pdf));
  expect(await screen.findByRole("status", { name: "Página 1 de 3" })).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Página anterior" })).toBeDisabled();
  expect(screen.getByRole("link", { name: "Abrir em outra aba" })).toHaveAttribute("href", attachment.file_url);
});

it("lets go of the file when it is closed", async () => {
  await open(() => Promise.resolve(pdf));
  await screen.findByRole("status");
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  expect(close).toHaveBeenCalledOnce();
});

it("says that a PDF wants a password, and has it saved instead", async () => {
  vi.mocked(refusalOf).mockReturnValue("pdf_locked");
  await open(() => Promise.reject(new Error("password")));
  expect(await screen.findByRole("alert")).toHaveTextContent("Este PDF pede senha.");
  expect(screen.getAllByRole("link", { name: "Baixar laudo.pdf" })[0]).toHaveAttribute("download", "laudo.pdf");
});

it("looks after a PDF that is not where it was", async () => {
  const get = vi.spyOn(http, "get").mockResolvedValue({ data: { ...attachment, status: "processing" } });
  await open(() => Promise.reject(new Error("410")));
  expect(await screen.findAllByText(/^Buscando de novo…/)).not.toHaveLength(0);
  expect(get).toHaveBeenCalledWith("chat/attachments/a1/");
});

it("says that a PDF expired while it was read", async () => {
  const client = await open(() => Promise.resolve(pdf));
  await screen.findByRole("status");
  act(() => putAttachment(client, { ...attachment, status: "expired", expires_at: "2026-10-20T15:00:00.000Z" }));
  expect(await screen.findByText("Expirado em 20 de out. de 2026")).toBeInTheDocument();
  expect(screen.getByRole("dialog")).toBeInTheDocument();
});

it("zooms within reason and back to what fits", () => {
  const many = (type: "in" | "out") => Array.from({ length: 30 }).reduce<number>((zoom) => pdfZoomReducer(zoom, { type }), 1);
  expect(many("in")).toBe(4);
  expect(many("out")).toBe(0.4);
  expect(pdfZoomReducer(3, { type: "fit" })).toBe(1);
});
