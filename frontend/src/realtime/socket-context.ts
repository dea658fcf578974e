import { createContext, use, useEffect } from "react";
import type { TenantSocket } from "@/realtime/socket";

export const SocketContext = createContext<TenantSocket | null>(null);

export function useSocket(): TenantSocket {
  const socket = use(SocketContext);
  if (!socket) throw new Error("useSocket needs a RealtimeProvider above it");
  return socket;
}

/** Tells colleagues that this conversation is open here, for as long as it is. */
export function useViewing(conversationId: string): void {
  const socket = useSocket();
  useEffect(() => {
    socket.view(conversationId);
    return () => socket.view(null);
  }, [socket, conversationId]);
}
