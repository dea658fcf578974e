const BY_ENDING: Record<string, string> = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  gif: "image/gif",
  mp4: "video/mp4",
  m4v: "video/mp4",
  mp3: "audio/mpeg",
  wav: "audio/wav",
  pdf: "application/pdf",
  doc: "application/msword",
  xls: "application/vnd.ms-excel",
  ppt: "application/vnd.ms-powerpoint",
  txt: "text/plain",
  zip: "application/zip",
  heic: "image/heic",
  heif: "image/heic",
  webp: "image/webp",
  m4a: "audio/mp4",
  ogg: "audio/ogg",
  oga: "audio/ogg",
  opus: "audio/ogg",
  amr: "audio/amr",
  aac: "audio/aac",
  mov: "video/quicktime",
  "3gp": "video/3gpp",
  avi: "video/x-msvideo",
  csv: "text/csv",
  md: "text/plain",
  log: "text/plain",
  json: "text/plain",
  vcf: "text/plain",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  odt: "application/vnd.oasis.opendocument.text",
  ods: "application/vnd.oasis.opendocument.spreadsheet",
  odp: "application/vnd.oasis.opendocument.presentation",
};

/** Browsers and systems have many names for the same thing. */
const OTHER_NAMES: Record<string, string> = {
  "image/jpg": "image/jpeg",
  "image/heif": "image/heic",
  "audio/mp3": "audio/mpeg",
  "audio/x-m4a": "audio/mp4",
  "audio/m4a": "audio/mp4",
  "audio/x-wav": "audio/wav",
  "audio/wave": "audio/wav",
  "audio/vnd.wave": "audio/wav",
  "audio/x-aac": "audio/aac",
  "audio/vnd.dlna.adts": "audio/aac",
  "audio/opus": "audio/ogg",
  "application/ogg": "audio/ogg",
  "video/avi": "video/x-msvideo",
  "video/msvideo": "video/x-msvideo",
  "application/x-zip-compressed": "application/zip",
  "text/markdown": "text/plain",
  "text/x-log": "text/plain",
  "application/json": "text/plain",
  "text/vcard": "text/plain",
  "text/x-vcard": "text/plain",
  "text/calendar": "text/plain",
};

/** A type that says nothing. */
const NOTHING = "application/octet-stream";

export type FileKind = "image" | "video" | "audio" | "document";

/** What a file is said to be: by the browser, else by the ending of its name. */
export function typeOf(file: { name: string; type: string }): string {
  const told = (file.type.split(";")[0] ?? "").trim().toLowerCase();
  if (told && told !== NOTHING) return OTHER_NAMES[told] ?? told;
  const ending = file.name.slice(file.name.lastIndexOf(".") + 1).toLowerCase();
  return BY_ENDING[ending] ?? NOTHING;
}

/** What an upload of this type becomes; everything else is a document. */
export function kindOfType(type: string): FileKind {
  const prefix = type.split("/")[0];
  return prefix === "image" || prefix === "video" || prefix === "audio" ? prefix : "document";
}
