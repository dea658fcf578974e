"""From bytes in the spool to a file that is stored, understood and known to be readable.

    tell = Paced(callback)
    with spool_first(open_media(gateway, offer, source), limit_bytes=limit_bytes(kind), on_progress=tell) as spooled:
        facts = store(spooled, kind=kind, file_name=name, key_for=lambda name: chat_key(…, name), on_progress=tell)

For a file that a browser has PUT: `spool(media_storage().read_range(key), …)`, then `store(…, stored_key=key)`, which
keeps the original where it is. Both run in a job's thread, outside any transaction.

`store` raises Refused(`type_not_allowed`, `not_what_it_says`, `not_a_file`, `undecodable`, `too_many_pixels`) and
TryLater(`storage_unavailable`, `read_back_failed`). Whatever keeps a thumbnail from being made is a warning.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.lib.errors import Missing, Refused, TryLater
from backend.lib.text import safe_name
from backend.media import sniff
from backend.media.decoders import Decoded, Decoders, decoders
from backend.media.sniff import limit_bytes
from backend.media.spool import Paced, Progress, Spooled, Way, paced, silent, spool, spool_first, sweep
from backend.media.storages import MediaStorage, media_storage

__all__ = [
    "Ingested",
    "Paced",
    "Progress",
    "Spooled",
    "Way",
    "chat_key",
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
_FATAL = {"undecodable", "too_many_pixels", "not_what_it_says"}


@dataclass(frozen=True, slots=True)
class Ingested:
    """Everything the row learns. `metadata` holds fields of wire.Metadata, only those that the bytes told."""

    file_name: str
    file_type: str
    size_bytes: int
    content_sha256: str
    storage_type: str
    storage_key: str
    thumbnail_key: str
    renditions: dict[str, str]
    metadata: dict[str, Any]
    warnings: tuple[str, ...]


def chat_key(tenant_id: object, conversation_id: object | None, attachment_id: object, file_name: str) -> str:
    """`chat/{tenant}/{conversation or "unfiled"}/{id}_{safe name}`: under `chat/`, which a lifecycle rule empties."""
    return f"chat/{tenant_id}/{conversation_id or 'unfiled'}/{attachment_id}_{safe_name(file_name)}"


def profile_pic_key(tenant_id: object, unguessable: str) -> str:
    """Outside `chat/`: a face does not expire."""
    return f"profile_pics/{tenant_id}/{unguessable}.jpg"


def store(
    spooled: Spooled,
    *,
    kind: str,
    file_name: str,
    key_for: Callable[[str], str] | None = None,
    stored_key: str = "",
    on_progress: Progress = silent,
    pool: Decoders | None = None,
) -> Ingested:
    """`key_for(final name)` says where a new original goes; `stored_key` where one already is."""
    tell = paced(on_progress)
    tell("processing", 0, spooled.size_bytes)
    with spooled.path.open("rb") as file:
        mime = sniff.sniff(file, file_name=file_name)
    found = sniff.check(mime, kind)
    if spooled.size_bytes > sniff.limit_bytes(kind):
        raise Refused("file_too_large", f"more than {sniff.limit_bytes(kind)} bytes")
    decoded = (pool or decoders()).decode(spooled.path, mime=mime, kind=kind)
    try:
        _judge(decoded, kind)
        tell("storing", 0, spooled.size_bytes)
        name = sniff.named(file_name, found, kind)
        key = stored_key or (key_for(name) if key_for else "")
        ingested = _put(spooled, decoded, name=name, mime=mime, key=key, is_stored=bool(stored_key))
    finally:
        decoded.discard()
    tell("storing", spooled.size_bytes, spooled.size_bytes)
    return ingested


def _judge(decoded: Decoded, kind: str) -> None:
    if decoded.error in _FATAL and kind in _MUST_OPEN:
        raise Refused(decoded.error, decoded.detail)
    for warning in _warnings(decoded):
        logger.warning("[IMG] file not fully understood", extra={"reason": warning, "kind": kind})


def _warnings(decoded: Decoded) -> tuple[str, ...]:
    return (*decoded.warnings, decoded.error) if decoded.error else decoded.warnings


def _put(spooled: Spooled, decoded: Decoded, *, name: str, mime: str, key: str, is_stored: bool) -> Ingested:
    storage = media_storage()
    if not is_stored:
        storage.save_file(key, spooled.path, mime)
    thumbnail_key = ""
    if decoded.thumbnail is not None:
        thumbnail_key = _save_beside(storage, key, "thumb.webp", decoded.thumbnail, "image/webp")
    renditions = {
        rendition: _save_beside(storage, key, f"{rendition}.jpg", path, "image/jpeg")
        for rendition, path in decoded.renditions.items()
    }
    _read_back(storage, key, spooled.size_bytes)
    logger.info("[STORAGE] file stored", extra={"storage": storage.storage_type, "file_size": spooled.size_bytes})
    return Ingested(
        file_name=name,
        file_type=mime,
        size_bytes=spooled.size_bytes,
        content_sha256=spooled.sha256,
        storage_type=storage.storage_type,
        storage_key=key,
        thumbnail_key=thumbnail_key,
        renditions=renditions,
        metadata=decoded.metadata,
        warnings=_warnings(decoded),
    )


def _save_beside(storage: MediaStorage, key: str, name: str, path: Path, mime: str) -> str:
    beside = f"{key}_{name}"
    size = path.lstat().st_size
    storage.save_file(beside, path, mime)
    _read_back(storage, beside, size)
    return beside


def _read_back(storage: MediaStorage, key: str, size_bytes: int) -> None:
    """Ready means readable: the storage itself must say that all of it is there."""
    try:
        found = storage.stat(key)
    except Missing as error:
        raise TryLater("read_back_failed", "the stored file is not there") from error
    if found.size != size_bytes:
        raise TryLater("read_back_failed", f"the stored file has {found.size} bytes, not {size_bytes}")
