"""RabbitMQ as a doorbell: durable classic queues that carry rings, and consumers that are watched.

`connect_robust` can leave consumers at zero after a broker restart, so nothing is left to it: this keeps one plain
connection, and whenever the connection, the channel or a consumer is gone, it builds all of them anew.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from backend.jobs import pulse

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_SECONDS = 5
HEARTBEAT_SECONDS = 10
WATCH_SECONDS = 2
RETRY_SECONDS = (0.5, 1, 2, 5)
RING_TTL_MILLISECONDS = 60_000
"""A ring older than this has long been overtaken by the sweep."""

Rung = Callable[[str], Awaitable[None]]


class Broker:
    """One connection, one publishing channel, and for each queue a channel of its own with its own prefetch."""

    def __init__(self, url: str, prefetch: dict[str, int], rung: Rung) -> None:
        self._url = url
        self._prefetch = prefetch
        self._rung = rung
        self._connection: AbstractConnection | None = None
        self._publishing: AbstractChannel | None = None
        self._channels: dict[str, AbstractChannel] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_connected())

    async def publish(self, queue_name: str, count: int) -> None:
        """Ring `count` times. Raises when the broker is away: the caller gives up silently."""
        channel = self._publishing
        if channel is None or channel.is_closed:
            raise ConnectionError("no broker")
        message = aio_pika.Message(b"look", expiration=RING_TTL_MILLISECONDS / 1000)
        for _ in range(count):
            await channel.default_exchange.publish(message, routing_key=_queue_name(queue_name), mandatory=False)

    async def close(self) -> None:
        """Cancel the consumers; unacknowledged rings go to another process."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._disconnect()

    async def _keep_connected(self) -> None:
        failures = 0
        while True:
            try:
                await self._connect()
                failures = 0
                await self._watch()
                logger.warning("[RABBITMQ] connection lost, building it anew")
            except Exception as error:  # whatever the broker or the network does, the website runs on
                if failures == 0:
                    logger.warning("[RABBITMQ] broker away", extra={"reason": repr(error)})
                failures += 1
            pulse.consumers(dict.fromkeys(self._prefetch, 0), broker=False)
            await self._disconnect()
            await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])

    async def _connect(self) -> None:
        self._connection = await asyncio.wait_for(
            aio_pika.connect(self._url, timeout=CONNECT_TIMEOUT_SECONDS, heartbeat=HEARTBEAT_SECONDS),
            CONNECT_TIMEOUT_SECONDS + 1,
        )
        self._publishing = await self._connection.channel(publisher_confirms=False)
        for name, prefetch in self._prefetch.items():
            channel = await self._connection.channel()
            await channel.set_qos(prefetch_count=prefetch)
            declared = await channel.declare_queue(_queue_name(name), durable=True)
            await declared.consume(self._consumer(name))
            self._channels[name] = channel
        pulse.consumers(self._prefetch, broker=True)
        logger.info("[RABBITMQ] consumers started (aio-pika)", extra={"queues": len(self._prefetch)})

    def _consumer(self, name: str) -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
        async def consume(message: AbstractIncomingMessage) -> None:
            pulse.delivered(name)
            await self._rung(name)
            with contextlib.suppress(
                Exception
            ):  # the channel may be gone: the ring then comes again, and finds nothing
                await message.ack()

        return consume

    async def _watch(self) -> None:
        """Returns when anything is gone: the connection, a channel, or a consumer that the broker cancelled."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._connection is None or self._connection.is_closed or self._publishing is None:
                return
            if self._publishing.is_closed or any(channel.is_closed for channel in self._channels.values()):
                return
            live = {name: await _consumers(channel) for name, channel in self._channels.items()}
            served = {name: self._prefetch[name] if count else 0 for name, count in live.items()}
            pulse.consumers(served, broker=True)
            if not all(live.values()):
                return

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._publishing = None
        self._channels.clear()
        if connection is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), CONNECT_TIMEOUT_SECONDS)


async def _consumers(channel: AbstractChannel) -> int:
    """How many consumers the client library still holds on this channel."""
    underlay: Any = await channel.get_underlay_channel()
    return len(underlay.consumers)


def _queue_name(name: str) -> str:
    return f"chat.{name}"
