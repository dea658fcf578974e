"""The bytes of stored objects, a slice at a time and no faster than their reader takes them."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from backend.lib.errors import TryLater
from backend.media.serving import Opened, Span, Stored
from backend.media.storages import media_storage

SLICE_BYTES = 512 * 1024
READERS = 16
READ_SECONDS = 4


class Pieces:
    """`serving.Source` for the running loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="media-read")

    async def open(self, stored: Stored, span: Span) -> Opened:
        first = await self._read(stored, span.start, min(span.length, SLICE_BYTES))
        if len(first) == span.length:
            return Opened(first, is_hit=False)
        return Opened(self._following(stored, span, first), is_hit=False)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _following(self, stored: Stored, span: Span, first: bytes) -> AsyncIterator[bytes]:
        yield first
        for start in range(span.start + SLICE_BYTES, span.end + 1, SLICE_BYTES):
            yield await self._read(stored, start, min(span.end + 1 - start, SLICE_BYTES))

    async def _read(self, stored: Stored, start: int, length: int) -> bytes:
        reading = asyncio.get_running_loop().run_in_executor(self._threads, _read, stored.key, start, length)
        try:
            data = await asyncio.wait_for(reading, READ_SECONDS)
        except TimeoutError as error:
            raise TryLater("storage_unavailable", "the storage does not answer") from error
        if len(data) != length:
            raise TryLater("storage_unavailable", "the storage has another file than the row says")
        return data


def _read(key: str, start: int, length: int) -> bytes:
    return b"".join(media_storage().read_range(key, start, length))
