"""The bytes of stored objects, near first: this process's memory, the cache, then the storage, a slice at a time.

However many ask for the same piece, it is fetched once; whoever leaves meanwhile takes nothing from the others. A cache
that is away is passed by; a storage that is away is an answer that says when to come again.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from backend.lib.breaker import Breaker
from backend.lib.errors import Missing, TryLater
from backend.media.cache import SLICE_BYTES, WHOLE_BYTES, Away, MediaCache, Piece, media_cache, slice_of, whole
from backend.media.serving import UNMEASURED, Opened, Span, Stored
from backend.media.storages import MediaStorage, media_storage

logger = logging.getLogger(__name__)

READERS = 16
READ_SECONDS = 3.5
REST_SECONDS = 1.0
FAILURES = 3
RETRY_AFTER_SECONDS = 5
SIZES_REMEMBERED = 10_000

Told = TypeVar("Told")
Fetched = tuple[bytes, bool]
"""The bytes, and whether they were near."""


class Pieces:
    """`serving.Source` for the running loop."""

    def __init__(self, cache: MediaCache | None = None) -> None:
        self._cache = cache or media_cache()
        self._shelf = self._cache.shelf.on_loop()
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="media-read")
        self._breaker = Breaker(rest_seconds=REST_SECONDS, failures=FAILURES)
        self._fetching: dict[tuple[str, str], asyncio.Task[Fetched]] = {}
        self._sizes: dict[str, int] = {}  # a key never changes its bytes

    async def measured(self, stored: Stored) -> Stored:
        """With its size, where its row does not know it. Raises as `_read`."""
        if stored.size_bytes != UNMEASURED:
            return stored
        size = self._sizes.get(stored.key)
        if size is None:
            size = await self._told(lambda: _storage_of(stored).size_of(stored.key))
            if len(self._sizes) >= SIZES_REMEMBERED:
                self._sizes.clear()
            self._sizes[stored.key] = size
        return replace(stored, size_bytes=size)

    async def open(self, stored: Stored, span: Span) -> Opened:
        if stored.size_bytes <= WHOLE_BYTES:
            data = self._cache.hot.get(stored.cache_key, stored.etag)
            is_hit = data is not None
            if data is None:
                data, is_hit = await self._piece(stored, whole(stored))
                self._cache.hot.put(stored.cache_key, stored.etag, data)
            self._count(is_hit=is_hit)
            return Opened(data if span.length == len(data) else data[span.start : span.end + 1], is_hit)
        first, is_hit = await self._slice(stored, span, span.start // SLICE_BYTES)
        if len(first) == span.length:
            return Opened(first, is_hit)
        return Opened(self._following(stored, span, first), is_hit)

    async def close(self) -> None:
        await self._shelf.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _following(self, stored: Stored, span: Span, first: bytes) -> AsyncGenerator[bytes, None]:
        """The first, then each next one; while a reader who has shown that they read takes one, the next is fetched."""
        yield first
        del first
        ahead: asyncio.Task[Fetched] | None = None
        last = span.end // SLICE_BYTES
        try:
            for number in range(span.start // SLICE_BYTES + 1, last + 1):
                data, _ = await (ahead or self._slice(stored, span, number))
                ahead = asyncio.create_task(self._slice(stored, span, number + 1)) if number < last else None
                yield data
        finally:
            if ahead is not None:
                ahead.add_done_callback(_look_at)
                ahead.cancel()

    async def _slice(self, stored: Stored, span: Span, number: int) -> Fetched:
        """What the span wants of slice `number`."""
        piece = slice_of(stored, number)
        data, is_hit = await self._piece(stored, piece)
        self._count(is_hit=is_hit)
        begin, end = max(span.start - piece.start, 0), min(span.end + 1 - piece.start, piece.length)
        return (data if end - begin == piece.length else data[begin:end]), is_hit

    async def _piece(self, stored: Stored, piece: Piece) -> Fetched:
        which = (piece.name, piece.etag)
        if which not in self._fetching:
            task = self._fetching[which] = asyncio.create_task(self._fetch(stored, piece))
            task.add_done_callback(lambda done: self._fetched(which, done))
        return await asyncio.shield(self._fetching[which])

    def _fetched(self, which: tuple[str, str], done: "asyncio.Task[Fetched]") -> None:
        del self._fetching[which]
        _look_at(done)

    async def _fetch(self, stored: Stored, piece: Piece) -> Fetched:
        near = await self._near(piece)
        if near is not None:
            return near, True
        data = await self._read(stored, piece)
        with suppress(Away):
            await self._shelf.put(piece.name, piece.wrapped(data), piece.seconds)
        return data, False

    async def _near(self, piece: Piece) -> bytes | None:
        try:
            value = await self._shelf.get(piece.name)
        except Away:
            return None
        return None if value is None else piece.unwrapped(value)

    async def _read(self, stored: Stored, piece: Piece) -> bytes:
        """Raises Missing(`object_gone`) and TryLater(`storage_unavailable`), within READ_SECONDS."""
        data = await self._told(lambda: _storage_of(stored).read_piece(stored.key, piece.start, piece.length))
        if not piece.is_right(data):
            where = stored.key.partition("_")[0]  # without the name that somebody gave it
            logger.error("[STORAGE] object is not what its row says", extra={"object": where, "bytes": len(data)})
            raise _unavailable("the storage holds another file than the row says")
        return data

    async def _told(self, ask: Callable[[], Told]) -> Told:
        """What the storage answers. Raises as `_read`."""
        if not self._breaker.lets_through():
            raise _unavailable("the storage was away a moment ago")
        asking = asyncio.get_running_loop().run_in_executor(self._threads, ask)
        try:
            found = await asyncio.wait_for(asking, READ_SECONDS)
        except Missing:
            self._breaker.worked()
            raise
        except TryLater:
            self._breaker.failed()
            raise
        except TimeoutError as error:
            self._breaker.failed()
            raise _unavailable("the storage does not answer") from error
        self._breaker.worked()
        return found

    def _count(self, *, is_hit: bool) -> None:
        figures = self._cache.figures
        if is_hit:
            figures.hits += 1
        else:
            figures.misses += 1


def _look_at(done: "asyncio.Task[Fetched]") -> None:
    """Whoever asked may have left: then nobody else looks at what went wrong, and asyncio complains."""
    if not done.cancelled():
        done.exception()


def _storage_of(stored: Stored) -> MediaStorage:
    return media_storage(stored.storage_type)


def _unavailable(why: str) -> TryLater:
    return TryLater("storage_unavailable", why, after_seconds=RETRY_AFTER_SECONDS)
