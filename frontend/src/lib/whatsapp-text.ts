export type Mark = "bold" | "italic" | "strike" | "mono";
export type Piece =
  | { kind: "plain"; text: string }
  | { kind: "link"; text: string; href: string }
  | { kind: Mark; text: string; inner: Piece[] };

const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'*_~]/u;
const MARKS: [Mark, RegExp][] = [
  ["mono", /```([^`]+)```/],
  ["bold", /(?<![\p{L}\p{N}*])\*(?=\S)([^*\n]*[^*\s])\*(?![\p{L}\p{N}*])/u],
  ["italic", /(?<![\p{L}\p{N}_])_(?=\S)([^_\n]*[^_\s])_(?![\p{L}\p{N}_])/u],
  ["strike", /(?<![\p{L}\p{N}~])~(?=\S)([^~\n]*[^~\s])~(?![\p{L}\p{N}~])/u],
];

interface Found {
  at: number;
  length: number;
  piece: Piece;
}

function firstFound(text: string): Found | null {
  const found: Found[] = [];
  const link = LINK.exec(text);
  if (link) found.push({ at: link.index, length: link[0].length, piece: { kind: "link", text: link[0], href: link[0] } });
  for (const [kind, pattern] of MARKS) {
    const match = pattern.exec(text);
    if (!match) continue;
    const body = match[1] ?? "";
    const inner = kind === "mono" ? [{ kind: "plain" as const, text: body }] : parseText(body);
    found.push({ at: match.index, length: match[0].length, piece: { kind, text: body, inner } });
  }
  return found.sort((a, b) => a.at - b.at || b.length - a.length)[0] ?? null;
}

/** WhatsApp's own marks (*bold* _italic_ ~strike~ ```mono```) and links; everything else stays as typed. */
export function parseText(text: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = text;
  while (rest) {
    const found = firstFound(rest);
    if (!found) break;
    if (found.at > 0) pieces.push({ kind: "plain", text: rest.slice(0, found.at) });
    pieces.push(found.piece);
    rest = rest.slice(found.at + found.length);
  }
  if (rest) pieces.push({ kind: "plain", text: rest });
  return pieces;
}

/** The words alone, on one line. */
export function plainText(text: string): string {
  const words = (pieces: Piece[]): string =>
    pieces.map((piece) => ("inner" in piece ? words(piece.inner) : piece.text)).join("");
  return words(parseText(text.slice(0, 200))).replace(/\s+/g, " ");
}
