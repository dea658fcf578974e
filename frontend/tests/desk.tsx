import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { vi } from "vitest";
import type { OutboxPort } from "@/outbox/outbox";
import { keys } from "@/api/keys";
import type { UploadTicket } from "@/api/outbox";
import type { Me, Message, UploadProgress } from "@/api/wire.gen";
import type { Copies, Copy } from "@/outbox/copies";
import { Drafts } from "@/outbox/drafts";
import { Line } from "@/outbox/line";
import { Outbox } from "@/outbox/outbox";
import { DeskContext, type Desk } from "@/outbox/outbox-context";
import type { TenantSocket } from "@/realtime/socket";
import { SocketContext } from "@/realtime/socket-context";
import { aMessage, anAttachment } from "./shapes";

const MIB = 1024 * 1024;

export const me: Me = {
  user: { id: "u1", name: "Ana", email: "ana@example.com" },
  tenant: { id: "t1", name: "Acme", role: "owner" },
  tenants: [],
  instances: [],
  limits: {
    image: { max_bytes: 10 * MIB, types: ["image/jpeg", "image/png"] },
    video: { max_bytes: 50 * MIB, types: ["video/mp4"] },
    audio: { max_bytes: 16 * MIB, types: ["audio/mpeg", "audio/ogg"] },
    document: { max_bytes: 25 * MIB, types: ["application/pdf", "text/plain"] },
  },
  seq: 1,
};

/** The server's side, as obedient as a test wants it. */
export function aPort(over: Partial<OutboxPort> = {}) {
  const port = {
    sendText: vi.fn<OutboxPort["sendText"]>(({ clientId, text, conversationId }) =>
      Promise.resolve(aMessage({ id: `m-${clientId}`, client_id: clientId, conversation_id: conversationId, text, direction: "outgoing", status: "queued" })),
    ),
    askUpload: vi.fn<OutboxPort["askUpload"]>((order) => Promise.resolve(aTicket(order.clientId, order.name))),
    askParts: vi.fn<OutboxPort["askParts"]>((_, numbers) =>
      Promise.resolve({ urls: Object.fromEntries(numbers.map((number) => [number, `/part/${number}`])), done: {} }),
    ),
    completeUpload: vi.fn<OutboxPort["completeUpload"]>(() => Promise.resolve()),
    cancelMessage: vi.fn<OutboxPort["cancelMessage"]>(() => Promise.resolve()),
    putBytes: vi.fn<OutboxPort["putBytes"]>(({ body, onBytes }) => {
      onBytes(body.size);
      return Promise.resolve();
    }),
  };
  return Object.assign(port, over);
}

export function aTicket(clientId: string, name: string, over: Partial<UploadTicket> = {}): UploadTicket {
  const attachment = anAttachment({ id: `a-${clientId}`, file_name: name, status: "pending", file_url: "", thumbnail_url: "" });
  const message = aMessage({ id: `m-${clientId}`, client_id: clientId, direction: "outgoing", kind: "image", status: "waiting", text: "", attachment });
  return { upload_url: `/put/${clientId}`, headers: { "Content-Type": "image/jpeg" }, attachment, message, ...over };
}

export function memoryCopies(left: Copy[] = []) {
  const kept = new Map(left.map((copy) => [copy.clientId, copy]));
  const copies: Copies = {
    keep: (copy) => Promise.resolve(void kept.set(copy.clientId, copy)),
    erase: (clientId) => Promise.resolve(void kept.delete(clientId)),
    left: (owner) => Promise.resolve([...kept.values()].filter((copy) => copy.owner === owner)),
    alone: (_, action) => action(),
  };
  return { copies, kept };
}

export function anOutbox(port: OutboxPort = aPort(), left: Copy[] = []) {
  const told: Message[] = [];
  const progress: UploadProgress[] = [];
  const { copies, kept } = memoryCopies(left);
  const line = new Line(() => 0);
  const outbox = new Outbox({
    owner: "u1 t1",
    port,
    line,
    copies,
    onMessage: (message) => told.push(message),
    onProgress: (news) => progress.push(news),
    onStopped: () => undefined,
  });
  return { outbox, told, progress, kept, line };
}

export function aDesk(port?: OutboxPort): Desk {
  return { outbox: anOutbox(port).outbox, drafts: new Drafts() };
}

export const said = vi.fn();
const socket = { say: said } as unknown as TenantSocket;

/** Everything that a component needs above it. */
export function Around({ desk, client, children }: { desk: Desk; client?: QueryClient; children: ReactNode }) {
  const cache = client ?? new QueryClient();
  cache.setQueryData(keys.me, me);
  return (
    <QueryClientProvider client={cache}>
      <SocketContext value={socket}>
        <DeskContext value={desk}>{children}</DeskContext>
      </SocketContext>
    </QueryClientProvider>
  );
}
