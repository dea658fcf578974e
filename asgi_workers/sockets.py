"""One browser's websocket: who is it, what did it miss, then live. `/ws/tenant/{tenant_id}/?after={seq}`."""

import asyncio
import contextlib
import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from django.utils.http import is_same_domain
from pydantic import ValidationError

from asgi_workers.frames import FRAMES_EXTENSION, text_frame
from asgi_workers.hub import Hub
from asgi_workers.said import Speaker
from backend.lib.errors import ChatError
from backend.realtime import log, wire
from backend.realtime.bell import passing_frame
from backend.tenants import access

logger = logging.getLogger(__name__)

BAD_MESSAGE, NOT_LOGGED_IN, NOT_YOURS, TOO_SLOW, RESTARTING = 4400, 4401, 4403, 4008, 4012
REPLAY_PAGE = 200
WELCOME_SECONDS = 60
ACK_TIMEOUT_SECONDS = 30


class SendWriter:
    """The frame writer for servers that hand none over (uvicorn): unwraps the built frame and sends its text."""

    def __init__(self, consumer: AsyncWebsocketConsumer) -> None:
        self._consumer = consumer
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def write(self, frame: bytes) -> None:
        header = 2 if frame[1] < 126 else 4 if frame[1] == 126 else 10
        task = asyncio.create_task(self._send(frame[header:].decode()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, text: str) -> None:
        async with self._turn:
            with contextlib.suppress(Exception):  # the client is gone; its disconnect is on its way
                await self._consumer.send(text_data=text)

    def abort(self) -> None:
        """The close code that follows has to do."""


class TenantSocket(AsyncWebsocketConsumer):
    """A member of its tenant's hub. While it replays, live frames wait in `_held`; then they are written straight."""

    channel_layer_alias = None  # no channel per socket: the hub has one per tenant

    def __init__(self, *, hub: Hub, database: Any) -> None:
        """`database` runs plain functions in the sockets' database threads."""
        super().__init__()
        self.hub = hub
        self.database = database
        self._caller: access.Caller | None = None
        self._tenant_id: UUID | None = None
        self._held: list[tuple[int, bytes]] | None = []
        self._sent_seq = 0
        self._acked_seq = 0
        self._replay_until = 0
        self._acked = asyncio.Event()
        self._has_joined = False
        self._is_closing = False
        self._speaker: Speaker | None = None
        self._closing: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()  # closing before would be a bare 403 that a browser cannot read
        self._frames = self.scope.get("extensions", {}).get(FRAMES_EXTENSION) or SendWriter(self)
        self._task = asyncio.create_task(self._begin())

    async def disconnect(self, code: int) -> None:
        self._is_closing = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._has_joined and self._tenant_id is not None:
            await self.hub.leave(self._tenant_id, self)
            if self._speaker is not None:
                with contextlib.suppress(DatabaseError):
                    await self._speaker.left()
        raise StopConsumer

    # --- Joining ----------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        try:
            after = self._asked_after()
        except ValueError:
            await self._refuse("bad_cursor")
            return
        try:
            if not self._origin_is_ours():
                raise access.NotYours
            await self._identify()
            await self._join(after)
            await self._stay()
        except access.NotLoggedIn:
            await self._close(NOT_LOGGED_IN)
        except access.NotYours:
            await self._close(NOT_YOURS)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # one of the three loops that must survive: the client comes back
            logger.warning("socket could not begin", extra={"reason": repr(error)})
            await self._close(RESTARTING)

    async def _stay(self) -> None:
        """Who logs out, or works here no longer, hears nothing more: asked again every WELCOME_SECONDS."""
        assert self._speaker is not None
        with contextlib.suppress(DatabaseError):
            await self._speaker.came()
        while True:
            await asyncio.sleep(WELCOME_SECONDS)
            with contextlib.suppress(DatabaseError):  # away: who was welcome stays
                await self._identify()
                await self._speaker.stays()

    def _asked_after(self) -> int | None:
        values = parse_qs(self.scope.get("query_string", b"").decode("ascii", "replace")).get("after")
        if not values:
            return None
        if not values[-1].isdecimal() or len(values[-1]) > 18:
            raise ValueError("after")
        return int(values[-1])

    def _origin_is_ours(self) -> bool:
        """Browsers say where their page came from; programs say nothing."""
        headers = dict(self.scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin1")
        if not origin or origin == settings.PUBLIC_BASE_URL:
            return True
        host = headers.get(b"host", b"").decode("latin1")
        if settings.TRUST_PROXY:
            host = headers.get(b"x-forwarded-host", host.encode()).decode("latin1")
        return is_same_domain(urlsplit(origin).netloc.lower(), host.lower())

    async def _identify(self) -> None:
        raw = self.scope["url_route"]["kwargs"]["tenant_id"]
        try:
            self._tenant_id = UUID(raw)
        except ValueError:
            raise access.NotYours from None
        self._caller = await self.database(access.caller_of, dict(self.scope["headers"]))
        self._caller.role_in(self._tenant_id)
        if self._speaker is None:
            self._speaker = Speaker(self._caller, self._tenant_id, self.database)

    async def _join(self, after: int | None) -> None:
        assert self._tenant_id is not None
        self._has_joined = True
        cursor = await self.hub.join(self._tenant_id, self)
        is_known = after is None or await self.database(log.reaches_back_to, self._tenant_id, after)
        # Another process may be ahead of this hub by a moment: who has seen more does not start again.
        start = max(cursor, after) if after is not None and is_known else cursor
        self._say(wire.Hello(seq=start))
        if not is_known:
            self._say(wire.Resync(seq=start))
        self._sent_seq = self._acked_seq = after if after is not None and is_known else start
        await self._replay(cursor)
        self._go_live()

    async def _replay(self, cursor: int) -> None:
        """What was missed, at the pace of the client's acknowledgements."""
        self._replay_until = max(self._replay_until, cursor)
        while self._sent_seq < self._replay_until:
            await self._window_opens()
            rows = await self.database(log.since, self._tenant_id, self._sent_seq, limit=REPLAY_PAGE)
            if not rows or rows[0][0] != self._sent_seq + 1:  # pruned while we were at it
                self._say(wire.Resync(seq=self._replay_until))
                self._sent_seq = self._acked_seq = self._replay_until
                return
            for seq, frame in rows:
                self._write(seq, text_frame(frame.encode()))

    async def _window_opens(self) -> None:
        while self._sent_seq - self._acked_seq > settings.SOCKET_WINDOW // 2:
            self._acked.clear()
            try:
                await asyncio.wait_for(self._acked.wait(), ACK_TIMEOUT_SECONDS)
            except TimeoutError:
                self._drop_slow()
                raise asyncio.CancelledError from None

    def _go_live(self) -> None:
        """Nothing is awaited between the last held frame and the first live one."""
        held, self._held = self._held or [], None
        for seq, frame in held:
            self.forward(seq, frame)

    # --- The hub's side ----------------------------------------------------------------------------------------------

    def forward(self, seq: int, frame: bytes) -> None:
        if self._is_closing or (seq <= self._sent_seq and self._held is None):
            return
        if self._held is not None:
            self._hold(seq, frame)
            return
        self._write(seq, frame)
        if seq - self._acked_seq > settings.SOCKET_WINDOW:
            self._drop_slow()

    def pass_on(self, frame: bytes) -> None:
        behind = self._sent_seq - self._acked_seq
        if not self._is_closing and self._held is None and behind <= settings.SOCKET_WINDOW // 2:
            self._frames.write(frame)

    def close_soon(self, code: int) -> None:
        self._closing = asyncio.ensure_future(self._close(code))

    def _hold(self, seq: int, frame: bytes) -> None:
        """Live frames wait for the replay; when they are too many, the replay reads them from the table instead."""
        assert self._held is not None
        self._held.append((seq, frame))
        if len(self._held) > REPLAY_PAGE:
            self._held.clear()
            self._replay_until = seq

    def _write(self, seq: int, frame: bytes) -> None:
        self._sent_seq = seq
        self._frames.write(frame)

    def _say(self, event: wire.Passing) -> None:
        self._frames.write(text_frame(passing_frame(event).encode()))

    def _drop_slow(self) -> None:
        """It comes back with its cursor."""
        logger.info("socket too slow", extra={"tenant_id": self._tenant_id, "behind": self._sent_seq - self._acked_seq})
        self._is_closing = True
        self.close_soon(TOO_SLOW)
        asyncio.get_running_loop().call_later(1, self._frames.abort)

    # --- The browser's side -------------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            said = wire.client_message.validate_json(text_data or "")
        except (ValidationError, RecursionError):
            await self._refuse("bad_message")
            return
        if (self._held is not None or self._speaker is None) and not isinstance(said, wire.Ack):
            return  # not joined yet: passing news is not worth keeping
        if isinstance(said, wire.Ack):
            self._acked_seq = max(self._acked_seq, min(said.seq, self._sent_seq))
            self._acked.set()
            return
        try:
            if self._speaker is not None:
                await self._speaker.hear(said)
        except ChatError as error:
            self._say(wire.ErrorFrame(code=error.code))

    async def _refuse(self, code: str) -> None:
        self._say(wire.ErrorFrame(code=code))
        await self._close(BAD_MESSAGE)

    async def _close(self, code: int) -> None:
        self._is_closing = True
        with contextlib.suppress(Exception):  # already closed by the other side
            await self.close(code=code)
