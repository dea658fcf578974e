"""The fleet: the job queues of this process, on the same loop as the website, each with its own threads.

What wakes a queue is a ring (RabbitMQ's, or this process's own when there is no broker) or the sweep; what it does is
always the same: claim the oldest due job from the table, do it in a thread, look again.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from channels.db import database_sync_to_async
from django.conf import settings

from asgi_workers.broker import Broker
from backend.chat import reconcile, work
from backend.jobs import pulse, queue, runner
from backend.jobs.queue import QUEUES
from backend.media import tally

logger = logging.getLogger(__name__)

T = TypeVar("T")

SWEEP_SECONDS = 1
BACK_OFF_SECONDS = 2
HOUSEKEEPING_SECONDS = 3600
TALLY_SECONDS = 60
RECONCILE_SECONDS = 300


class QueueCrew:
    """One queue's workers: `size` threads, and at most `size` jobs in hand."""

    def __init__(self, name: str, size: int, worker: str, in_hand: runner.InHand) -> None:
        self.name = name
        self.size = size
        self._worker = worker
        self._in_hand = in_hand
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=f"jobs-{name}")
        self._busy: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def look(self, *, spreads: bool = False) -> "asyncio.Task[None] | None":
        """Somebody says there is work: one more worker looks, if one is free. Returns its task.

        `spreads`: nobody counted how much there is; who finds some has another look beside them.
        """
        if self._is_closed or len(self._busy) >= self.size:
            return None
        task = asyncio.create_task(self._work(spreads))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        return task

    async def rung(self) -> None:
        """A ring from the broker: done when a worker has looked, so that its prefetch spreads the work."""
        while not self._is_closed:
            task = self.look()
            if task is not None:
                await asyncio.shield(task)
                return
            await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)

    async def close(self, deadline: float) -> bool:
        """Take nothing more and wait for the jobs in hand. False when some were still running at the deadline."""
        self._is_closed = True
        if self._busy:
            await asyncio.wait(self._busy, timeout=max(0, deadline - time.monotonic()))
        self._pool.shutdown(wait=False, cancel_futures=True)
        return not self._busy

    async def _work(self, spreads: bool) -> None:
        run_next = database_sync_to_async(runner.run_next, thread_sensitive=False, executor=self._pool)
        while not self._is_closed:
            try:
                if not await run_next(self.name, self._worker, self._in_hand):
                    return
            except Exception as error:  # the loop must survive: the database may be away
                logger.warning("queue stalled", extra={"queue": self.name, "reason": repr(error)})
                await asyncio.sleep(BACK_OFF_SECONDS)
                return
            pulse.worked(self.name)
            if spreads:
                self.look(spreads=True)


class Fleet:
    """All queues, their broker, the sweep and the leases."""

    def __init__(self) -> None:
        self.worker = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._in_hand = runner.InHand()
        self._crews = {
            name: QueueCrew(name, settings.WORKER_CONCURRENCY[name], self.worker, self._in_hand) for name in QUEUES
        }
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="fleet")
        self._broker: Broker | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """On the loop."""
        if settings.RABBITMQ_URL:
            sizes = {name: crew.size for name, crew in self._crews.items()}
            self._broker = Broker(settings.RABBITMQ_URL, sizes, lambda name: self._crews[name].rung())
            self._broker.start()
        else:
            logger.info("[RABBITMQ] no broker configured, consumers run embedded", extra={"queues": len(QUEUES)})
            pulse.consumers({name: crew.size for name, crew in self._crews.items()}, broker=None)
        rounds = (self._sweep_on(), self._keep_house(), self._read_back(), self._tally_on())
        self._tasks = [asyncio.create_task(each) for each in rounds]
        self._renewing = asyncio.create_task(self._renew_on())

    async def ring(self, queue_name: str, count: int) -> None:
        """The doorbell's way to the queues of every process, or of this one where there is no broker."""
        if self._broker is not None:
            await self._broker.publish(queue_name, count)
            return
        for _ in range(count):
            self._crews[queue_name].look()

    async def drain(self, deadline: float) -> bool:
        """Stop listening to the broker, finish what is in hand, release what will not make it.

        True when every job in hand was finished.
        """
        for task in self._tasks:
            task.cancel()
        if self._broker is not None:
            await self._broker.close()
        in_hand = len(self._in_hand)
        if in_hand:
            logger.info("waiting for jobs in hand", extra={"jobs": in_hand})
        finished = all(await asyncio.gather(*(crew.close(deadline) for crew in self._crews.values())))
        self._renewing.cancel()  # not before: a lease must outlast the job that it is for
        if not finished:
            left = len(self._in_hand)
            logger.warning("releasing jobs that did not make it", extra={"jobs": left})
            await self._in_thread(runner.release_all, self._in_hand)
        self._pool.shutdown(wait=False)
        return finished

    async def _sweep_on(self) -> None:
        """What no ring told of: retries that are due, leases that ran out, rings that were lost."""
        while True:
            try:
                for name in await self._in_thread(queue.due_queues):
                    if name in self._crews:
                        self._crews[name].look(spreads=True)
            except Exception as error:  # the database may be away; the next sweep tells
                logger.warning("sweep failed", extra={"reason": repr(error)})
                await asyncio.sleep(BACK_OFF_SECONDS)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _renew_on(self) -> None:
        while True:
            await asyncio.sleep(settings.JOB_LEASE_SECONDS / 3)
            try:
                await self._in_thread(runner.renew_all, self._in_hand)
            except Exception as error:  # as above; the lease lasts three of these rounds
                logger.warning("leases not renewed", extra={"reason": repr(error)})

    async def _keep_house(self) -> None:
        """Every process wants it hourly; the table makes one job of their wishes."""
        while True:
            try:
                await self._in_thread(partial(queue.enqueue, work.HOUSEKEEPING, "hourly", tenant_id=None))
            except Exception as error:  # as above
                logger.warning("housekeeping not wanted", extra={"reason": repr(error)})
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    async def _read_back(self) -> None:
        """What webhooks have lost: looked for when we start, and every RECONCILE_SECONDS."""
        while True:
            try:
                await self._in_thread(reconcile.want_all)
            except Exception as error:  # as above
                logger.warning("reading back not wanted", extra={"reason": repr(error)})
            await asyncio.sleep(RECONCILE_SECONDS)

    async def _tally_on(self) -> None:
        """What this process found near is added to what all have found."""
        while True:
            await asyncio.sleep(TALLY_SECONDS)
            try:
                await self._in_thread(tally.write)
            except Exception as error:  # as above: the cache may be away
                logger.warning("cache hits not added", extra={"reason": repr(error)})

    async def _in_thread(self, function: Callable[..., T], *args: Any) -> T:
        found: T = await database_sync_to_async(function, thread_sensitive=False, executor=self._pool)(*args)
        return found
