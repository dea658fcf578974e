import type { DurableFrame, PassingFrame } from "@/api/shapes";

export type Heard = { kind: "durable"; frame: DurableFrame } | { kind: "passing"; frame: PassingFrame } | { kind: "noise" };

const NUMBERED_PASSING = new Set(["hello", "tick", "resync"]);

/** A text frame by its envelope. What is inside is the server's word: its shapes are checked where they are made. */
export function hear(text: unknown): Heard {
  if (typeof text !== "string") return { kind: "noise" };
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return { kind: "noise" };
  }
  if (typeof frame !== "object" || frame === null || !("type" in frame)) return { kind: "noise" };
  const isNumbered = "seq" in frame && typeof frame.seq === "number" && !NUMBERED_PASSING.has(String(frame.type));
  return isNumbered
    ? { kind: "durable", frame: frame as DurableFrame }
    : { kind: "passing", frame: frame as PassingFrame };
}
