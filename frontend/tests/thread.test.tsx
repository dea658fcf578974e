import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { describe, expect, it, vi } from "vitest";
import { http } from "@/api/client";
import { keys } from "@/api/keys";
import type { Message } from "@/api/wire.gen";
import { MessageBubble } from "@/features/thread/message-bubble";
import { firstUnreadId, rowsOf } from "@/features/thread/rows";
import { ThreadHeader } from "@/features/thread/thread-header";
import { aDesk, Around } from "./desk";
import { aConversation, aMessage, anAttachment } from "./shapes";

function show(message: Message, party: "person" | "group" = "person") {
  render(
    <Around desk={aDesk()}>
      <MessageBubble
        message={message}
        place="first"
        contactName="Marina"
        party={party}
        renderMedia={({ footer }) => <div data-testid="media">{footer}</div>}
      />
    </Around>,
  );
  return screen.getByRole("article");
}

const outgoing = { direction: "outgoing", author: { id: "u1", name: "Ana" } } as const;

describe("a bubble", () => {
  it.each([
    ["waiting", "Aguardando envio"],
    ["queued", "Na fila"],
    ["sending", "Enviando"],
    ["sent", "Enviada"],
    ["delivered", "Entregue"],
    ["read", "Lida"],
    ["played", "Ouvida"],
    ["failed", "Não enviada"],
  ] as const)("that is %s says so", (status, name) => {
    show(aMessage({ ...outgoing, status }));
    expect(screen.getByRole("img", { name })).toBeInTheDocument();
  });

  it("that came in has no ticks", () => {
    show(aMessage());
    expect(screen.queryByRole("img")).not.toBeInTheDocument();
  });

  it("that failed says why and is tried again", async () => {
    const post = vi.spyOn(http, "post").mockResolvedValue({ data: {} });
    show(aMessage({ ...outgoing, status: "failed", error: { code: "may_have_been_sent", detail: "" } }));
    expect(screen.getByRole("alert")).toHaveTextContent("Pode ter sido enviada");
    await userEvent.click(screen.getByRole("button", { name: "Tentar de novo" }));
    expect(post).toHaveBeenCalledWith("chat/messages/m1/retry/");
  });

  it("shows what it answers, reactions and that it was edited", () => {
    const bubble = show(
      aMessage({
        quoted: { id: "m0", kind: "image", text: null },
        reactions: [
          { emoji: "+", by: "Marina" },
          { emoji: "+", by: "Ana" },
        ],
        edited_at: "2026-11-20T10:01:00.000Z",
      }),
    );
    expect(within(bubble).getByRole("blockquote")).toHaveTextContent("Foto");
    expect(within(bubble).getByRole("listitem", { name: "+ de Marina, Ana" })).toHaveTextContent("2");
    expect(bubble).toHaveTextContent("editada");
  });

  it("that was deleted shows nothing of what it was", () => {
    const bubble = show(aMessage({ text: "segredo", deleted_at: "2026-11-20T10:01:00.000Z", attachment: anAttachment() }));
    expect(bubble).toHaveTextContent("Esta mensagem foi apagada");
    expect(bubble).not.toHaveTextContent("segredo");
    expect(screen.queryByTestId("media")).not.toBeInTheDocument();
  });

  it("names who wrote it in a group", () => {
    expect(show(aMessage({ sender: { name: "Paulo", phone: "55119" } }), "group")).toHaveTextContent("Paulo");
  });

  it("makes links of links and bold of stars, and never markup of markup", () => {
    const bubble = show(aMessage({ text: "veja *isto* em https://example.com/a?b=1, <b>ok</b>" }));
    expect(within(bubble).getByRole("link")).toHaveAttribute("href", "https://example.com/a?b=1");
    expect(bubble.querySelector("strong")).toHaveTextContent("isto");
    expect(bubble).toHaveTextContent("<b>ok</b>");
  });

  it("shows a place with a way to the map", () => {
    show(aMessage({ kind: "location", text: "", data: { latitude: -23.5, longitude: -46.6, name: "Clínica" } }));
    const link = screen.getByRole("link", { name: "Abrir no mapa" });
    expect(link).toHaveAttribute("href", expect.stringContaining("-23.5,-46.6"));
  });

  it("shows a contact with a way to call", () => {
    show(aMessage({ kind: "contact", data: { contacts: [{ name: "Carlos", phones: ["5511987654321"] }] } }));
    expect(screen.getByRole("link", { name: "Ligar para +55 11 98765-4321" })).toBeInTheDocument();
  });

  it("shows a poll with its votes", () => {
    show(aMessage({ kind: "poll", data: { name: "Quando?", options: [{ name: "Hoje", votes: 2 }, "Amanhã"] } }));
    expect(screen.getByRole("region", { name: "Enquete" })).toHaveTextContent(/Quando\?.*Hoje2 votos.*Amanhã/);
  });

  it("says so when it cannot show it", () => {
    expect(show(aMessage({ kind: "unsupported", text: "" }))).toHaveTextContent("Veja no celular");
  });
});

describe("the rows", () => {
  const at = (day: number, minute: number) => new Date(2026, 10, day, 10, minute).toISOString();
  const newestFirst = [
    aMessage({ id: "m4", sent_at: at(20, 9) }),
    aMessage({ id: "m3", sent_at: at(20, 2) }),
    aMessage({ id: "m2", sent_at: at(20, 1) }),
    aMessage({ id: "m1", sent_at: at(19, 1) }),
  ];

  it("are days, runs and one unread line", () => {
    const rows = rowsOf(newestFirst, { unreadId: firstUnreadId(newestFirst, 1), unread: 1, reach: "start" });
    expect(rows.map((row) => (row.kind === "message" ? `${row.message.id} ${row.place}` : row.kind))).toEqual([
      "start",
      "day",
      "m1 first",
      "day",
      "m2 first",
      "m3 later",
      "unread",
      "m4 first",
    ]);
  });

  it("keep the key of a message when the server has named it", () => {
    const [row] = rowsOf([aMessage({ id: "real", client_id: "mine" })], { unreadId: null, unread: 0, reach: "more" }).slice(-1);
    expect(row?.key).toBe("mine");
  });
});

it("says once that a group without a subject is a group", () => {
  const client = new QueryClient();
  client.setQueryData(keys.me, { user: { id: "u1" }, instances: [] });
  const { contact, ...conversation } = aConversation();
  render(
    <QueryClientProvider client={client}>
      <MemoryRouter>
        <ThreadHeader conversation={{ ...conversation, contact: { ...contact, name: "", is_group: true } }} name="Grupo" />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  expect(screen.getAllByText("Grupo")).toHaveLength(1);
});
