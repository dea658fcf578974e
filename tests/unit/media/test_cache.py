"""What lies near: no wrong byte, no more bytes than allowed, and nothing of what was forgotten."""

import asyncio
import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis

from backend.media import cache, cache_redis
from backend.media.cache import SLICE_BYTES, Away, MediaCache, Shelf
from backend.media.cache_memory import MemoryShelf
from backend.media.cache_redis import REST_SECONDS, RedisShelf
from backend.media.hot import SECONDS, Hot
from backend.media.serving import Stored
from tests.parts import EMBEDDED
from tests.servers import Redis

MiB = 1024 * 1024
CAP = 4 * MiB


def stored(data: bytes, name: str = "h", *, key: str = "chat/t/c/x", mimetype: str = "image/jpeg") -> Stored:
    sha256 = hashlib.sha256(data).hexdigest()
    return Stored(key, len(data), mimetype, "x.jpg", sha256, sha256, cache.key_of(name))


@pytest.fixture(params=["memory"] if EMBEDDED else ["memory", "redis"])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    if request.param == "memory":
        yield MemoryShelf(CAP)
        return
    server: Redis = request.getfixturevalue("redis_server")
    redis.Redis.from_url(server.url).flushdb()
    yield RedisShelf(server.url, CAP)


async def get(shelf: Shelf, name: str) -> bytes | None:
    on_loop = shelf.on_loop()
    try:
        return await on_loop.get(name)
    finally:
        await on_loop.close()


async def test_what_was_put_is_got_by_threads_and_by_the_loop(shelf: Shelf) -> None:
    shelf.put("media:a", b"one", 60)
    on_loop = shelf.on_loop()
    await on_loop.put("media:b", b"two", 0)

    assert [await on_loop.get(name) for name in ("media:a", "media:b", "media:c")] == [b"one", b"two", None]
    await on_loop.close()


async def test_more_than_is_allowed_does_not_stay_and_the_least_used_goes_first(shelf: Shelf) -> None:
    on_loop = shelf.on_loop()
    for number in range(20):
        shelf.put(f"media:{number}", bytes(400_000), 60)
        await on_loop.get("media:0")
        time.sleep(0.002)  # Redis tells uses apart by its clock
    await on_loop.close()

    kept = [number for number in range(20) if await get(shelf, f"media:{number}") is not None]
    assert kept[-1] == 19
    assert 5 <= len(kept) <= 10
    used = shelf.bytes_used()
    assert used is not None
    assert used <= CAP


async def test_in_memory_what_is_looked_at_stays() -> None:
    shelf = MemoryShelf(CAP)
    for number in range(20):
        shelf.put(f"media:{number}", bytes(400_000), 60)
        shelf.get("media:0")

    assert shelf.get("media:0") is not None
    assert shelf.get("media:1") is None


async def test_forgetting_takes_every_piece_of_a_file_and_nothing_of_another(shelf: Shelf) -> None:
    pieces = ["media:a", "media:a:0", "media:a:99", "media:a:thumbnail", "media:a:jpeg:3"]
    others = ["media:ab", "media:ab:0", "media:b"]
    for name in pieces + others:
        shelf.put(name, b"x", 60)
    shelf.forget(["media:a"])

    assert [await get(shelf, name) for name in pieces] == [None] * 5
    assert [await get(shelf, name) for name in others] == [b"x"] * 3


async def test_all_forgotten_is_nothing_used(shelf: Shelf) -> None:
    for name in ("media:a:0", "media:a:1", "media:b"):
        shelf.put(name, bytes(1000), 60)
        shelf.put(name, bytes(2000), 60)
    shelf.forget(["media:a", "media:b"])

    assert shelf.bytes_used() == 0


# --- Redis ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(redis_server: Redis) -> Any:
    client = redis.Redis.from_url(redis_server.url)
    client.flushdb()
    return client


def test_redis_itself_says_that_the_cap_is_kept(client: Any, redis_server: Redis) -> None:
    """By MEMORY USAGE of every key there is, our books included."""
    shelf = RedisShelf(redis_server.url, CAP)
    for number in range(60):
        shelf.put(f"media:{number:022}", os.urandom((number * 7919) % 300_000 + 1000), 60)
        shelf.put(f"media:{number:022}:0", os.urandom(SLICE_BYTES + cache.SEAL_BYTES), 60)
    used = sum(client.memory_usage(key, samples=0) for key in client.scan_iter("*"))

    assert CAP * 0.7 < used <= CAP
    assert used <= (shelf.bytes_used() or 0)


def test_a_full_slice_costs_redis_no_more_than_half_a_mebibyte(client: Any, redis_server: Redis) -> None:
    RedisShelf(redis_server.url, CAP).put("media:" + "h" * 22 + ":12", bytes(SLICE_BYTES + cache.SEAL_BYTES), 60)

    assert client.memory_usage("media:" + "h" * 22 + ":12") < 512 * 1024 + 200


def test_a_value_goes_when_its_time_is_over_and_a_face_does_not(client: Any, redis_server: Redis) -> None:
    shelf = RedisShelf(redis_server.url, CAP)
    shelf.put("media:a", b"x", 60)
    shelf.put("media:face", b"x", 0)

    assert 0 < client.ttl("media:a") <= 60
    assert client.ttl("media:face") == -1


async def test_a_look_is_noted_once_a_minute(client: Any, redis_server: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    RedisShelf(redis_server.url, CAP).put("media:a", b"x", 60)
    client.zadd(cache_redis.USED, {"media:a": 1})
    now = 1000.0
    monkeypatch.setattr(cache_redis.time, "monotonic", lambda: now)
    on_loop = RedisShelf(redis_server.url, CAP).on_loop()
    seen = []
    for seconds in (0, 59, 61):
        now = 1000.0 + seconds
        client.zadd(cache_redis.USED, {"media:a": 1})
        await on_loop.get("media:a")
        seen.append(client.zscore(cache_redis.USED, "media:a") > 1)
    await on_loop.close()

    assert seen == [True, False, True]


async def test_who_began_to_fetch_before_a_file_was_forgotten_does_not_bring_it_back(
    client: Any, redis_server: Redis
) -> None:
    shelf = RedisShelf(redis_server.url, CAP)
    shelf.forget(["media:a"])
    on_loop = shelf.on_loop()
    await on_loop.put("media:a:0", b"x", 60)
    await on_loop.put("media:b:0", b"x", 60)

    assert [await on_loop.get(name) for name in ("media:a:0", "media:b:0")] == [None, b"x"]
    await on_loop.close()


@pytest.mark.parametrize("trouble", ["kill9", "pause"])
def test_forgetting_says_whether_it_worked(private_redis: Redis, trouble: str) -> None:
    near = MediaCache(RedisShelf(private_redis.url, CAP))
    near.shelf.put("media:a", b"x", 60)
    getattr(private_redis, trouble)()
    assert near.forget(["a"]) is False
    if trouble == "pause":
        private_redis.resume()
        time.sleep(REST_SECONDS)
        assert near.forget(["a"]) is True
    assert MediaCache(MemoryShelf(CAP)).forget(["a"]) is True


@pytest.mark.parametrize("trouble", ["kill9", "pause"])
async def test_without_redis_one_caller_waits_a_moment_and_then_nobody(private_redis: Redis, trouble: str) -> None:
    shelf = RedisShelf(private_redis.url, CAP)
    on_loop = shelf.on_loop()
    await on_loop.put("media:a", b"x", 60)
    getattr(private_redis, trouble)()
    waits = []
    for _ in range(20):
        began = time.monotonic()
        with pytest.raises(Away):
            await on_loop.get("media:a")
        waits.append(time.monotonic() - began)
    private_redis.resume() if trouble == "pause" else private_redis.start()
    await wait_until(lambda: works(on_loop))
    await on_loop.close()

    assert max(waits) < 1
    assert sorted(waits)[-3] < 0.05


def test_job_threads_do_not_hang_on_a_paused_redis(private_redis: Redis, tmp_path: Path) -> None:
    shelf = RedisShelf(private_redis.url, CAP)
    private_redis.pause()
    began = time.monotonic()
    for _ in range(20):
        shelf.put("media:a", b"x", 60)
    took = time.monotonic() - began
    private_redis.resume()

    assert took < 3


async def test_a_redis_that_does_not_say_what_a_value_costs_is_capped_all_the_same(private_redis: Redis) -> None:
    client = redis.Redis.from_url(private_redis.url)
    client.execute_command("ACL", "SETUSER", "default", "-memory")
    shelf = RedisShelf(private_redis.url, CAP)
    on_loop = shelf.on_loop()
    for number in range(20):
        shelf.put(f"media:{number}", bytes(400_000), 60)
        await on_loop.put(f"media:{number}:0", bytes(400_000), 60)
    await on_loop.close()

    kept = sum(client.strlen(name) for name in client.scan_iter("media:*"))
    assert CAP / 2 < kept <= CAP
    assert kept < (shelf.bytes_used() or 0) <= CAP


async def works(on_loop: Any) -> bool:
    try:
        await on_loop.put("media:back", b"x", 60)
    except Away:
        return False
    return await on_loop.get("media:back") == b"x"


async def wait_until(is_so: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not await is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


# --- Pieces ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value[:-1],
        lambda value: value + b"x",
        lambda value: b"x" + value[1:],
        lambda value: value[:-1] + bytes([value[-1] ^ 1]),
        lambda value: b"",
        lambda value: bytes(len(value)),
    ],
)
@pytest.mark.parametrize("size", [1000, 3 * MiB])
def test_no_wrong_byte_comes_out(size: int, change: Any) -> None:
    data = os.urandom(size)
    for piece in cache.first_pieces(stored(data)):
        part = data[piece.start : piece.start + piece.length]
        value = piece.wrapped(part)
        assert piece.unwrapped(value) == part
        assert piece.unwrapped(change(value)) is None


def test_a_slice_of_other_content_is_not_taken_for_ours() -> None:
    data = os.urandom(3 * MiB)
    piece = cache.slice_of(stored(data), 1)
    value = piece.wrapped(data[piece.start : piece.start + piece.length])

    assert replace(piece, etag="another").unwrapped(value) is None


def test_slices_are_the_whole_file_each_byte_once() -> None:
    one = stored(bytes(3 * MiB + 17))
    slices = [cache.slice_of(one, number) for number in range(7)]

    assert sum(piece.length for piece in slices) == one.size_bytes
    assert all(a.start + a.length == b.start for a, b in pairwise(slices))


@pytest.mark.parametrize(
    ("mimetype", "key", "days"),
    [
        ("image/jpeg", "chat/x", 7),
        ("video/mp4", "chat/x", 7),
        ("audio/ogg; codecs=opus", "chat/x", 3),
        ("application/pdf", "chat/x", 1),
        ("image/jpeg", "profile_pics/t/x.jpg", 0),
    ],
)
def test_each_kind_is_kept_as_long_as_it_is_worth(mimetype: str, key: str, days: int) -> None:
    assert cache.seconds_of(stored(b"x", key=key, mimetype=mimetype)) == days * 24 * 3600


async def test_warming_puts_what_the_first_reader_asks_for(tmp_path: Path) -> None:
    near = MediaCache(MemoryShelf(16 * MiB))
    small, large = os.urandom(5000), os.urandom(4 * MiB)
    for name, data in (("small", small), ("large", large)):
        path = tmp_path / name
        path.write_bytes(data)
        near.warm(stored(data, name), path)

    assert await get(near.shelf, "media:small") == small
    kept = [number for number in range(9) if await get(near.shelf, f"media:large:{number}") is not None]
    assert kept == [0, 1, 8]


async def test_warming_with_another_files_bytes_puts_nothing(tmp_path: Path) -> None:
    near = MediaCache(MemoryShelf(CAP))
    (tmp_path / "x").write_bytes(b"other")
    near.warm(stored(b"these"), tmp_path / "x")
    near.warm(stored(b"these"), tmp_path / "not there")

    assert await get(near.shelf, "media:h") is None


# --- The hottest ----------------------------------------------------------------------------------------------------


def test_the_hottest_cool_down_and_are_told_apart_by_content() -> None:
    now = 0.0
    hot = Hot(1000, clock=lambda: now)
    hot.put("media:a", "one", b"x")

    assert (hot.get("media:a", "one"), hot.get("media:b", "one")) == (b"x", None)
    now = SECONDS + 1
    assert hot.get("media:a", "one") is None
    hot.put("media:a", "one", b"x")
    assert hot.get("media:a", "two") is None


def test_the_hottest_never_take_more_than_their_room() -> None:
    hot = Hot(1000)
    for number in range(10):
        hot.put(f"media:{number}", "e", bytes(300))
        hot.get("media:0", "e")

    assert [number for number in range(10) if hot.get(f"media:{number}", "e")] == [0, 8, 9]


def test_what_is_forgotten_is_hot_no_more() -> None:
    near = MediaCache(MemoryShelf(CAP))
    for name in ("media:a", "media:a:thumbnail", "media:ab"):
        near.hot.put(name, "e", b"x")
    near.forget(["a"])

    assert [near.hot.get(name, "e") for name in ("media:a", "media:a:thumbnail", "media:ab")] == [None, None, b"x"]
