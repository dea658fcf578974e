"""`python -m asgi_workers`: the website, the websockets and the job queues, side by side on one loop."""

import asyncio
import contextlib
import logging
import os
import sys
import threading
import time

from asgi_workers.server import ChatServer  # first: it installs the asyncio reactor

from asgi_workers.asgi import application  # isort: skip
from django.conf import settings

from asgi_workers.application import body_limit
from asgi_workers.doorbell import Doorbell
from asgi_workers.fleet import Fleet
from asgi_workers.sockets import RESTARTING
from asgi_workers.tuning import tune
from backend.chat import tasks

logger = logging.getLogger("asgi_workers")


class Process:
    """What lives and dies with this process, in the order of its life."""

    def __init__(self) -> None:
        self.fleet = Fleet()
        self._doorbell: Doorbell | None = None
        self._is_clean = True
        application.has_fleet = True

    def run(self) -> int:
        """Until a signal stops the reactor. Returns the exit code."""
        if application.playground is not None:
            application.playground.prepare()
        tune()
        server = ChatServer(
            application,
            port=settings.PORT,
            loopback_only=settings.DEBUG,
            body_limit=body_limit,
            start=self.start,
            drain=self.drain,
        )
        server.run()
        return 1 if server.failed else 0

    @property
    def has_threads_left(self) -> bool:
        """A job that did not make it cannot be stopped; the interpreter would wait for its thread for ever."""
        return not self._is_clean or threading.active_count() > 1

    def start(self) -> None:
        """On the loop, once the reactor runs."""
        self._doorbell = Doorbell(application.layer, self.fleet.ring)
        self.fleet.start()
        self._warming = asyncio.create_task(application.database(tasks.warm))
        logger.info("serving", extra={"port": settings.PORT, "worker": self.fleet.worker})

    async def drain(self, server: ChatServer) -> None:
        """Stop listening, finish the jobs in hand, close the sockets, wait for the requests: under one deadline."""
        deadline = time.monotonic() + settings.DRAIN_SECONDS
        logger.info("draining", extra={"seconds": settings.DRAIN_SECONDS, "sockets": application.hub.sockets()})
        await server.stop_listening()
        self._is_clean = await self.fleet.drain(deadline)
        await application.hub.close(RESTARTING)
        await _finish(server.applications(), deadline)
        await application.files.close()
        if application.playground is not None:
            await application.playground.close()
        if self._doorbell is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._doorbell.close(), 2)
        tasks.cool()
        logger.info("drained", extra={"clean": self._is_clean})


async def _finish(applications: "list[asyncio.Future[object]]", deadline: float) -> None:
    if applications:
        _, late = await asyncio.wait(applications, timeout=max(0.1, deadline - time.monotonic()))
        for application_future in late:
            application_future.cancel()
        if late:
            await asyncio.wait(late, timeout=1)


def main() -> None:
    process = Process()
    code = process.run()
    if process.has_threads_left:
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


main()
