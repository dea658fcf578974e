import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError, http } from "@/api/client";
import type { Me } from "@/api/wire.gen";
import { App } from "@/app/app";
import { makeQueryClient } from "@/app/query-client";
import { chooseLanguage } from "@/i18n/i18n";
import { aConversation, aMessage } from "./shapes";

const me: Me = {
  user: { id: "u1", name: "Ana", email: "ana@example.com" },
  tenant: { id: "t1", name: "Clínica Acme", role: "owner" },
  tenants: [{ id: "t1", name: "Clínica Acme", role: "owner" }],
  instances: [{ id: "i1", name: "Recepção", state: "closed", since: "2026-11-20T10:00:00.000Z" }],
  limits: {},
  seq: 7,
};
const conversation = aConversation({ unread: 3, last_message: aMessage({ text: "Tem *horário*?" }) });

let session: "in" | "out" = "in";
const sockets: { url: string; onmessage?: (news: { data: string }) => void }[] = [];

beforeEach(() => {
  session = "in";
  sockets.length = 0;
  vi.stubGlobal(
    "WebSocket",
    class {
      static OPEN = 1;
      readyState = 1;
      url: string;
      send = vi.fn();
      close = vi.fn();
      constructor(url: string) {
        this.url = url;
        sockets.push(this);
      }
    },
  );
  vi.spyOn(http, "get").mockImplementation((path: string) => {
    if (session === "out") return Promise.reject(new ApiError("not_logged_in", 401, ""));
    if (path === "me/") return Promise.resolve({ data: me });
    if (path === "chat/conversations/") return Promise.resolve({ data: { results: [conversation], next: null } });
    if (path === "chat/conversations/c1/") return Promise.resolve({ data: conversation });
    return Promise.resolve({ data: { results: [], next: null } });
  });
  vi.spyOn(http, "post").mockImplementation((path: string) => {
    if (path !== "auth/login/") return Promise.resolve({ data: {} });
    session = "in";
    return Promise.resolve({ data: me });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

function open(path: string) {
  const client = makeQueryClient();
  render(
    <MemoryRouter initialEntries={[path]}>
      <App client={client} />
    </MemoryRouter>,
  );
}

it("lists conversations with what is unread, and hears what happens after the session was read", async () => {
  open("/");
  const row = await screen.findByRole("link", { name: /Marina Alves/ });
  expect(row).toHaveTextContent("3 não lidas");
  expect(row).toHaveTextContent("Tem horário?");
  expect(sockets[0]?.url).toMatch(/\/ws\/tenant\/t1\/\?after=7$/);
});

it("shows the login to whoever is not logged in, and then what they came for", async () => {
  session = "out";
  open("/c/c1");
  await userEvent.type(await screen.findByLabelText("E-mail"), "ana@example.com");
  await userEvent.type(screen.getByLabelText("Senha"), "segredo");
  await userEvent.click(screen.getByRole("button", { name: "Entrar" }));
  expect(await screen.findByRole("region", { name: "Marina Alves" })).toBeInTheDocument();
  expect(http.post).toHaveBeenCalledWith("auth/login/", { email: "ana@example.com", password: "segredo" });
});

it("says in their language why a login was refused", async () => {
  session = "out";
  vi.spyOn(http, "post").mockRejectedValue(new ApiError("invalid_credentials", 401, ""));
  open("/");
  await userEvent.type(await screen.findByLabelText("E-mail"), "ana@example.com");
  await userEvent.type(screen.getByLabelText("Senha"), "x");
  await userEvent.click(screen.getByRole("button", { name: "Entrar" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("E-mail ou senha não conferem.");
  await userEvent.click(screen.getByRole("button", { name: "English" }));
  expect(screen.getByRole("alert")).toHaveTextContent("E-mail and password do not match.");
  chooseLanguage("pt-BR");
});

it("says that the number is disconnected, and marks what is open as read", async () => {
  open("/c/c1");
  const thread = await screen.findByRole("region", { name: "Marina Alves" });
  expect(within(thread).getByText(/O WhatsApp de Recepção está desconectado/)).toBeInTheDocument();
  await waitFor(() => expect(http.post).toHaveBeenCalledWith("chat/conversations/c1/read/"));
});

it("lifts a conversation that was just written in and shows the words", async () => {
  open("/");
  await screen.findByRole("link", { name: /Marina Alves/ });
  const other = aConversation({ id: "c2", unread: 1, last_message_at: "2026-11-20T11:00:00.000Z" });
  const contact = { ...other.contact, id: "k2", name: "João Lima" };
  const message = aMessage({ id: "m2", conversation_id: "c2", text: "Cheguei" });
  const event = { type: "message_received", message, conversation: { ...other, contact, last_message: message } };
  const hears = (frame: object) => sockets[0]?.onmessage?.({ data: JSON.stringify({ at: message.sent_at, ...frame }) });
  act(() => {
    hears({ type: "hello", seq: 7, protocol: 1 });
    hears({ ...event, seq: 8 });
  });
  await screen.findByRole("link", { name: /João Lima/ });
  const rows = within(screen.getByRole("navigation", { name: "Conversas" })).getAllByRole("link");
  expect(rows.map((row) => row.textContent)).toEqual([
    expect.stringMatching(/João Lima.*Cheguei.*1 não lida/),
    expect.stringMatching(/Marina Alves/),
  ]);
});

it("asks for the login as soon as anything says that the session has ended", async () => {
  open("/");
  const row = await screen.findByRole("link", { name: /Marina Alves/ });
  session = "out";
  await userEvent.click(row);
  expect(await screen.findByLabelText("E-mail")).toBeInTheDocument();
});
