import { useEffect, useMemo } from "react";
import type { TypingState } from "@/api/shapes";
import { useSocket } from "@/realtime/socket-context";

export const AGAIN_MS = 3_000;
export const IDLE_MS = 4_000;

/** Tells the others that somebody writes or records here: now and then while it lasts, and once when it is over. */
export class TypingTeller {
  private state: TypingState = "paused";
  private toldAt = 0;
  private idle: ReturnType<typeof setTimeout> | undefined;
  private readonly say: (state: TypingState) => void;

  constructor(say: (state: TypingState) => void) {
    this.say = say;
  }

  readonly tell = (state: TypingState): void => {
    clearTimeout(this.idle);
    if (state === "composing") this.idle = setTimeout(() => this.tell("paused"), IDLE_MS);
    const isOld = state === "paused" || Date.now() - this.toldAt < AGAIN_MS;
    if (state === this.state && isOld) return;
    this.state = state;
    this.toldAt = Date.now();
    this.say(state);
  };
}

export function useTyping(conversationId: string): (state: TypingState) => void {
  const socket = useSocket();
  const teller = useMemo(
    () => new TypingTeller((state) => socket.say({ type: "typing", conversation_id: conversationId, state })),
    [socket, conversationId],
  );
  useEffect(() => () => teller.tell("paused"), [teller]);
  return teller.tell;
}
