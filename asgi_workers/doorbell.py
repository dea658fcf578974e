"""The process's doorbell: a commit in any thread becomes one wake-up of the loop; one task rings Redis and RabbitMQ.

Ringing never waits and never fails: whoever missed a ring learns from the row within seconds (the hub's look-up, the
fleet's sweep). With Redis paused a commit must cost what it costs with Redis there.
"""

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from backend.jobs import queue
from backend.realtime import bell
from backend.realtime.bell import Ring

logger = logging.getLogger(__name__)

RING_TIMEOUT_SECONDS = 1
FRAMES_AT_ONCE = 64
"""More than this waiting for one tenant: only the newest is rung, and the hubs read the rest from the table."""
PASSING_AT_ONCE = 32
RINGS_AT_ONCE = 8

QueueRinger = Callable[[str, int], Awaitable[None]]


def group_of(tenant_id: UUID | str) -> str:
    """The channel layer's group of a tenant: any Channels program can ring here."""
    return f"chat_tenant_{tenant_id}"


class Doorbell:
    """Collects rings on the loop and sends them, newest first to matter, oldest first to arrive."""

    def __init__(self, layer: Any, ring_queue: QueueRinger) -> None:
        self._layer = layer
        self._ring_queue = ring_queue
        self._loop = asyncio.get_running_loop()
        self._frames: defaultdict[UUID, list[Ring]] = defaultdict(list)
        self._queues: Counter[str] = Counter()
        self._events_wait, self._queues_wait = asyncio.Event(), asyncio.Event()
        # Two tasks: a paused RabbitMQ must not hold up the browsers, nor a paused Redis the jobs.
        self._tasks = [
            asyncio.create_task(self._ring_on(self._events_wait, self._flush_events)),
            asyncio.create_task(self._ring_on(self._queues_wait, self._flush_queues)),
        ]
        bell.hang(self.heard)
        queue.on_enqueue(self.wanted)

    def heard(self, rings: list[Ring]) -> None:
        """From any thread, after a commit."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process is going
            self._loop.call_soon_threadsafe(self._note, rings)

    def wanted(self, queue_name: str) -> None:
        """From any thread, after a commit that enqueued."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._note_queue, queue_name)

    async def close(self) -> None:
        """Ring what is still waiting, then no more."""
        bell.unhang(self.heard)
        queue.off_enqueue(self.wanted)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._flush_events()
        await self._flush_queues()

    def _note(self, rings: list[Ring]) -> None:
        for ring in rings:
            self._frames[ring.tenant_id].append(ring)
        self._events_wait.set()

    def _note_queue(self, queue_name: str) -> None:
        self._queues[queue_name] += 1
        self._queues_wait.set()

    async def _ring_on(self, waiting: asyncio.Event, flush: Callable[[], Awaitable[None]]) -> None:
        while True:
            await waiting.wait()
            waiting.clear()
            await flush()

    async def _flush_queues(self) -> None:
        queues, self._queues = self._queues, Counter()
        for queue_name, count in queues.items():
            await self._quietly(self._ring_queue(queue_name, min(count, RINGS_AT_ONCE)), to="queue")

    async def _flush_events(self) -> None:
        frames, self._frames = self._frames, defaultdict(list)
        for tenant_id, rings in frames.items():
            for ring in _worth_ringing(rings):
                message: dict[str, object] = {"type": "event", "frame": ring.frame}
                if ring.seq is not None:
                    message["seq"] = ring.seq
                if not await self._quietly(self._layer.group_send(group_of(tenant_id), message), to="group"):
                    break

    async def _quietly(self, ringing: Awaitable[None], *, to: str) -> bool:
        try:
            await asyncio.wait_for(ringing, RING_TIMEOUT_SECONDS)
        except Exception as error:  # a lost ring costs seconds, never data
            logger.debug("ring lost", extra={"to": to, "reason": repr(error)})
            return False
        return True


def _worth_ringing(rings: list[Ring]) -> list[Ring]:
    numbered = sorted((ring for ring in rings if ring.seq is not None), key=lambda ring: ring.seq or 0)
    passing = [ring for ring in rings if ring.seq is None]
    kept = numbered if len(numbered) <= FRAMES_AT_ONCE else numbered[-1:]
    return kept + passing[-PASSING_AT_ONCE:]
