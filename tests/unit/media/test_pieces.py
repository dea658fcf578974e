"""Near first, then the storage, each piece once however many ask; what is away keeps nobody waiting for long."""

import asyncio
import hashlib
import os
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.lib.errors import Missing, TryLater
from backend.media import cache, pieces
from backend.media.cache import SLICE_BYTES, Away, MediaCache
from backend.media.cache_memory import MemoryShelf
from backend.media.pieces import Pieces
from backend.media.serving import Opened, Span, Stored

MiB = 1024 * 1024
SMALL, LARGE = os.urandom(200_000), os.urandom(3 * MiB + 17)


def stored(data: bytes, name: str = "h") -> Stored:
    sha256 = hashlib.sha256(data).hexdigest()
    return Stored(f"chat/{name}", len(data), "video/mp4", "x.mp4", sha256, sha256, cache.key_of(name))


class Storage:
    """Holds `data`, counts who reads, and fails as it is told."""

    def __init__(self, data: bytes = LARGE) -> None:
        self.data, self.reads = data, []
        self.error: Exception | None = None
        self.is_open = threading.Event()
        self.is_open.set()

    def read_piece(self, key: str, start: int, length: int) -> bytes:
        self.reads.append((start, length))
        self.is_open.wait(10)
        if self.error is not None:
            raise self.error
        return self.data[start : start + length]


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Storage:
    made = Storage()
    monkeypatch.setattr(pieces, "media_storage", lambda storage_type: made)
    return made


@pytest.fixture
def near() -> MediaCache:
    return MediaCache(MemoryShelf(64 * MiB))


@pytest.fixture
async def source(near: MediaCache, storage: Storage) -> AsyncIterator[Pieces]:
    made = Pieces(near)
    yield made
    storage.is_open.set()
    await made.close()


async def all_of(opened: Opened) -> bytes:
    if isinstance(opened.body, bytes):
        return opened.body
    return b"".join([piece async for piece in opened.body])


async def read(source: Pieces, data: bytes, span: Span | None = None) -> tuple[bytes, bool]:
    opened = await source.open(stored(data), span or Span(0, len(data) - 1))
    return await all_of(opened), opened.is_hit


@pytest.mark.parametrize("data", [SMALL, LARGE])
async def test_the_second_reader_is_served_without_the_storage(source: Pieces, storage: Storage, data: bytes) -> None:
    storage.data = data
    first, second = await read(source, data), await read(source, data)

    assert (first, second) == ((data, False), (data, True))
    assert len(storage.reads) == len({start for start, _ in storage.reads})


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 1),
        (0, 0),
        (SLICE_BYTES - 1, SLICE_BYTES),
        (SLICE_BYTES, 2 * SLICE_BYTES - 1),
        (SLICE_BYTES + 5, 3 * SLICE_BYTES + 5),
        (len(LARGE) - 1, len(LARGE) - 1),
        (len(LARGE) - 100_000, len(LARGE) - 1),
        (0, len(LARGE) - 1),
    ],
)
async def test_any_span_is_exact_and_reads_only_its_slices(
    source: Pieces, storage: Storage, start: int, end: int
) -> None:
    for is_hit in (False, True):
        assert await read(source, LARGE, Span(start, end)) == (LARGE[start : end + 1], is_hit)
    assert len(storage.reads) == end // SLICE_BYTES - start // SLICE_BYTES + 1
    assert max(length for _, length in storage.reads) <= 512 * 1024


async def test_a_span_of_a_small_file_brings_all_of_it_near(source: Pieces, storage: Storage) -> None:
    storage.data = SMALL
    assert await read(source, SMALL, Span(5, 9)) == (SMALL[5:10], False)
    assert await read(source, SMALL) == (SMALL, True)


async def test_a_hundred_at_once_are_one_read(source: Pieces, storage: Storage) -> None:
    storage.data = SMALL
    storage.is_open.clear()
    asking = [asyncio.create_task(read(source, SMALL)) for _ in range(100)]
    await asyncio.sleep(0.05)
    storage.is_open.set()

    assert {answer[0] for answer in await asyncio.gather(*asking)} == {SMALL}
    assert len(storage.reads) == 1


async def test_who_asked_first_and_left_takes_nothing_from_the_others(source: Pieces, storage: Storage) -> None:
    storage.data = SMALL
    storage.is_open.clear()
    first, second = (asyncio.create_task(read(source, SMALL)) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    storage.is_open.set()

    assert (await second)[0] == SMALL
    assert len(storage.reads) == 1


async def test_a_read_that_fails_fails_for_all_who_wait_and_the_next_tries_again(
    source: Pieces, storage: Storage
) -> None:
    storage.data, storage.error = SMALL, TryLater("storage_unavailable")
    storage.is_open.clear()
    asking = [asyncio.create_task(read(source, SMALL)) for _ in range(5)]
    await asyncio.sleep(0.05)
    storage.is_open.set()
    failed = await asyncio.gather(*asking, return_exceptions=True)
    storage.error = None

    assert [type(error) for error in failed] == [TryLater] * 5
    assert await read(source, SMALL) == (SMALL, False)


async def test_what_is_near_is_served_while_the_storage_is_away(source: Pieces, storage: Storage) -> None:
    await read(source, LARGE)
    storage.error = TryLater("storage_unavailable")

    assert await read(source, LARGE) == (LARGE, True)


async def test_a_storage_that_does_not_answer_keeps_nobody_for_five_seconds(
    source: Pieces, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "READ_SECONDS", 0.2)
    storage.is_open.clear()
    waits = []
    for number in range(6):
        began = time.monotonic()
        with pytest.raises(TryLater):
            await source.open(stored(SMALL, f"h{number}"), Span(0, 9))
        waits.append(time.monotonic() - began)

    assert pieces.FAILURES == 3
    assert max(waits) < 0.5
    assert max(waits[3:]) < 0.05


async def test_a_storage_that_is_back_is_used_again(
    source: Pieces, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.data, storage.error = SMALL, TryLater("storage_unavailable")
    for number in range(4):
        with pytest.raises(TryLater):
            await source.open(stored(SMALL, f"h{number}"), Span(0, 9))
    storage.error = None
    await asyncio.sleep(pieces.REST_SECONDS + 0.1)

    assert await read(source, SMALL) == (SMALL, False)


async def test_an_object_that_is_gone_is_said_to_be_gone(source: Pieces, storage: Storage) -> None:
    storage.error = Missing("object_gone")
    with pytest.raises(Missing):
        await read(source, SMALL)


@pytest.mark.parametrize("wrong", [SMALL[:-1], b"x" * len(SMALL), b""])
async def test_other_bytes_than_the_row_says_are_not_handed_out(
    source: Pieces, storage: Storage, near: MediaCache, wrong: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    storage.data = wrong
    with pytest.raises(TryLater):
        await read(source, SMALL)
    assert near.shelf.bytes_used() == 0
    assert "object is not what its row says" in caplog.text


@pytest.mark.parametrize("data", [SMALL, LARGE])
async def test_rubbish_in_the_cache_is_passed_by_and_put_right(
    source: Pieces, storage: Storage, near: MediaCache, data: bytes
) -> None:
    storage.data = data
    one = stored(data)
    for piece in cache.first_pieces(one):
        near.shelf.put(piece.name, os.urandom(piece.length), 60)

    assert await read(source, data) == (data, False)
    assert await read(source, data) == (data, True)


class Broken:
    """A cache that is away."""

    async def get(self, name: str) -> bytes | None:
        raise Away

    async def put(self, name: str, value: bytes, seconds: int) -> None:
        raise Away

    async def close(self) -> None:
        pass


async def test_without_the_cache_the_storage_serves(storage: Storage, near: MediaCache) -> None:
    class NoShelf(MemoryShelf):
        def on_loop(self) -> Any:
            return Broken()

    source = Pieces(MediaCache(NoShelf(MiB)))
    assert await read(source, LARGE) == (LARGE, False)
    assert await read(source, LARGE) == (LARGE, False)
    await source.close()


async def test_it_is_counted_what_was_near_and_what_was_not(source: Pieces, storage: Storage, near: MediaCache) -> None:
    storage.data = SMALL
    for _ in range(4):
        await read(source, SMALL)

    assert (near.figures.hits, near.figures.misses, near.figures.hit_rate) == (3, 1, 75.0)


async def test_who_stops_reading_stops_the_storage(source: Pieces, storage: Storage) -> None:
    opened = await source.open(stored(LARGE), Span(0, len(LARGE) - 1))
    assert not isinstance(opened.body, bytes)
    await anext(opened.body)
    await asyncio.sleep(0.05)

    assert len(storage.reads) == 1
