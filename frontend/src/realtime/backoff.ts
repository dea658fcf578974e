const FIRST_MS = 1_000;
const LONGEST_MS = 10_000;

/** Doubling, and then anywhere in the upper half: a whole office does not come back in the same instant. */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling * (0.5 + random() / 2));
}

/** The server asked us to come again: at once, but not all of us together. */
export function soonMs(random: () => number): number {
  return Math.round(100 + random() * 700);
}
