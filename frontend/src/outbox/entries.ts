import { Listeners } from "@/lib/listeners";
import type { Entry, LocalFacts } from "@/outbox/entry";

const NOTHING: readonly Entry[] = [];

/** What is on its way, for each conversation in the order in which it was sent. */
export class Entries {
  private readonly lists = new Map<string, readonly Entry[]>();
  private readonly facts = new Map<string, LocalFacts>();
  private readonly listeners = new Listeners();

  readonly subscribe = this.listeners.subscribe;

  of(conversationId: string): readonly Entry[] {
    return this.lists.get(conversationId) ?? NOTHING;
  }

  all(): Entry[] {
    return [...this.lists.values()].flat();
  }

  find(clientId: string): Entry | undefined {
    return this.all().find((entry) => entry.clientId === clientId);
  }

  /** Stays known when the entry is gone, for as long as the page lives. */
  factsOf(clientId: string): LocalFacts | undefined {
    return this.facts.get(clientId);
  }

  put(entry: Entry): Entry {
    if (entry.parcel?.facts) this.facts.set(entry.clientId, entry.parcel.facts);
    return this.write(entry, [...this.of(entry.conversationId), entry]);
  }

  change(entry: Entry, change: Partial<Entry>): Entry {
    const changed = { ...entry, ...change };
    const list = this.of(entry.conversationId);
    return this.write(changed, list.map((other) => (other.clientId === entry.clientId ? changed : other)));
  }

  drop(entry: Entry): void {
    this.write(entry, this.of(entry.conversationId).filter(({ clientId }) => clientId !== entry.clientId));
  }

  clear(): void {
    this.lists.clear();
    this.listeners.tell();
  }

  private write(entry: Entry, list: readonly Entry[]): Entry {
    this.lists.set(entry.conversationId, list);
    this.listeners.tell();
    return entry;
  }
}
