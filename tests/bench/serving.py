"""How fast a file is that lies in the cache, and what a large one costs.

One process on real PostgreSQL, Redis, RabbitMQ and S3. A file of 200 KB is read by its hash over 16 kept connections as
fast as it comes (wrk), beside a plain Django view under Daphne that reads the same value from the same Redis, and nginx
that sends the same bytes from disk; then at 1,000 a second, from when each was due (nginx, too: what this machine adds
by itself). A voice note of 20 KB is read alone. Jumps in a video of 50 MB that nobody has read yet take a mebibyte
each, wherever; growth is the highest resident memory less what it was before.
"""

import asyncio
import hashlib
import os
import random
import time
from collections.abc import Mapping
from uuid import uuid4

import httpx

from tests.bench.fetching import Line, get, open_lines, paced, requests_a_second
from tests.bench.figures import RUNS, Measure, Target, percentile
from tests.bench.nginx import Nginx
from tests.bench.rig import Rig
from tests.bench.rss import Watch
from tests.process.chat_process import ChatProcess

PICTURE_BYTES, VOICE_BYTES, VIDEO_BYTES = 200_000, 20_000, 50_000_000
CONNECTIONS, SECONDS = 16, 4
A_SECOND = 1_000
ALONE, GAP_SECONDS = 300, 0.005
JUMPS, JUMP_BYTES = 200, 1024 * 1024


def run(rig: Rig) -> list[Measure]:
    view = Measure("serving", "hit, 200 KB", "/s", Target(ratio_at_least=3), peer="plain view")
    disk = Measure("serving", "hit, 200 KB", "/s", Target(ratio_at_least=0.15), peer="nginx, disk")
    due = Measure("serving", "paced 1,000/s p99", "ms", Target(at_most=20), peer="nginx, disk")
    voice = Measure("serving", "hit, voice note alone p50", "ms", Target(at_most=3))
    jump = Measure("serving", "jump in a video p95", "ms", Target(at_most=300))
    growth = Measure("serving", "growth, jumps in 50 MB", "MB", Target(at_most=16))
    room = rig.room()
    nginx = Nginx(rig.folder("nginx")).start()
    with rig.chat(room) as chat, rig.peer("cached_view", REDIS_URL=rig.redis_url) as peer:
        shelf = Files(rig, room, chat)
        _measure_jumps(chat, shelf, jump, growth)
        path = shelf.put(os.urandom(PICTURE_BYTES), "image/jpeg")
        (nginx.folder / "files" / path[1:]).write_bytes(httpx.get(chat.url + path).content)
        for url in (chat.url, peer.url, nginx.url):
            requests_a_second(url + path, connections=CONNECTIONS, seconds=1)
        for _ in range(RUNS):
            ours, theirs, best = (_flat_out(url + path) for url in (chat.url, peer.url, nginx.url))
            view.runs.append(ours)
            disk.runs.append(ours)
            view.peer_runs.append(theirs)
            disk.peer_runs.append(best)
            due.runs.append(_paced_p99(chat.url, path))
            due.peer_runs.append(_paced_p99(nginx.url, path))
        voice_path = shelf.put(os.urandom(VOICE_BYTES), "audio/ogg")
        voice.runs += [asyncio.run(_alone_p50(chat.url, voice_path)) for _ in range(RUNS)]
    nginx.stop()
    return [view, disk, due, voice, jump, growth]


class Files:
    """Stored files of one company, without their way in."""

    def __init__(self, rig: Rig, room: Mapping[str, str], chat: ChatProcess) -> None:
        self._rig, self._room, self._chat = rig, room, chat
        self._tenant_id = rig.companies(room, 1)[0].tenant_id

    def put(self, data: bytes, mimetype: str, *, is_read: bool = True) -> str:
        """The path of a file; one that `is_read` is in the cache."""
        key = f"chat/{self._tenant_id}/unfiled/{uuid4()}"
        self._rig.parts.ceph.client().put_object(Bucket=self._room["S3_BUCKET"], Key=key, Body=data)
        facts = (str(len(data)), hashlib.sha256(data).hexdigest(), mimetype)
        path = f"/media/{self._rig.seed(self._room, 'media', self._tenant_id, key, *facts)['media_hash']}"
        if not is_read:
            return path
        answers = [httpx.get(self._chat.url + path) for _ in range(2)]
        assert [answer.headers["x-cache"] for answer in answers] == ["MISS", "HIT"]
        assert all(answer.content == data for answer in answers)
        return path


def _flat_out(url: str) -> float:
    return requests_a_second(url, connections=CONNECTIONS, seconds=SECONDS)


def _paced_p99(url: str, path: str) -> float:
    waits = asyncio.run(paced(url, get(url, path), connections=CONNECTIONS, a_second=A_SECOND, seconds=SECONDS))
    return percentile(waits, 99)


async def _alone_p50(url: str, path: str) -> float:
    (line,) = await open_lines(url, 1)
    waits = []
    for _ in range(ALONE):
        waits.append(await _milliseconds(line, get(url, path)))
        await asyncio.sleep(GAP_SECONDS)
    line.transport.close()
    return percentile(waits, 50)


def _measure_jumps(chat: ChatProcess, shelf: Files, jump: Measure, growth: Measure) -> None:
    """While the process is young: what it has freed already would hide what it takes."""
    for number in range(RUNS):
        path = shelf.put(os.urandom(VIDEO_BYTES), "video/mp4", is_read=False)
        with Watch(chat.pid) as watch:
            jump.runs.append(asyncio.run(_jump(chat.url, path, seed=number)))
        growth.runs.append(watch.growth_mb)


async def _jump(url: str, path: str, *, seed: int) -> float:
    """Milliseconds to a mebibyte somewhere in the middle, the 95th percentile."""
    where = random.Random(seed)
    (line,) = await open_lines(url, 1)
    waits = []
    for _ in range(JUMPS):
        start = where.randrange(VIDEO_BYTES - JUMP_BYTES)
        waits.append(await _milliseconds(line, get(url, path, Range=f"bytes={start}-{start + JUMP_BYTES - 1}")))
    line.transport.close()
    return percentile(waits, 95)


async def _milliseconds(line: Line, request: bytes) -> float:
    began = time.monotonic()
    await line.fetch(request)
    return (time.monotonic() - began) * 1000
