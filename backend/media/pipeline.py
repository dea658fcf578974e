"""From bytes in the spool to a file that is stored, understood and known to be readable.

    tell = Paced(callback)
    with spool_first(open_media(gateway, offer, source), limit_bytes=limit_bytes(kind), on_progress=tell) as spooled:
        facts = store(spooled, kind=kind, file_name=name, key_for=lambda name: chat_key(…, name), on_progress=tell)

For a file on its way out: `store(…, sends=True)`, which stores what is made of it: without EXIF, not larger than need
be, a voice note as WhatsApp takes it. All run in a job's thread, outside any transaction.

`store` raises Refused(`type_not_allowed`, `not_what_it_says`, `not_a_file`, `undecodable`, `too_many_pixels`,
`too_many_frames`) and TryLater(`storage_unavailable`, `read_back_failed`, `processing_failed`). Whatever keeps a
thumbnail from being made is a warning.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.lib.errors import Missing, Refused, TryLater
from backend.lib.text import safe_name
from backend.media import scrub, sniff
from backend.media.cache import key_of, media_cache
from backend.media.decoders import Decoded, Decoders, decoders
from backend.media.retention import PREFIX
from backend.media.serving import Stored
from backend.media.sniff import limit_bytes
from backend.media.spool import Paced, Progress, Spooled, Way, measured, paced, silent, spool, spool_first, sweep
from backend.media.storages import EXPIRES, MediaStorage, media_storage, open_plain

__all__ = [
    "Ingested",
    "Paced",
    "Progress",
    "Spooled",
    "Way",
    "chat_key",
    "chat_prefix",
    "limit_bytes",
    "profile_pic_key",
    "spool",
    "spool_first",
    "store",
    "sweep",
]

logger = logging.getLogger(__name__)

# A file that cannot be opened at all is not what the message calls it; documents are handed on unopened.
_MUST_OPEN = {"image", "sticker", "video", "audio", "voice"}
_FATAL = {"undecodable", "too_many_pixels", "too_many_frames", "not_what_it_says"}
_ALWAYS_MADE_ANEW = {"image/jpeg", "image/png", "image/webp", "image/heic", "audio/webm"}
RENDITIONS = {"jpeg": ("jpg", "image/jpeg"), "poster": ("jpg", "image/jpeg"), "aac": ("m4a", "audio/mp4")}
THUMBNAIL = "thumbnail"
_FILMS = {"video/mp4", "video/quicktime", "video/3gpp"}


@dataclass(frozen=True, slots=True)
class Part:
    """A thumbnail or a rendition, as the decoder left it in the spool."""

    name: str
    ending: str
    mime: str
    path: Path


@dataclass(frozen=True, slots=True)
class Ingested:
    """Everything the row learns. `metadata` holds fields of wire.Metadata, only those that the bytes told; `beside` the
    size and the SHA-256 of the thumbnail and of each rendition, by name."""

    file_name: str
    file_type: str
    size_bytes: int
    content_sha256: str
    storage_type: str
    storage_key: str
    thumbnail_key: str
    renditions: dict[str, str]
    beside: dict[str, tuple[int, str]]
    metadata: dict[str, Any]
    warnings: tuple[str, ...]


def chat_key(tenant_id: object, conversation_id: object | None, attachment_id: object, file_name: str) -> str:
    """`chat/{tenant}/{conversation or "unfiled"}/{id}_{safe name}`: under `chat/`, which a lifecycle rule empties."""
    return f"{chat_prefix(tenant_id, conversation_id, attachment_id)}_{safe_name(file_name)}"


def chat_prefix(tenant_id: object, conversation_id: object | None, attachment_id: object) -> str:
    """Where the keys of everything begin that is ever stored for one file."""
    return f"chat/{tenant_id}/{conversation_id or 'unfiled'}/{attachment_id}"


def profile_pic_key(tenant_id: object, unguessable: str) -> str:
    """Outside `chat/`: a face does not expire."""
    return f"profile_pics/{tenant_id}/{unguessable}.jpg"


def store(
    spooled: Spooled,
    *,
    kind: str,
    file_name: str,
    key_for: Callable[[str], str],
    media_hash: str = "",
    sends: bool = False,
    on_progress: Progress = silent,
    pool: Decoders | None = None,
) -> Ingested:
    """`key_for(final name)` says where the original goes; `sends`: it is made fit to be sent, and that is stored. With
    `media_hash` it is put near as well, for whoever looks at it first."""
    tell = paced(on_progress)
    tell("processing", 0, spooled.size_bytes)
    mime = sniffed(spooled, kind, file_name)
    if spooled.size_bytes > sniff.limit_bytes(kind):
        raise Refused("file_too_large", f"more than {sniff.limit_bytes(kind)} bytes")
    decoded = (pool or decoders()).decode(spooled.path, mime=mime, kind=kind, sends=sends)
    try:
        _judge(decoded, kind)
        if sends:
            spooled = _sendable(spooled, decoded, mime=mime, kind=kind)
            mime = sniffed(spooled, kind, file_name)
        tell("storing", 0, spooled.size_bytes)
        name = sniff.named(file_name, sniff.TYPES[mime], kind)
        ingested = _put(spooled, decoded, name=name, mime=mime, key=key_for(name), media_hash=media_hash)
    finally:
        decoded.discard()
    tell("storing", spooled.size_bytes, spooled.size_bytes)
    return ingested


def sniffed(spooled: Spooled, kind: str, file_name: str) -> str:
    with open_plain(spooled.path) as file:
        mime = sniff.sniff(file, file_name=file_name)
    return sniff.check(mime, kind).mime


def _sendable(spooled: Spooled, decoded: Decoded, *, mime: str, kind: str) -> Spooled:
    """What the decoder made to be sent; the file itself where nothing had to be made."""
    if decoded.sendable is not None:
        return measured(decoded.sendable)
    if mime in _ALWAYS_MADE_ANEW or kind == "voice":
        raise TryLater("processing_failed", "the file could not be made fit to be sent")
    if mime in _FILMS and scrub.blank(spooled.path):
        return measured(spooled.path)
    return spooled


def _judge(decoded: Decoded, kind: str) -> None:
    if decoded.error in _FATAL and kind in _MUST_OPEN:
        raise Refused(decoded.error, decoded.detail)
    for warning in _warnings(decoded):
        logger.warning("[IMG] file not fully understood", extra={"reason": warning, "kind": kind})


def _warnings(decoded: Decoded) -> tuple[str, ...]:
    return (*decoded.warnings, decoded.error) if decoded.error else decoded.warnings


def _put(spooled: Spooled, decoded: Decoded, *, name: str, mime: str, key: str, media_hash: str) -> Ingested:
    storage = media_storage()
    storage.save_file(key, spooled.path, mime, tags=_tags(key))
    made = {part.name: part for part in _parts(decoded)}
    beside = {part.name: _save_beside(storage, key, part, media_hash) for part in made.values()}
    read_back(storage, key, spooled.size_bytes)
    logger.info("[STORAGE] file stored", extra={"storage": storage.storage_type, "file_size": spooled.size_bytes})
    if media_hash:
        near = media_cache()
        near.warm(_stored(spooled, key, mime, key_of(media_hash)), spooled.path)
        for part in made.values():
            near.warm(beside[part.name], part.path)
    keys = {part: one.key for part, one in beside.items()}
    return Ingested(
        file_name=name,
        file_type=mime,
        size_bytes=spooled.size_bytes,
        content_sha256=spooled.sha256,
        storage_type=storage.storage_type,
        storage_key=key,
        thumbnail_key=keys.pop(THUMBNAIL, ""),
        renditions=keys,
        beside={part: (one.size_bytes, one.sha256) for part, one in beside.items()},
        metadata=decoded.metadata,
        warnings=_warnings(decoded),
    )


def _parts(decoded: Decoded) -> Iterator[Part]:
    """What is stored beside the original."""
    if decoded.thumbnail is not None:
        yield Part(THUMBNAIL, "thumb.webp", "image/webp", decoded.thumbnail)
    for name, path in decoded.renditions.items():
        yield Part(name, f"{name}.{RENDITIONS[name][0]}", RENDITIONS[name][1], path)


def _save_beside(storage: MediaStorage, key: str, part: Part, media_hash: str) -> Stored:
    beside = f"{key}_{part.ending}"
    spooled = measured(part.path)
    storage.save_file(beside, part.path, part.mime, tags=_tags(key))
    read_back(storage, beside, spooled.size_bytes)
    return _stored(spooled, beside, part.mime, key_of(media_hash, part.name))


def _stored(spooled: Spooled, key: str, mime: str, cache_key: str) -> Stored:
    return Stored(key, spooled.size_bytes, mime, "", spooled.sha256, spooled.sha256, cache_key)


def _tags(key: str) -> dict[str, str] | None:
    return EXPIRES if key.startswith(PREFIX) else None


def read_back(storage: MediaStorage, key: str, size_bytes: int) -> None:
    """Ready means readable: the storage itself must say that all of it is there."""
    try:
        found = storage.stat(key)
    except Missing as error:
        raise TryLater("read_back_failed", "the stored file is not there") from error
    if found.size != size_bytes:
        raise TryLater("read_back_failed", f"the stored file has {found.size} bytes, not {size_bytes}")
