"""Files read 50 times a second while Redis, then S3, is killed and paused: no wrong byte, no hang, and no restart."""

import asyncio
import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bench.rig import Rig
from tests.ceph import Ceph
from tests.chaosproxy import ChaosProxy
from tests.parts import Parts
from tests.process.chat_process import ChatProcess
from tests.servers import Postgres, Redis
from tests.unit.media import samples
from tests.unit.site import sites

MiB = 1024 * 1024
A_SECOND = 50
CUT = 0
TROUBLE_SECONDS, HEALED_SECONDS, RECOVERY_SECONDS = 5.0, 5.0, 3.0


@dataclass(frozen=True)
class File:
    """Its true bytes, and where they are read."""

    path: str
    data: bytes


@dataclass(frozen=True)
class Look:
    """What became of one request; `at` is seconds since the trouble began."""

    at: float
    seconds: float
    status: int
    is_right: bool
    retry_after: str


@dataclass(frozen=True)
class Shelf:
    """Files that were read before, and files that nobody has read yet."""

    chat: ChatProcess
    known: list[File]
    fresh: list[File]


@pytest.fixture
def storage(private_s3: Ceph) -> dict[str, str]:
    private_s3.make_bucket("chat")
    return {
        "S3_ENDPOINT_URL": private_s3.url,
        "S3_ACCESS_KEY": private_s3.access_key,
        "S3_SECRET_KEY": private_s3.secret_key,
        "S3_BUCKET": "chat",
    }


@pytest.fixture
def shelf(
    tmp_path: Path,
    parts: Parts,
    real_parts: dict[str, str],
    private_redis: Redis,
    private_s3: Ceph,
    storage: dict[str, str],
) -> Iterator[Shelf]:
    room = real_parts | storage | {"REDIS_URL": private_redis.url, "DECODERS": "1"}
    rig = Rig(parts)
    with ChatProcess(tmp_path / "chat", room).migrate() as chat:
        tenant_id = rig.companies(room, 1)[0].tenant_id

        def put(size: int, mimetype: str) -> File:
            data = os.urandom(size)
            key = f"chat/{tenant_id}/unfiled/{hashlib.md5(data).hexdigest()}"
            private_s3.client().put_object(Bucket="chat", Key=key, Body=data)
            facts = (str(size), hashlib.sha256(data).hexdigest(), mimetype)
            return File(f"/media/{rig.seed(room, 'media', tenant_id, key, *facts)['media_hash']}", data)

        known = [put(90_000, "image/jpeg"), put(700_000, "image/jpeg"), put(3 * MiB, "video/mp4")]
        for file in known:
            assert httpx.get(chat.url + file.path).content == file.data
        yield Shelf(chat, known, [put(50_000, "audio/ogg"), put(2 * MiB, "video/mp4")])


def watch(shelf: Shelf, begin: Callable[[], Any], end: Callable[[], Any]) -> list[Look]:
    """50 requests a second, on time whatever becomes of the others, through the trouble and out of it."""
    return asyncio.run(_watch(shelf, begin, end))


async def _watch(shelf: Shelf, begin: Callable[[], Any], end: Callable[[], Any]) -> list[Look]:
    chance = random.Random(1)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
    async with httpx.AsyncClient(base_url=shelf.chat.url, limits=limits, timeout=20) as reader:
        began = time.monotonic()
        asking, is_over = [], False
        begin()
        for number in range(int(A_SECOND * (TROUBLE_SECONDS + HEALED_SECONDS))):
            await asyncio.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
            if not is_over and time.monotonic() - began > TROUBLE_SECONDS:
                is_over = True
                await asyncio.to_thread(end)
            file = chance.choice(shelf.known + shelf.fresh)
            asking.append(asyncio.create_task(_look(reader, file, chance.randrange(len(file.data)), began)))
        return list(await asyncio.gather(*asking))


async def _look(reader: httpx.AsyncClient, file: File, start: int, began: float) -> Look:
    end = min(start + 600_000, len(file.data) - 1)
    at = time.monotonic()
    try:
        answer = await reader.get(file.path, headers={"Range": f"bytes={start}-{end}"})
    except httpx.RemoteProtocolError:  # cut in the middle, and seen to be
        return Look(at - began, time.monotonic() - at, CUT, is_right=True, retry_after="")
    is_right = answer.content == file.data[start : end + 1] if answer.status_code == 206 else answer.status_code == 503
    seconds = time.monotonic() - at
    return Look(at - began, seconds, answer.status_code, is_right, answer.headers.get("retry-after", ""))


def hold(looks: list[Look]) -> None:
    """What holds whatever happens."""
    assert [look for look in looks if not look.is_right] == []
    assert max(look.seconds for look in looks) < 5
    assert [look for look in looks if look.status == 503 and not look.retry_after] == []
    late = [look for look in looks if look.at > TROUBLE_SECONDS + RECOVERY_SECONDS]
    assert {look.status for look in late} == {206}
    assert sorted(look.seconds for look in late)[len(late) // 2] < 0.5


@pytest.mark.parametrize("trouble", ["kill9", "pause"])
def test_without_redis_every_file_is_still_there(shelf: Shelf, private_redis: Redis, trouble: str) -> None:
    end = private_redis.start if trouble == "kill9" else private_redis.resume
    looks = watch(shelf, getattr(private_redis, trouble), end)

    hold(looks)
    assert {look.status for look in looks} == {206}


@pytest.mark.parametrize("trouble", ["kill9", "pause"])
def test_without_redis_faces_come_and_browsers_are_known(
    tmp_path: Path, parts: Parts, real_parts: dict[str, str], private_redis: Redis, trouble: str
) -> None:
    """WhatsApp's host is asked for each face then; who asks too often is counted by the process alone."""
    picture, data = samples.jpeg(), os.urandom(50_000)
    with sites() as make:
        host = make(lambda host: host.say(200, picture)).host
        room = real_parts | {"REDIS_URL": private_redis.url, "SANDBOX": "1", "SANDBOX_URL": f"http://{host}"}
        with ChatProcess(tmp_path / "chat", room | {"DECODERS": "1"}).migrate() as chat:
            company = Rig(parts).companies(room, 1)[0]
            parts.ceph.client().put_object(Bucket=room["S3_BUCKET"], Key="chat/x/unfiled/x", Body=data)
            facts = (str(len(data)), hashlib.sha256(data).hexdigest(), "image/jpeg")
            made = Rig(parts).seed(room, "media", company.tenant_id, "chat/x/unfiled/x", *facts)
            paths = {f"/api/chat/attachments/{made['id']}/download/": data}
            paths |= {f"/api/chat/media-proxy/?url=http://{host}/{number}.jpg": picture for number in range(10)}
            getattr(private_redis, trouble)()
            headers = {"Authorization": f"Bearer {company.token}"}
            looks = asyncio.run(_all_at_once(chat, list(paths.items()) * 2, headers))
            private_redis.resume() if trouble == "pause" else private_redis.start()

    assert {(look.status, look.is_right) for look in looks} == {(200, True)}
    assert max(look.seconds for look in looks) < 3


async def _all_at_once(chat: ChatProcess, asked: list[tuple[str, bytes]], headers: dict[str, str]) -> list[Look]:
    async def look(path: str, data: bytes) -> Look:
        began = time.monotonic()
        answer = await reader.get(path)
        return Look(0, time.monotonic() - began, answer.status_code, answer.content == data, "")

    async with httpx.AsyncClient(base_url=chat.url, headers=headers, timeout=20) as reader:
        return await asyncio.gather(*(look(path, data) for path, data in asked))


@pytest.mark.parametrize("trouble", ["kill9", "pause"])
def test_without_storage_what_was_read_before_is_still_there(shelf: Shelf, private_s3: Ceph, trouble: str) -> None:
    end = private_s3.start if trouble == "kill9" else private_s3.resume
    looks = watch(shelf, getattr(private_s3, trouble), end)

    hold(looks)
    during = [look.status for look in looks if look.at < TROUBLE_SECONDS]
    assert during.count(206) > during.count(503) > 0


@pytest.mark.parametrize("trouble", ["refused", "silent"])
def test_without_the_database_nobody_is_let_in_for_long_and_nobody_hangs(
    tmp_path: Path, parts: Parts, real_parts: dict[str, str], postgres: Postgres, trouble: str
) -> None:
    """What may be read is known for five seconds; after that only the rows can say."""
    with ChaosProxy(postgres.port) as line:
        url = real_parts["DATABASE_URL"].replace(f":{postgres.port}/", f":{line.port}/")
        room = real_parts | {"DATABASE_URL": url, "DECODERS": "1"}
        with ChatProcess(tmp_path / "chat", room).migrate() as chat:
            tenant_id, data = Rig(parts).companies(room, 1)[0].tenant_id, os.urandom(50_000)
            parts.ceph.client().put_object(Bucket=room["S3_BUCKET"], Key="chat/x/unfiled/x", Body=data)
            facts = (str(len(data)), hashlib.sha256(data).hexdigest(), "image/jpeg")
            path = f"/media/{Rig(parts).seed(room, 'media', tenant_id, 'chat/x/unfiled/x', *facts)['media_hash']}"
            assert httpx.get(chat.url + path).content == data
            break_off(line, trouble)
            time.sleep(6)
            began = time.monotonic()
            refused = httpx.get(chat.url + path, timeout=20)
            took = time.monotonic() - began
            line.heal()
            deadline = time.monotonic() + 15
            while (answer := httpx.get(chat.url + path, timeout=20)).status_code != 200:
                assert time.monotonic() < deadline, answer.text
                time.sleep(0.2)

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.json()["code"] == "database_unavailable"
    assert took < 5
    assert answer.content == data


def break_off(line: ChaosProxy, trouble: str) -> None:
    if trouble == "silent":
        line.is_silent = True
        return
    line.refuses = True
    line.reset_all()
