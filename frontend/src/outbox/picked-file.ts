import type { Me } from "@/api/wire.gen";
import { kindOfType, typeOf, type FileKind } from "@/lib/file-types";
import { newId } from "@/lib/uuid";
import type { LocalFacts } from "@/outbox/entry";

export type Limits = Me["limits"];

/** Why a file will not be sent: said before a byte leaves. */
export type Refusal = { code: "file_too_large"; maxBytes: number } | { code: "type_not_allowed" } | { code: "empty_file" };

/** A file that was chosen and not sent yet. Its id becomes the client id of its message. */
export interface PickedFile {
  id: string;
  file: File;
  name: string;
  type: string;
  kind: FileKind;
  caption: string;
  refusal: Refusal | null;
  /** What it looks like, as soon as the browser has looked. */
  facts: LocalFacts | null;
}

export function refusalOf(size: number, type: string, kind: FileKind, limits: Limits): Refusal | null {
  const limit = limits[kind];
  if (size === 0) return { code: "empty_file" };
  if (!limit) return null;
  if (limit.types.length > 0 && !limit.types.includes(type)) return { code: "type_not_allowed" };
  return size > limit.max_bytes ? { code: "file_too_large", maxBytes: limit.max_bytes } : null;
}

export function pick(file: File, limits: Limits): PickedFile {
  const type = typeOf(file);
  const kind = kindOfType(type);
  const name = file.name || `${kind}.${type.split("/")[1] ?? "bin"}`;
  const refusal = refusalOf(file.size, type, kind, limits);
  return { id: newId(), file, name, type, kind, caption: "", refusal, facts: null };
}
