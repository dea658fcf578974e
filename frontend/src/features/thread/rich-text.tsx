import { createElement, Fragment, useMemo, type ReactNode } from "react";
import { parseText, type Mark, type Piece } from "@/lib/whatsapp-text";

const TAGS: Record<Mark, string> = { bold: "strong", italic: "em", strike: "s", mono: "code" };

function show(pieces: Piece[]): ReactNode {
  return pieces.map((piece, index) => {
    if (piece.kind === "plain") return <Fragment key={index}>{piece.text}</Fragment>;
    if (piece.kind === "link") {
      return (
        <a
          key={index}
          href={piece.href}
          target="_blank"
          rel="noopener noreferrer"
          className="text-accent underline decoration-accent/40 underline-offset-2 hover:decoration-accent"
        >
          {piece.text}
        </a>
      );
    }
    return createElement(TAGS[piece.kind], { key: index }, show(piece.inner));
  });
}

/** What somebody typed, with WhatsApp's marks and links. */
export function RichText({ text }: { text: string }) {
  const pieces = useMemo(() => parseText(text), [text]);
  return <>{show(pieces)}</>;
}
