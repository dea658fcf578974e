"""Two hundred who hardly read, or do not read at all, cost little and are in nobody's way."""

import asyncio
import hashlib
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.fetching import Line, get, open_lines
from tests.bench.rig import Rig
from tests.parts import Parts
from tests.process.chat_process import ChatProcess
from tests.process.test_slow_readers import resident_bytes
from tests.servers import HOST

MiB = 1024 * 1024
BIG, SMALL = 60 * MiB, 200_000
SLOW = 200
TRICKLE_BYTES, EVERY_SECONDS = 4096, 0.25
LOOKS = 60
APART_BYTES = 150_000


@dataclass(frozen=True)
class Place:
    """A running program, and the paths of a large file and a small one."""

    chat: ChatProcess
    big: str
    small: str


@pytest.fixture
def place(tmp_path: Path, parts: Parts, real_parts: dict[str, str]) -> Iterator[Place]:
    rig = Rig(parts)
    with ChatProcess(tmp_path / "chat", real_parts | {"DECODERS": "1"}).migrate() as chat:
        tenant_id = rig.companies(real_parts, 1)[0].tenant_id

        def put(data: bytes, mimetype: str) -> str:
            key = f"chat/{tenant_id}/unfiled/{len(data)}"
            parts.ceph.client().put_object(Bucket=real_parts["S3_BUCKET"], Key=key, Body=data)
            facts = (str(len(data)), hashlib.sha256(data).hexdigest(), mimetype)
            return f"/media/{rig.seed(real_parts, 'media', tenant_id, key, *facts)['media_hash']}"

        yield Place(chat, put(bytes(BIG), "video/mp4"), put(os.urandom(SMALL), "image/jpeg"))


async def fast(place: Place, line: Line) -> float:
    """Milliseconds of a look at the small file, in the middle of many."""
    waits = []
    for _ in range(LOOKS):
        began = time.monotonic()
        await line.fetch(get(place.chat.url, place.small))
        waits.append((time.monotonic() - began) * 1000)
        await asyncio.sleep(0.01)
    return statistics.median(waits)


async def slow(place: Place, number: int) -> int:
    """Asks for the large file from somewhere on, and takes a little now and then; every other one takes nothing.

    Returns what it got."""
    reader, writer = await asyncio.open_connection(HOST, place.chat.port, limit=TRICKLE_BYTES)
    writer.write(get(place.chat.url, place.big, Range=f"bytes={number * APART_BYTES}-"))
    got = 0
    try:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            got += len(await reader.read(TRICKLE_BYTES)) if number % 2 == 0 else 0
    except asyncio.CancelledError:
        return got
    finally:
        writer.transport.abort()


async def compare(place: Place) -> tuple[float, float, int, list[int]]:
    """The fast one alone and among them, what each of the others cost, and what they got."""
    (line,) = await open_lines(place.chat.url, 1)
    await line.fetch(get(place.chat.url, place.small))
    alone = await fast(place, line)
    before = resident_bytes(place.chat.pid)
    others = [asyncio.create_task(slow(place, number)) for number in range(SLOW)]
    await asyncio.sleep(3)
    among = await fast(place, line)
    grown = resident_bytes(place.chat.pid) - before
    for one in others:
        one.cancel()
    got = await asyncio.gather(*others)
    line.transport.close()
    return alone, among, grown, got


def test_they_cost_at_most_four_mebibytes_each_and_slow_down_nobody(place: Place) -> None:
    alone, among, grown, got = asyncio.run(compare(place))

    print(f"alone {alone:.1f} ms, among {SLOW} {among:.1f} ms, {grown / SLOW / MiB:.2f} MiB each")
    assert grown / SLOW < 4 * MiB
    assert among < 3 * alone + 5
    assert min(got[::2]) > 0
    assert place.chat.health()["status"] != "down"
