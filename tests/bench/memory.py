"""What large files cost the server: its own memory (decoders are processes of their own), and its sockets' patience.

One process on real PostgreSQL, Redis, RabbitMQ and S3, and the sandbox in its own process; everything has been done
once before anything is measured. Growth is the highest resident memory seen (100 looks a second) less what it was.

video: a 50 MB video goes the whole way, from the webhook to `attachment_ready`.
photos: paced events (1,000 frames a second, 100 sockets of 10 tenants, one event for each tenant every tenth of a
second) while twenty 12-megapixel photos come in; the age of a frame when it is heard, p99.
readers: four clients ask for a stored file of 100 MB and read nothing of it for five seconds.
"""

import asyncio
import hashlib
import socket
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from backend.sandbox.samples import SAMPLES_DIR
from tests.bench import letters, settling
from tests.bench.crowd import Crowd
from tests.bench.figures import RUNS, Measure, Target, percentile
from tests.bench.hub import seats
from tests.bench.phone import Phone
from tests.bench.posting import Caller
from tests.bench.rig import Company, Rig
from tests.bench.ringing import Numbers, Ringer
from tests.bench.rss import Watch
from tests.process.chat_process import ChatProcess

VIDEO_BYTES, STORED_BYTES = 50_000_000, 100_000_000
PHOTOS, TENANTS, SOCKETS_EACH = 20, 10, 10
EVERY_SECONDS = 0.1
READERS, READ_NOTHING_SECONDS = 4, 5
HEAR_SECONDS = 30


def run(rig: Rig) -> list[Measure]:
    video = Measure("memory", "growth, 50 MB video", "MB", Target(at_most=64))
    photos = Measure("memory", "paced p99 beside 20 photos of 12 MP", "ms", Target(at_most=50))
    readers = Measure("memory", "growth, 4 clients that read nothing", "MB", Target(at_most=16))
    with rig.sandbox() as sandbox:
        room = rig.room(SANDBOX="1", SANDBOX_URL=sandbox.url)
        with rig.chat(room) as chat:
            companies = rig.companies(room, TENANTS, sandbox_url=sandbox.url)
            bench = Bench(rig, chat, companies, room)
            with Crowd(seats(chat.url, companies[1:], each=SOCKETS_EACH)) as crowd:
                asyncio.run(bench.measure(video, photos, crowd, sandbox.url))
            large = bench.store_large()
            readers.runs += [bench.growth_by_readers(large) for _ in range(RUNS)]
    return [video, photos, readers]


class Bench:
    """The first company's files come in; the others' sockets listen to events that are rung from outside."""

    def __init__(self, rig: Rig, chat: ChatProcess, companies: list[Company], room: Mapping[str, str]) -> None:
        self._rig, self._chat, self._room = rig, chat, room
        self._company, self._others = companies[0], companies[1:]
        self._numbers = Numbers([company.tenant_id for company in self._others])

    async def measure(self, video: Measure, photos: Measure, crowd: Crowd, sandbox_url: str) -> None:
        caller, ringer = Caller(self._chat.url), Ringer(self._rig.redis_url)
        videos, pictures = await self._letters(sandbox_url)
        await self._take_in(caller, [videos.pop(), pictures.pop()])
        for _ in range(RUNS):
            with Watch(self._chat.pid) as watch:
                await self._take_in(caller, [videos.pop()])
            video.runs.append(watch.growth_mb)
        for _ in range(RUNS):
            batch, pictures = pictures[:PHOTOS], pictures[PHOTOS:]
            photos.runs.append(await self._age_p99(crowd, ringer, caller, batch))
        caller.close()
        await ringer.close()

    async def _letters(self, sandbox_url: str) -> tuple[list[bytes], list[bytes]]:
        """Videos and photos that nobody has sent before."""
        clip = (SAMPLES_DIR / "video.mp4").read_bytes()
        picture = letters.jpeg(4000, 3000, noise=34, quality=72)
        videos, pictures = [], []
        async with Phone(sandbox_url, self._company) as phone:
            await phone.add_customer(id="maria", name="Maria Souza", phone="5517999990001")
            for number in range(RUNS + 1):
                file = ("video.mp4", letters.padded_mp4(clip, VIDEO_BYTES - number), "video/mp4")
                videos.append((await phone.send("maria", {"kind": "video"}, file))[0])
            for number in range(RUNS * PHOTOS + 1):
                photo = ("photo.jpg", letters.another(picture, number), "image/jpeg")
                pictures.append((await phone.send("maria", {"kind": "image"}, photo))[0])
        return videos, pictures

    async def _take_in(self, caller: Caller, bodies: list[bytes]) -> None:
        """Post them at once and wait until every file is stored."""
        for answer in await asyncio.gather(*(caller.post(self._company.hook, body) for body in bodies)):
            assert answer.status == 200, answer
        await asyncio.to_thread(settling.wait_until_idle, self._room["DATABASE_URL"])

    async def _age_p99(self, crowd: Crowd, ringer: Ringer, caller: Caller, bodies: list[bytes]) -> float:
        crowd.begin(measures_age=True)
        coming_in = asyncio.create_task(self._take_in(caller, bodies))
        turns, began = 0, time.monotonic()
        while not coming_in.done():
            await self._numbers.ring_all(ringer.hub)
            turns += 1
            await asyncio.sleep(max(0.0, began + turns * EVERY_SECONDS - time.monotonic()))
        await coming_in
        expected = turns * len(self._others) * SOCKETS_EACH
        report = await crowd.wait_for(expected, seconds=HEAR_SECONDS)
        assert report.frames == expected, f"{report.frames} of {expected} frames"
        return percentile(report.ages_ms, 99)

    def store_large(self) -> str:
        """A file of 100 MB as a row and an object, without the way in. Returns the attachment's id."""
        content, tenant_id = bytes(STORED_BYTES), self._company.tenant_id
        key = f"chat/{tenant_id}/unfiled/large.zip"
        self._rig.parts.ceph.client().put_object(Bucket=self._room["S3_BUCKET"], Key=key, Body=content)
        digest = hashlib.sha256(content).hexdigest()
        return str(self._rig.seed(self._room, "file", tenant_id, key, str(STORED_BYTES), digest))

    def growth_by_readers(self, attachment_id: str) -> float:
        """Megabytes."""
        lines = []
        with Watch(self._chat.pid) as watch:
            for _ in range(READERS):
                lines.append(self._ask_for(attachment_id))
            time.sleep(READ_NOTHING_SECONDS)
        for line in lines:
            head = line.recv(1000)
            assert b" 200 " in head.partition(b"\r\n")[0], head
            line.close()
        time.sleep(1)
        return watch.growth_mb

    def _ask_for(self, attachment_id: str) -> socket.socket:
        address = urlsplit(self._chat.url)
        line = socket.create_connection((address.hostname, address.port))
        path = f"/api/chat/attachments/{attachment_id}/download/"
        head = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {self._company.token}\r\n\r\n"
        line.sendall(head.encode())
        return line
