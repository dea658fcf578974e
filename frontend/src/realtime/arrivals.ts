type Listener = (attachmentId: string) => void;

/** Which file has just become readable, for whoever waits for its bytes: again, perhaps. */
class Arrivals {
  private readonly listeners = new Set<Listener>();

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  tell(attachmentId: string): void {
    for (const listener of [...this.listeners]) listener(attachmentId);
  }
}

export const arrivals = new Arrivals();
