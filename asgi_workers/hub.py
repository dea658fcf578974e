"""The hub: one channel for each (process, tenant), fanned out here, in order, once each.

A consumer in a group costs a task per message per socket. Here a tenant's frames are taken from the channel layer once,
put in order by their numbers, built once, and written to each member. The cursor is the last number forwarded; whatever
a ring says, what is forwarded next is cursor + 1, from the ring or from the table. A ring lost is healed by the
two-second look-up of every local tenant's clock, one query for all of them.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import UUID

from asgi_workers.doorbell import group_of
from asgi_workers.frames import text_frame
from backend.realtime import log, wire
from backend.realtime.bell import passing_frame

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2
TICK_SECONDS = 20
LAYER_TIMEOUT_SECONDS = 3
PAGE = 500

Read = Callable[..., Awaitable[Any]]
"""Runs a plain function of `backend.realtime.log` in a database thread."""


class Member(Protocol):
    """A socket, as the hub knows it. Neither method waits."""

    def forward(self, seq: int, frame: bytes) -> None:
        """The next durable event, in order."""

    def pass_on(self, frame: bytes) -> None:
        """A passing event; may be dropped."""

    def close_soon(self, code: int) -> None:
        """Ask the socket to close itself."""


class TenantHub:
    """The sockets of one tenant in this process. `cursor` is the last number that was forwarded to them."""

    def __init__(self, tenant_id: UUID, layer: Any, read: Read) -> None:
        self.tenant_id = tenant_id
        self.cursor = 0
        self.members: set[Member] = set()
        self.joining = 0
        self.lock = asyncio.Lock()
        self.is_hearing = False
        self._order = asyncio.Lock()
        self._layer = layer
        self._read = read
        self._channel = ""
        self._listener: asyncio.Task[None] | None = None
        self._relistening: asyncio.Task[None] | None = None

    async def add(self, member: Member) -> int:
        """Join: from the returned number on, `member` is told everything. Raises what the database raises."""
        async with self.lock, self._order:  # no ring is handled between the reading of the cursor and the joining
            if not self.members:
                try:
                    await self._listen()
                    self.cursor = await self._read(log.newest, self.tenant_id)
                except BaseException:  # cancelled, too: nobody would ever give this channel up
                    await self._stop_listening()
                    raise
            self.members.add(member)
            return self.cursor

    async def remove(self, member: Member) -> None:
        """Leave; the last one gives up the channel."""
        async with self.lock:
            self.members.discard(member)
            if not self.members:
                await self._stop_listening()

    async def close(self) -> None:
        async with self.lock:
            await self._stop_listening()

    async def take(self, message: dict[str, Any]) -> None:
        """A ring, ours or that of any Channels program: `{"type": "event", "seq"?, "frame"}`."""
        seq = message.get("seq")
        if seq is None:
            self._pass_on(message["frame"])
            return
        async with self._order:
            if seq == self.cursor + 1:
                self._forward(seq, message["frame"])
            elif seq > self.cursor:
                await self._catch_up()

    async def heal(self, newest: int) -> None:
        """The clock says `newest`: forward what a lost ring left open, and listen again if listening failed."""
        if newest > self.cursor:
            async with self._order:
                await self._catch_up()
        if not self.is_hearing and (self._relistening is None or self._relistening.done()):
            self._relistening = asyncio.create_task(self._listen_again())

    async def _listen_again(self) -> None:
        """Beside the look-up: while Redis is paused this waits, and the other tenants must not."""
        async with self.lock:
            if self.members and not self.is_hearing:
                await self._listen()

    def tick(self) -> None:
        self._pass_on(passing_frame(wire.Tick(seq=self.cursor)))

    def _forward(self, seq: int, frame: str) -> None:
        self.cursor = seq
        built = text_frame(frame.encode())
        for member in list(self.members):
            member.forward(seq, built)

    def _pass_on(self, frame: str) -> None:
        built = text_frame(frame.encode())
        for member in list(self.members):
            member.pass_on(built)

    async def _catch_up(self) -> None:
        while rows := await self._read(log.since, self.tenant_id, self.cursor, limit=PAGE):
            for seq, frame in rows:
                self._forward(seq, frame)
            if len(rows) < PAGE:
                return

    async def _listen(self) -> None:
        """Subscribe; with the layer away the two-second look-up carries the tenant until it is back."""
        try:
            self._channel = await asyncio.wait_for(self._layer.new_channel(), LAYER_TIMEOUT_SECONDS)
            await asyncio.wait_for(
                self._layer.group_add(group_of(self.tenant_id), self._channel), LAYER_TIMEOUT_SECONDS
            )
        except Exception as error:  # any fault of the layer: not ours to classify
            logger.warning("channel layer away", extra={"tenant_id": self.tenant_id, "reason": repr(error)})
            self._layer_forgets(self._channel)
            return
        self.is_hearing = True
        self._listener = asyncio.create_task(self._hear(self._channel))

    def _layer_forgets(self, channel: str) -> None:
        """A channel that could not join its group: drop its queue, which the layer would keep for ever."""
        queues = getattr(self._layer, "channels", None)
        if channel and isinstance(queues, dict):
            queues.pop(channel, None)

    async def _hear(self, channel: str) -> None:
        while True:  # `receive` is never put in `wait_for`: cancelling it unsubscribes for good
            message = await self._layer.receive(channel)
            try:
                await self.take(message)
            except Exception as error:  # the database may be away; the look-up heals
                logger.warning("ring not handled", extra={"tenant_id": self.tenant_id, "reason": repr(error)})

    async def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        self.is_hearing = False
        if listener is None:
            return
        with contextlib.suppress(Exception):
            await asyncio.wait_for(
                self._layer.group_discard(group_of(self.tenant_id), self._channel), LAYER_TIMEOUT_SECONDS
            )
        listener.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await listener


class Hub:
    """All tenants that have a socket in this process."""

    def __init__(self, layer: Any, read: Read) -> None:
        self._layer = layer
        self._read = read
        self._tenants: dict[UUID, TenantHub] = {}
        self._task: asyncio.Task[None] | None = None

    async def join(self, tenant_id: UUID, member: Member) -> int:
        """Returns the tenant's cursor; everything after it will be forwarded to `member`."""
        if self._task is None:
            self._task = asyncio.create_task(self._look_on())
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            tenant = self._tenants[tenant_id] = TenantHub(tenant_id, self._layer, self._read)
        tenant.joining += 1
        try:
            return await tenant.add(member)
        finally:
            tenant.joining -= 1
            self._forget(tenant)

    async def leave(self, tenant_id: UUID, member: Member) -> None:
        tenant = self._tenants.get(tenant_id)
        if tenant is not None:
            await tenant.remove(member)
            self._forget(tenant)

    def _forget(self, tenant: TenantHub) -> None:
        if not tenant.members and not tenant.joining:
            self._tenants.pop(tenant.tenant_id, None)

    def sockets(self) -> int:
        return sum(len(tenant.members) for tenant in self._tenants.values())

    async def close(self, code: int) -> None:
        """Ask every socket to close with `code`, and stop listening."""
        if self._task is not None:
            self._task.cancel()
        tenants = list(self._tenants.values())
        for tenant in tenants:
            for member in list(tenant.members):
                member.close_soon(code)
        closing = asyncio.gather(*(tenant.close() for tenant in tenants), return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(closing, LAYER_TIMEOUT_SECONDS)

    async def _look_on(self) -> None:
        looks_per_tick = TICK_SECONDS // LOOK_SECONDS
        count = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            count += 1
            try:
                newest = await self._read(log.newest_of, list(self._tenants))
                for tenant_id, tenant in list(self._tenants.items()):
                    await tenant.heal(newest.get(tenant_id, 0))
            except Exception as error:  # the loop must survive a database that is away
                logger.warning("look-up failed", extra={"reason": repr(error)})
            if count % looks_per_tick == 0:
                for tenant in list(self._tenants.values()):
                    tenant.tick()
