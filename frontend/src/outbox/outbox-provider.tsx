import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, type ReactNode } from "react";
import { keys } from "@/api/keys";
import { askParts, askUpload, cancelMessage, completeUpload, putBytes, sendText } from "@/api/outbox";
import type { Pages } from "@/api/pages";
import type { Message } from "@/api/wire.gen";
import { browserCopies } from "@/outbox/copies";
import { Drafts } from "@/outbox/drafts";
import { Line } from "@/outbox/line";
import { Outbox } from "@/outbox/outbox";
import { DeskContext, type Desk } from "@/outbox/outbox-context";
import { Relay } from "@/outbox/relay";
import { putAnswer } from "@/realtime/apply";
import { progressStore } from "@/realtime/progress";
import type { TenantSocket } from "@/realtime/socket";
import { useSocket } from "@/realtime/socket-context";

const port = { sendText, askUpload, askParts, completeUpload, cancelMessage, putBytes };

function makeDesk(client: QueryClient, socket: TenantSocket, owner: string): Desk & { line: Line } {
  const line = new Line();
  const relay = new Relay((id, bytes) => socket.say({ type: "upload_progress", attachment_id: id, bytes }));
  const outbox = new Outbox({
    owner,
    port,
    line,
    copies: browserCopies,
    onMessage: (message) =>
      client.setQueryData<Pages<Message>>(keys.messages(message.conversation_id), (data) => data && putAnswer(data, message)),
    onProgress: (progress) => {
      progressStore.putOwn(progress);
      if (progress.stage === "uploading") relay.put(progress.attachment_id, progress.bytes);
      else relay.forget(progress.attachment_id);
    },
    onStopped: (attachmentId) => {
      relay.forget(attachmentId);
      progressStore.forget(attachmentId);
    },
  });
  return { line, outbox, drafts: new Drafts() };
}

/** What is written and sent on this page, for one person in one tenant. Below the socket. */
export function OutboxProvider({ owner, children }: { owner: string; children: ReactNode }) {
  const client = useQueryClient();
  const socket = useSocket();
  const desk = useMemo(() => makeDesk(client, socket, owner), [client, socket, owner]);
  useEffect(() => desk.line.start(), [desk]);
  useEffect(() => socket.hear(desk.outbox.hear), [socket, desk]);
  useEffect(() => {
    void desk.outbox.start();
    return () => desk.outbox.stop();
  }, [desk]);
  useEffect(
    () =>
      socket.subscribe(() => {
        if (socket.getSnapshot().name === "live") desk.line.wake();
      }),
    [socket, desk],
  );
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => {
      if (desk.outbox.isBusy) event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [desk]);
  return <DeskContext value={desk}>{children}</DeskContext>;
}
