"""The burst itself: callers that do not give up, clients that come back, and a server that is killed in the middle."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from typing import Any

from tests.bench.ears import listen
from tests.bench.posting import Caller
from tests.bench.rig import Company
from tests.process.chat_process import ChatProcess

CALLERS = 16
AGAIN_SECONDS = 0.25
COME_BACK_SECONDS = 0.1
DEAD_SECONDS = 1.0
Post = tuple[str, bytes]


class Watcher:
    """A browser: one socket to one of the processes, and to the other one when that ends, with its cursor."""

    def __init__(self, urls: Sequence[str], company: Company, *, first: int) -> None:
        self.company = company
        self.seen: list[tuple[int, str]] = []
        self.connections = 0
        self._urls, self._turn = urls, first
        self._task: asyncio.Task[None] | None = None

    @property
    def cursor(self) -> int:
        return self.seen[-1][0] if self.seen else 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _watch(self) -> None:
        while True:
            url = self._urls[self._turn % len(self._urls)]
            self._turn += 1
            company = self.company
            try:
                transport = await listen(url, company.tenant_id, company.headers, self._heard, after=self.cursor)
            except Exception:  # it is dead, or not yet back: the other one is asked
                await asyncio.sleep(COME_BACK_SECONDS)
                continue
            self.connections += 1
            try:
                await transport.wait_disconnected()
            finally:
                transport.disconnect()

    def _heard(self, said: dict[str, Any]) -> None:
        if "seq" in said and said["type"] not in ("hello", "resync", "tick"):
            self.seen.append((said["seq"], said["type"]))
        elif said["type"] == "resync":
            self.seen.append((-1, "resync"))  # nothing is that old here: it will be told as a difference


class Storm:
    """Sends `posts` to the processes at random, a few callers at once, each until it is answered 200."""

    def __init__(self, chats: Sequence[ChatProcess], posts: list[Post], *, seed: int) -> None:
        self.answered = self.retried = 0
        self._chats, self._posts = chats, posts
        self._random = random.Random(seed)
        self._callers = [Caller(chat.url) for chat in chats]
        self._half = asyncio.Event()

    async def run(self) -> None:
        """Kill the first process when half of the posts were answered, and start it again a moment later."""
        waiting = iter(self._posts)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kill())
            for _ in range(CALLERS):
                group.create_task(self._call(waiting))
        for caller in self._callers:
            caller.close()

    async def _call(self, waiting: Iterator[Post]) -> None:
        for path, body in waiting:
            while not await self._is_stored(path, body):
                self.retried += 1
                await asyncio.sleep(AGAIN_SECONDS)
            self.answered += 1
            if self.answered >= len(self._posts) // 2:
                self._half.set()

    async def _is_stored(self, path: str, body: bytes) -> bool:
        try:
            answer = await self._random.choice(self._callers).post(path, body)
        except OSError:
            return False
        assert answer.status == 200 or answer.status >= 500, f"a gateway never repeats what got {answer.status}"
        return answer.status == 200

    async def _kill(self) -> None:
        await self._half.wait()
        await asyncio.to_thread(self._chats[0].kill9)
        await asyncio.sleep(DEAD_SECONDS)
        await asyncio.to_thread(self._chats[0].start)


def shuffled_with_repeats(posts: list[Post], *, percent: int, seed: int) -> list[Post]:
    """In any order, and so many of them twice."""
    chance = random.Random(seed)
    twice = posts + chance.sample(posts, len(posts) * percent // 100)
    chance.shuffle(twice)
    return twice
