/**
 * Copies of large files that are being uploaded, so that a reload goes on where it was. They live in IndexedDB, belong to
 * one person, and are erased when the upload ends or somebody logs out. Nothing of a file is ever kept elsewhere.
 */

import type { Entry } from "@/outbox/entry";

export interface Copy {
  clientId: string;
  owner: string;
  keptAt: number;
  parts: { size: number; count: number };
  entry: Entry;
}

const NAME = "uploads";
const STORE = "copies";
/** The server gives an upload up long before. */
const OLDEST_MS = 24 * 3600_000;

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "clientId" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("no storage for copies"));
  });
}

async function inStore<Answer>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<Answer>): Promise<Answer> {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error("the copy was not kept"));
    });
  } finally {
    database.close();
  }
}

export interface Copies {
  keep: (copy: Copy) => Promise<void>;
  erase: (clientId: string) => Promise<void>;
  /** What this person left unfinished; everything of others and everything old is erased. */
  left: (owner: string) => Promise<Copy[]>;
  /** Does it unless another tab is at it. */
  alone: (clientId: string, action: () => Promise<void>) => Promise<void>;
}

export const browserCopies: Copies = {
  async keep(copy) {
    await inStore("readwrite", (store) => store.put(copy));
  },
  async erase(clientId) {
    await inStore("readwrite", (store) => store.delete(clientId));
  },
  async left(owner) {
    const all = await inStore<Copy[]>("readonly", (store) => store.getAll() as IDBRequest<Copy[]>);
    const isMine = (copy: Copy): boolean => copy.owner === owner && Date.now() - copy.keptAt < OLDEST_MS;
    await Promise.all(all.filter((copy) => !isMine(copy)).map(({ clientId }) => browserCopies.erase(clientId)));
    return all.filter(isMine);
  },
  async alone(clientId, action) {
    // There are no locks outside https and localhost.
    if (!("locks" in navigator)) return action();
    await navigator.locks.request(`upload ${clientId}`, { ifAvailable: true }, (lock) => (lock ? action() : undefined));
  },
};

/** Somebody logs out: nothing of them stays. */
export async function eraseCopies(): Promise<void> {
  if (typeof indexedDB === "undefined") return;
  await inStore("readwrite", (store) => store.clear()).catch(() => undefined);
}
