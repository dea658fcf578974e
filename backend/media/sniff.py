"""What a file is, from its bytes; what the sender says of it counts for nothing.

A closed list: what is not in TYPES is not taken. HTML, SVG and XML are never text, programs and macro documents are
never documents. An archive is taken as a download and is never looked into beyond its list of names.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO, Literal

from django.conf import settings

from backend.lib.errors import Refused
from backend.lib.text import shown_name
from backend.media import containers

Category = Literal["image", "video", "audio", "document", "archive"]
UNKNOWN = "application/octet-stream"
WEB_PAGE = "text/html"
HEAD_BYTES = 4096
FALLBACK_LIMIT_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class FileType:
    """`endings`: the first is the one we give, the others are left as they are."""

    mime: str
    category: Category
    endings: tuple[str, ...]


_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
TYPES: dict[str, FileType] = {
    kind.mime: kind
    for kind in (
        FileType("image/jpeg", "image", ("jpg", "jpeg", "jpe", "jfif")),
        FileType("image/png", "image", ("png",)),
        FileType("image/gif", "image", ("gif",)),
        FileType("image/webp", "image", ("webp",)),
        FileType("image/heic", "image", ("heic", "heif")),
        FileType("video/mp4", "video", ("mp4", "m4v")),
        FileType("video/quicktime", "video", ("mov", "qt")),
        FileType("video/3gpp", "video", ("3gp", "3gpp")),
        FileType("video/x-msvideo", "video", ("avi",)),
        FileType("audio/mpeg", "audio", ("mp3", "mpga")),
        FileType("audio/ogg", "audio", ("ogg", "oga", "opus")),
        FileType("audio/mp4", "audio", ("m4a", "mp4", "m4b")),
        FileType("audio/aac", "audio", ("aac",)),
        FileType("audio/wav", "audio", ("wav",)),
        FileType("audio/amr", "audio", ("amr",)),
        FileType("audio/webm", "audio", ("webm", "weba")),
        FileType("application/pdf", "document", ("pdf",)),
        FileType("application/msword", "document", ("doc", "dot")),
        FileType("application/vnd.ms-excel", "document", ("xls", "xlt")),
        FileType("application/vnd.ms-powerpoint", "document", ("ppt", "pps")),
        FileType(f"{_OOXML}.wordprocessingml.document", "document", ("docx",)),
        FileType(f"{_OOXML}.spreadsheetml.sheet", "document", ("xlsx",)),
        FileType(f"{_OOXML}.presentationml.presentation", "document", ("pptx",)),
        FileType(f"{_ODF}.text", "document", ("odt",)),
        FileType(f"{_ODF}.spreadsheet", "document", ("ods",)),
        FileType(f"{_ODF}.presentation", "document", ("odp",)),
        FileType("text/plain", "document", ("txt", "text", "log", "md", "json", "vcf", "ics", "srt")),
        FileType("text/csv", "document", ("csv",)),
        FileType("application/zip", "archive", ("zip",)),
        FileType("application/was", "archive", ("was", "zip")),
    )
}
_ENDINGS = {ending for kind in TYPES.values() for ending in kind.endings}
_SAYS_NOTHING = {"", UNKNOWN, "binary/octet-stream"}
_OTHER_NAMES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/heif": "image/heic",
    "video/avi": "video/x-msvideo",
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/opus": "audio/ogg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/x-aac": "audio/aac",
    "audio/3gpp": "audio/mp4",
    "application/ogg": "audio/ogg",
    "application/json": "text/plain",
    "application/x-subrip": "text/plain",
    "application/csv": "text/csv",
    "application/x-zip-compressed": "application/zip",
}
_PLAIN_TEXTS = {"text/markdown", "text/vcard", "text/x-vcard", "text/calendar", "text/x-log", "text/json"}

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
)
_MARKUP = re.compile(
    rb"\A\s*<(?:!doctype|!--|\?|[a-z][a-z0-9:]*[\s/>])|<(?:script|html|head|body|iframe|svg|style|meta)[\s/>]", re.I
)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def sniff(file: BinaryIO, *, file_name: str = "") -> str:
    """The MIME type, UNKNOWN for what is on no list, WEB_PAGE for markup.

    The name only chooses between text/plain and text/csv, which are the same to a reader of bytes.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    for signature, mime in _SIGNATURES:
        if head.startswith(signature):
            return mime
    return _riff(head) or _container(head, file) or _audio_frames(head) or _text(head, file, file_name)


def check(mime: str, kind: str) -> FileType:
    """The type, when a message of this kind may hold it; raises Refused(`type_not_allowed`, `not_what_it_says`,
    `not_a_file`)."""
    if mime == WEB_PAGE:
        raise Refused("not_a_file", "the bytes are a web page or another markup file")
    allowed = settings.MEDIA_ALLOWED_TYPES
    if mime not in TYPES or (allowed and mime not in allowed):
        raise Refused("type_not_allowed", f"files of type {mime} are not taken")
    found = TYPES[mime]
    if not _fits(found, kind):
        raise Refused("not_what_it_says", f"announced as {kind}, the bytes are {mime}")
    return found


def _fits(found: FileType, kind: str) -> bool:
    if kind == "document":
        return True
    if kind == "sticker":
        return found.mime in {"image/webp", "application/was"}
    if kind == "voice":
        return found.category == "audio"
    return found.category == kind


def announced(file_type: str, file_name: str) -> FileType:
    """What a sender says that they will send, so that they hear a refusal before a byte leaves; the bytes decide later.

    A type that says nothing is made up for by the name's ending. Raises Refused(`type_not_allowed`).
    """
    mime = file_type.partition(";")[0].strip().lower()
    mime = "text/plain" if mime in _PLAIN_TEXTS else _OTHER_NAMES.get(mime, mime)
    if mime in _SAYS_NOTHING:
        ending = PurePath(file_name).suffix[1:].lower()
        mime = next((known.mime for known in TYPES.values() if ending in known.endings), mime or UNKNOWN)
    return check(UNKNOWN if mime == WEB_PAGE else mime, "document")


def kind_of(mime: str) -> str:
    """image, audio, video, or document for everything else: what an upload of this type becomes."""
    prefix = mime.partition("/")[0]
    return prefix if prefix in {"image", "audio", "video"} else "document"


def limit_bytes(kind: str) -> int:
    """How large a file of this kind may be. Voice notes are audio."""
    limits: dict[str, int] = settings.MEDIA_MAX_SIZE
    return limits.get("audio" if kind == "voice" else kind, FALLBACK_LIMIT_BYTES)


def named(file_name: str, found: FileType, kind: str) -> str:
    """The sender's name, fit to show, with an ending that fits the bytes: `invoice.exe` that is a PDF becomes
    `invoice.exe.pdf`, `photo.png` that is a JPEG `photo.jpg`, nothing `image.jpg`."""
    name = shown_name(file_name) or kind
    ending = PurePath(name).suffix[1:].lower()
    if ending in found.endings:
        return name
    stem = name[: -len(ending) - 1] if ending in _ENDINGS else name
    return shown_name(f"{stem or kind}.{found.endings[0]}")


# --- One family each ------------------------------------------------------------------------------------------------


def _riff(head: bytes) -> str:
    if head[:4] not in {b"RIFF", b"RF64"}:
        return ""
    return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(head[8:12], UNKNOWN)


def _container(head: bytes, file: BinaryIO) -> str:
    if head[4:8] == b"ftyp":
        return containers.iso_media(file)
    if head[4:8] in {b"moov", b"mdat", b"wide", b"free"} and containers.iso_handlers(file):
        return "video/quicktime" if "vide" in containers.iso_handlers(file) else "audio/mp4"
    if head.startswith(b"OggS"):
        return "audio/ogg" if not containers.OGG_PICTURES.search(head) else UNKNOWN
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return containers.archive(file)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return containers.compound(file)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return containers.webm(head)
    # Readers take a PDF whose header comes a little late.
    return "application/pdf" if b"%PDF-" in head[:1024] else ""


def _audio_frames(head: bytes) -> str:
    """MPEG audio without a tag, and ADTS: eleven set bits, then fields that have forbidden values."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ""
    layer, version = head[1] >> 1 & 3, head[1] >> 3 & 3
    if layer == 0:
        return "audio/aac" if head[1] & 0xF0 == 0xF0 and head[2] >> 2 & 15 < 13 else ""
    is_frame = version != 1 and head[2] >> 4 not in {0, 15} and head[2] >> 2 & 3 != 3
    return "audio/mpeg" if is_frame else ""


def _text(head: bytes, file: BinaryIO, file_name: str) -> str:
    if not head:
        return UNKNOWN
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        plain = head[: len(head) // 2 * 2].decode("utf-16", "ignore").encode()
    else:
        plain = head.removeprefix(b"\xef\xbb\xbf")
    if _CONTROL.search(plain):
        return UNKNOWN
    if _MARKUP.search(plain):
        return WEB_PAGE
    if not containers.is_text(file):
        return UNKNOWN
    return "text/csv" if PurePath(file_name).suffix.lower() == ".csv" else "text/plain"
