/** Two initials of a name: first and last word; empty when there is no letter in it. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /\p{L}/u.test(word));
  const letters = words.map((word) => /\p{L}/u.exec(word)?.[0] ?? "");
  const chosen = letters.length > 1 ? [letters[0], letters[letters.length - 1]] : letters;
  return chosen.join("").toLocaleUpperCase();
}

/** Far enough from each other to tell two people apart, and none of them the red of trouble. */
const HUES = [200, 155, 255, 300, 335, 50, 95, 230];

/** A hue that is always the same for the same text. */
export function hueOf(text: string): number {
  let hash = 2166136261;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 2246822519);
  return HUES[(hash ^ (hash >>> 13)) & 7] ?? 200;
}

/** `report-of-…-final.pdf` in two parts, so that the middle can be cut and the ending stays readable. */
export function splitFileName(name: string): { head: string; tail: string } {
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 && name.length - dot <= 6 ? name.length - dot : 0;
  const tail = Math.min(name.length, ending + 4);
  return { head: name.slice(0, name.length - tail), tail: name.slice(name.length - tail) };
}
