import { useSyncExternalStore } from "react";
import type { PresentAgent, Typing } from "@/api/wire.gen";
import { Listeners } from "@/lib/listeners";

export const TYPING_MS = 8_000;
const NOBODY: Typing[] = [];

/** Who is typing where, until they stop or are silent for a while; and which colleague looks at what. */
export class PeopleStore {
  private readonly typing = new Map<string, Typing[]>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private agents: PresentAgent[] = [];
  private readonly listeners = new Listeners();

  readonly subscribe = this.listeners.subscribe;

  typists(conversationId: string): Typing[] {
    return this.typing.get(conversationId) ?? NOBODY;
  }

  present(): PresentAgent[] {
    return this.agents;
  }

  putAgents(agents: PresentAgent[]): void {
    this.agents = agents;
    this.listeners.tell();
  }

  putTyping(news: Typing): void {
    const key = `${news.conversation_id} ${news.who.kind} ${news.who.id}`;
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    const others = this.typists(news.conversation_id).filter(({ who }) => who.id !== news.who.id);
    const isOver = news.state === "paused";
    this.typing.set(news.conversation_id, isOver ? others : [...others, news]);
    if (!isOver) this.timers.set(key, setTimeout(() => this.putTyping({ ...news, state: "paused" }), TYPING_MS));
    this.listeners.tell();
  }

  /** Somebody who has just written is not typing any more. */
  wrote(conversationId: string): void {
    const contacts = this.typists(conversationId).filter(({ who }) => who.kind === "contact");
    for (const news of contacts) this.putTyping({ ...news, state: "paused" });
  }
}

export const peopleStore = new PeopleStore();

export function useTypists(conversationId: string): Typing[] {
  return useSyncExternalStore(peopleStore.subscribe, () => peopleStore.typists(conversationId));
}

export function usePresentAgents(): PresentAgent[] {
  return useSyncExternalStore(peopleStore.subscribe, () => peopleStore.present());
}
