"""A file as Evolution wants it: which route, which name, by URL or as base64. tests/contract/evolution.md 4.3, 4.4."""

import mimetypes
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from backend.gateways.base import FileToSend
from backend.gateways.evolution_rest import media_seconds
from backend.gateways.evolution_wire import Fields
from backend.lib.errors import Refused

URL_LIMIT = 2_084
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+\.?", re.IGNORECASE)
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,12}$")
# What the gateway's own table of endings knows, where this machine's may not.
_TYPES = {
    ".jpg": "image/jpeg",
    ".mp4": "video/mp4",
    ".3gp": "video/3gpp",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".amr": "audio/amr",
    ".wav": "audio/wav",
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_ENDINGS = {mimetype: ending for ending, mimetype in _TYPES.items()}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The body of a send without its number and quote; `file` goes into `file_field` as base64."""

    route: str
    fields: Fields
    file_field: str = ""
    file: bytes = b""
    by_url: bool = False
    seconds: float | None = None


def parcel(file: FileToSend) -> Outgoing:
    """Raises Refused for a file without bytes: the gateway would send it."""
    if file.kind == "voice":
        # Ours is OGG/Opus already. Its converter fails in silence, and breaks signed URLs.
        return Outgoing("sendWhatsAppAudio", {"encoding": False}, "audio", _bytes(file), seconds=media_seconds())
    if file.kind == "sticker":
        return Outgoing("sendSticker", {}, "sticker", _bytes(file), seconds=media_seconds())
    fields = {
        "mediatype": file.kind,
        "mimetype": "image/jpeg" if file.kind == "image" else file.mimetype,
        "fileName": told_name(file),
        **({"caption": file.caption} if file.caption and file.kind != "audio" else {}),
    }
    if is_fetchable(file.url):
        return Outgoing("sendMedia", {**fields, "media": file.url}, by_url=True, seconds=media_seconds())
    return Outgoing("sendMedia", fields, "media", _bytes(file), seconds=media_seconds())


def told_name(file: FileToSend) -> str:
    """The name with an ending, which decides the type that the recipient sees; without one it would be "false".

    Pictures become JPEG at the gateway whatever they were.
    """
    stem, mimetype = file.file_name.strip() or file.kind, file.mimetype.partition(";")[0].strip().lower()
    if file.kind == "image":
        return _ENDING.sub("", stem) + ".jpg"
    ending = _ENDING.search(stem)
    if ending and (ending[0].lower() in _TYPES or mimetypes.guess_type(stem)[0]):
        return stem
    return stem + (_ENDINGS.get(mimetype) or mimetypes.guess_extension(mimetype) or ".bin")


def is_fetchable(url: str) -> bool:
    """What the gateway takes for a URL: a host with a dot, no `_`, no space, at most 2,084 characters."""
    if not url or len(url) > URL_LIMIT or re.search(r"[\s<>]", url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and (_HOST.fullmatch(host) is not None or ":" in host)


def _bytes(file: FileToSend) -> bytes:
    data = file.read()
    if not data:
        raise Refused("media_refused", "The file has no bytes.")
    return data
