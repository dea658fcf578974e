import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from "react";
import { keys } from "@/api/keys";
import type { DurableFrame, PassingFrame } from "@/api/shapes";
import { arrivals } from "@/realtime/arrivals";
import { forgetErased } from "@/realtime/erased";
import { Feed } from "@/realtime/feed";
import { peopleStore } from "@/realtime/people";
import { progressStore } from "@/realtime/progress";
import { TenantSocket, type SocketStatus } from "@/realtime/socket";
import { SocketContext, useSocket } from "@/realtime/socket-context";

function onPassing(frame: PassingFrame): void {
  if (frame.type === "upload_progress") progressStore.put(frame);
  if (frame.type === "typing") peopleStore.putTyping(frame);
  if (frame.type === "presence") peopleStore.putAgents(frame.agents);
}

function onDurable(client: QueryClient, feed: Feed, event: DurableFrame): void {
  feed.take(event);
  if (event.type === "erased") void forgetErased(client, event.conversation_ids);
  if (event.type === "attachment_ready" || event.type === "attachment_failed") progressStore.forget(event.attachment.id);
  if (event.type === "attachment_ready") arrivals.tell(event.attachment.id);
  if (event.type === "message_status" && event.status === "failed") progressStore.forgetMessage(event.message_id);
  if (event.type === "message_received") peopleStore.wrote(event.conversation.id);
}

function makeSocket(client: QueryClient, feed: Feed, tenantId: string, cursor: number): TenantSocket {
  return new TenantSocket({
    tenantId,
    cursor,
    onEvent: (event) => onDurable(client, feed, event),
    onPassing,
    onResync: () => void client.invalidateQueries(),
    onStopped: () => void client.invalidateQueries({ queryKey: keys.me }),
  });
}

interface Props {
  tenantId: string;
  /** The number the session was read at. Only the first one counts: later the socket knows better. */
  seq: number;
  children: ReactNode;
}

export function RealtimeProvider({ tenantId, seq, children }: Props) {
  const client = useQueryClient();
  const [first] = useState(seq);
  const feed = useMemo(() => new Feed(client), [client]);
  const socket = useMemo(() => makeSocket(client, feed, tenantId, first), [client, feed, tenantId, first]);
  useEffect(() => feed.watch(), [feed]);
  useEffect(() => {
    socket.start();
    return () => socket.stop();
  }, [socket]);
  return <SocketContext value={socket}>{children}</SocketContext>;
}

export function useSocketStatus(): SocketStatus {
  const socket = useSocket();
  return useSyncExternalStore(socket.subscribe, socket.getSnapshot);
}
