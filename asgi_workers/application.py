"""What a request meets first: the webhook door, files, the sandbox when it is on, the websockets, else Django."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from django.conf import settings
from django.urls import re_path

from asgi_workers.door import Door
from asgi_workers.files import Files
from asgi_workers.hub import Hub
from asgi_workers.sockets import TenantSocket
from asgi_workers.website import website

if TYPE_CHECKING:
    from asgi_workers.playground import Playground

logger = logging.getLogger(__name__)

PAGE_BODY_BYTES = 3 * 1024 * 1024
UPLOAD_PATHS = (b"/api/chat/upload-media", b"/api/chat/uploads/")


def body_limit(path: bytes) -> int:
    """How many bytes of body an address takes."""
    path = path.partition(b"?")[0]
    if Door.match(path.decode("latin1")):
        return settings.WEBHOOK_MAX_BYTES
    if path.startswith(UPLOAD_PATHS) or path.startswith(b"/sandbox/"):
        return max(settings.MEDIA_MAX_SIZE.values()) * 2
    return PAGE_BODY_BYTES


class Application:
    """The whole surface as one ASGI application. Its hub, its door and its files live as long as the process."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(settings.SOCKET_POOL, thread_name_prefix="sockets")
        self.layer = get_channel_layer()
        self.hub = Hub(self.layer, self.database)
        self.door = Door(self.database, settings.WEBHOOK_MAX_BYTES)
        self.files = Files()
        self.playground = _playground()
        self.has_fleet = False
        self._has_warned = False
        self._django = website()
        socket = TenantSocket.as_asgi(hub=self.hub, database=self.database)
        self._sockets = URLRouter([re_path(r"^ws/tenant/(?P<tenant_id>[^/]{1,64})/?$", socket)])

    async def database(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a plain function in one of the sockets' database threads."""
        bridge = database_sync_to_async(function, thread_sensitive=False, executor=self._pool)
        return await bridge(*args, **kwargs)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        self._warn_without_fleet()
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif self.door.match(scope["path"]):
            await self.door(scope, receive, send)
        elif self.files.is_asked(scope["path"]):
            await self.files(scope, receive, send)
        elif self.playground is not None and self.playground.is_asked(scope["path"]):
            await self.playground(scope, receive, send)
        else:
            await self._django(scope, receive, send)

    async def _socket(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            await self._sockets(scope, receive, send)
        except ValueError:  # Channels' way to say that no route matches
            await send({"type": "websocket.close", "code": 4404})

    def _warn_without_fleet(self) -> None:
        if not self.has_fleet and not self._has_warned:
            self._has_warned = True
            logger.warning("[RABBITMQ] no consumers run in this process: start it with `python -m asgi_workers`")


def _playground() -> Playground | None:
    """The simulated WhatsApp, when SANDBOX=1 (which needs DEBUG) and it is not a process of its own."""
    if not settings.SANDBOX or settings.SANDBOX_URL:
        return None
    from asgi_workers.playground import Playground  # noqa: PLC0415 — never loaded in production

    return Playground(settings.VAR / "sandbox.sqlite3")


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
