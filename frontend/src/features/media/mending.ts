import type { Sight } from "@/api/chat";
import { asApiError } from "@/api/client";
import type { Attachment } from "@/api/wire.gen";
import { Listeners } from "@/lib/listeners";

/** How a file does that would not load. `round` counts how often it is to be loaded anew. */
export type Mending =
  | { name: "well"; round: number }
  | { name: "looking"; round: number }
  | { name: "lost"; round: number; code: "not_loaded" | "not_shown" };

type Verdict = "well" | "not_loaded" | "not_shown";

/** What the mender needs of the page. Both raise ApiError. */
export interface World {
  /** The file's row as the server has it now, shown wherever the file is shown. */
  read: (attachmentId: string) => Promise<Attachment>;
  look: (path: string) => Promise<Sight>;
  wait: (ms: number) => Promise<void>;
}

export const PATIENCE_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;
const LONGEST_MS = 30_000;
const WELL: Mending = { name: "well", round: 0 };
const ROUND = /\?again=(\d+)$/;

/** An address that no cache has seen: what a browser remembers of it may be the failure. */
export function addressIn(round: number, path: string): string {
  return round > 0 && path.startsWith("/") ? `${path}?again=${round}` : path;
}

/**
 * Looks after files that would not load: asks the server how they are, waits while the storage is away or the file is
 * being fetched again, and has them loaded anew. Its readers never see a broken picture.
 */
export class Mender {
  private readonly world: World;
  private readonly known = new Map<string, Mending>();
  /** Loaded anew although nothing was wrong with it, and not seen since. */
  private readonly doubted = new Set<string>();
  private readonly listeners = new Listeners();

  constructor(world: World) {
    this.world = world;
  }

  readonly subscribe = this.listeners.subscribe;

  get(attachmentId: string): Mending {
    return this.known.get(attachmentId) ?? WELL;
  }

  readonly loaded = (attachmentId: string): void => {
    this.doubted.delete(attachmentId);
  };

  /** `src` did not load. Of several that fail at once only the first is news. */
  readonly failed = (attachmentId: string, src: string): void => {
    const { name, round } = this.get(attachmentId);
    if (name !== "well" || Number(ROUND.exec(src)?.[1] ?? 0) !== round) return;
    void this.mend(attachmentId, src.replace(ROUND, ""));
  };

  /** It has become readable: whoever was told to wait, or gave up, sees it now. */
  readonly arrived = (attachmentId: string): void => {
    if (this.get(attachmentId).name !== "well") this.anew(attachmentId);
  };

  /** Somebody wants it tried once more. */
  readonly retry = (attachmentId: string): void => {
    this.doubted.delete(attachmentId);
    this.anew(attachmentId);
  };

  private async mend(id: string, path: string): Promise<void> {
    const looking: Mending = { name: "looking", round: this.get(id).round };
    this.become(id, looking);
    for (const patience of PATIENCE_MS) {
      const next = await this.turn(id, path).catch(afterError);
      if (this.get(id) !== looking) return;
      if (typeof next === "string") {
        this.settle(id, next);
        return;
      }
      await this.world.wait(Math.min(LONGEST_MS, Math.max(patience, next)));
      if (this.get(id) !== looking) return;
    }
    this.settle(id, "not_loaded");
  }

  /** Once round: what became of it, or how many milliseconds it wants at least. */
  private async turn(id: string, path: string): Promise<Verdict | number> {
    const { status } = await this.world.read(id);
    if (status !== "completed") return "well"; // Its own state says the rest, and it is loaded anew when it is back.
    const sight = await this.world.look(path);
    if (sight.name === "gone") return 0; // The server knows by this look: the next reading tells what it does about it.
    if (sight.name === "away") return sight.afterMs;
    if (this.doubted.has(id)) return "not_shown";
    this.doubted.add(id);
    return "well";
  }

  private anew(id: string): void {
    this.become(id, { name: "well", round: this.get(id).round + 1 });
  }

  private settle(id: string, verdict: Verdict): void {
    if (verdict === "well") this.anew(id);
    else this.become(id, { name: "lost", round: this.get(id).round, code: verdict });
  }

  private become(id: string, state: Mending): void {
    this.known.set(id, state);
    this.listeners.tell();
  }
}

function afterError(reason: unknown): "not_loaded" | number {
  const { status } = asApiError(reason);
  return status === 401 || status === 403 || status === 404 ? "not_loaded" : 0;
}
