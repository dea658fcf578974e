import { asApiError } from "@/api/client";
import { backoffMs } from "@/realtime/backoff";

/** How often something is tried again while the network says that it is there. */
export const ATTEMPTS = 6;

/** Whether an error is the line's or the server's passing mood, so that the same again may do. */
export function isPassing(reason: unknown): boolean {
  const { code, status } = asApiError(reason);
  return code === "network" || status === 429 || status >= 500;
}

/** The way out: knows when there is a network, and how long to wait before the next try. */
export class Line {
  private readonly sleepers = new Set<() => void>();
  private readonly random: () => number;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  start(): () => void {
    window.addEventListener("online", this.wake);
    return () => window.removeEventListener("online", this.wake);
  }

  /** The server was heard: whoever waits tries now. */
  readonly wake = (): void => {
    for (const sleeper of [...this.sleepers]) sleeper();
  };

  /** Ends with the pause, a wake, or an abort; without a network only with the last two. */
  rest(attempt: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.sleepers.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = navigator.onLine ? setTimeout(done, backoffMs(Math.max(0, attempt), this.random)) : undefined;
      this.sleepers.add(done);
      signal.addEventListener("abort", done);
    });
  }

  /** Does it until it is done or refused. Tries that fail without a network do not count. */
  async insist<Answer>(action: () => Promise<Answer>, signal: AbortSignal, onRest?: () => void): Promise<Answer> {
    for (let attempt = 0; ; ) {
      signal.throwIfAborted();
      if (navigator.onLine) {
        try {
          return await action();
        } catch (reason) {
          if (signal.aborted || !isPassing(reason)) throw reason;
          attempt += Number(navigator.onLine);
          if (attempt >= ATTEMPTS) throw reason;
        }
      }
      onRest?.();
      await this.rest(attempt - 1, signal);
    }
  }
}
