"""Where the bytes of files are kept near: in Redis, shared by all processes, or in this process's memory without one.

A small object lies whole under `media:{hash}` (a thumbnail or a rendition under `media:{hash}:{name}`), a larger one in
slices, `media:{hash}:{n}`, so that a jump in a video is served from here too and no value is large. Who may read is
never decided by what lies here: the row is asked first, and what the row does not name is not found.
"""

import hashlib
import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from django.conf import settings

from backend.media.hot import Hot
from backend.media.serving import Stored
from backend.media.storages import open_plain

logger = logging.getLogger(__name__)

MiB = 1024 * 1024
WHOLE_BYTES = MiB
SLICE_BYTES = 512 * 1024 - 64
"""With seal and header it just fits Redis's next smaller unit of memory: 64 bytes more would cost a quarter more."""
SEAL_BYTES = 32
HOT_BYTES = 16 * MiB
DAY = 24 * 3600
DAYS = {"image": 7, "video": 7, "audio": 3}
DAYS_OF_DOCUMENTS = 1
FACES = "profile_pics/"
"""They are kept until they change, or have not been looked at for the longest."""
WARM_SLICES = 2


class Away(Exception):
    """The cache cannot be asked just now."""


class Shelf(Protocol):
    """What job threads ask of the cache. Nothing raises: it is only a cache."""

    def put(self, name: str, value: bytes, seconds: int) -> None: ...

    def forget(self, names: Iterable[str]) -> bool:
        """These, and everything whose name begins with one of them and a colon. False: it may all be there still."""

    def bytes_used(self) -> int | None:
        """None when it cannot be asked."""

    def on_loop(self) -> "LoopShelf":
        """The same for a running loop."""


class LoopShelf(Protocol):
    """What the loop asks. Raises Away, soon."""

    async def get(self, name: str) -> bytes | None: ...

    async def put(self, name: str, value: bytes, seconds: int) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes `start` to `start + length` of an object, as they lie on the shelf.

    A wrong byte must never leave: what has no digest of its own is sealed with one, which binds it to this content.
    """

    name: str
    start: int
    length: int
    etag: str
    sha256: str
    seconds: int

    def wrapped(self, data: bytes) -> bytes:
        return data if self.sha256 else data + self._seal(data)

    def unwrapped(self, value: bytes) -> bytes | None:
        """None for anything but the bytes that were put there."""
        if self.sha256:
            return value if self.is_right(value) else None
        data, seal = value[:-SEAL_BYTES], value[-SEAL_BYTES:]
        return data if len(data) == self.length and seal == self._seal(data) else None

    def is_right(self, data: bytes) -> bool:
        """As far as it can be told of bytes that come from the storage."""
        return len(data) == self.length and (not self.sha256 or hashlib.sha256(data).hexdigest() == self.sha256)

    def _seal(self, data: bytes) -> bytes:
        digest = hashlib.sha256(data)
        digest.update(self.etag.encode())
        return digest.digest()


def key_of(media_hash: str, name: str = "") -> str:
    """`media:{hash}` for the file itself, `media:{hash}:{name}` for its thumbnail and renditions."""
    return f"media:{media_hash}:{name}" if name else f"media:{media_hash}"


def whole(stored: Stored) -> Piece:
    return Piece(stored.cache_key, 0, stored.size_bytes, stored.etag, stored.sha256, seconds_of(stored))


def slice_of(stored: Stored, number: int) -> Piece:
    start = number * SLICE_BYTES
    length = min(SLICE_BYTES, stored.size_bytes - start)
    return Piece(f"{stored.cache_key}:{number}", start, length, stored.etag, "", seconds_of(stored))


def seconds_of(stored: Stored) -> int:
    """How long it is worth keeping without being fetched again; 0: as long as there is room."""
    if stored.key.startswith(FACES):
        return 0
    return DAYS.get(stored.mimetype.partition("/")[0], DAYS_OF_DOCUMENTS) * DAY


def first_pieces(stored: Stored) -> Iterator[Piece]:
    """What its first reader will ask for: all of a small object; where a film begins, and where its index may lie."""
    if stored.size_bytes <= WHOLE_BYTES:
        yield whole(stored)
        return
    last = (stored.size_bytes - 1) // SLICE_BYTES
    for number in sorted({*range(min(WARM_SLICES, last + 1)), last}):
        yield slice_of(stored, number)


class Figures:
    """What this process has found here, and not found, since it began."""

    def __init__(self) -> None:
        self.hits = self.misses = 0

    @property
    def hit_rate(self) -> float:
        """Percent."""
        asked = self.hits + self.misses
        return 100 * self.hits / asked if asked else 0.0


class MediaCache:
    """The process's one way to the cache."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.hot = Hot(HOT_BYTES)
        self.figures = Figures()

    def forget(self, media_hashes: Iterable[str]) -> bool:
        """Every piece of these attachments, their thumbnails' and renditions' too. From any thread; never raises.

        False when the cache is away: then only their rows keep what lies there from being shown.
        """
        names = [key_of(media_hash) for media_hash in media_hashes]
        self.hot.forget(names)
        return self.shelf.forget(names)

    def warm(self, stored: Stored, path: Path) -> None:
        """Put what lies in `path`, which is about to be asked for. From a job's thread; never raises."""
        with suppress(OSError), open_plain(path) as file:
            for piece in first_pieces(stored):
                file.seek(piece.start)
                data = file.read(piece.length)
                if piece.is_right(data):
                    self.shelf.put(piece.name, piece.wrapped(data), piece.seconds)


_making = threading.Lock()


def media_cache() -> MediaCache:
    with _making:
        return _made()


@cache
def _made() -> MediaCache:
    if settings.REDIS_URL:
        from backend.media.cache_redis import RedisShelf  # noqa: PLC0415  # only where there is one

        return MediaCache(RedisShelf(settings.REDIS_URL, settings.MEDIA_CACHE_MAX_BYTES))
    from backend.media.cache_memory import MemoryShelf  # noqa: PLC0415

    return MediaCache(MemoryShelf(settings.MEDIA_CACHE_MAX_BYTES))
