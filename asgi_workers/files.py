"""Files, before Django: who may see them is known for seconds, and most of their bytes are in memory already.

`backend.media.serving` decides every reply; this is only the way there: which address, who asks, which row, and how a
refusal reads. Bytes go out at the reader's pace.
"""

import asyncio
import contextlib
import hashlib
import re
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from asgi_workers.proxied import Proxied
from asgi_workers.remembered import Remembered
from backend.chat import files, healing
from backend.chat.files import Shown
from backend.lib.errors import ChatError, Missing, Refused, TryLater
from backend.media import serving
from backend.media.pieces import Pieces
from backend.media.serving import Ask, Reply
from backend.realtime import wire
from backend.tenants import access
from backend.tenants.access import Caller

BELIEVED_SECONDS = 5
"""A session that ended, a member who left and a file that expired are gone after so long at the latest."""
ROWS_REMEMBERED, CALLERS_REMEMBERED = 5_000, 5_000
LOOK_UP_SECONDS = 4
RETRY_AFTER_SECONDS = 5
HASH = re.compile(r"[A-Za-z0-9_-]{1,32}")
ROUTES = {
    "media/{media_hash}": "_by_hash",
    "api/chat/attachments/{attachment_id}/download/": "_download",
    "api/chat/attachments/{attachment_id}/thumbnail/": "_thumbnail",
    "api/chat/attachments/{attachment_id}/renditions/{name}": "_rendition",
    "api/chat/media-proxy/": "_proxied",
    "api/media/proxy/": "_proxied",
}
"""Address → the method of Files that answers it."""
PATTERNS = {address: re.compile("/" + re.sub(r"\{\w+\}", "([^/]*)", address), re.DOTALL) for address in ROUTES}
TITLES = {
    401: "Not logged in",
    404: "Not found",
    405: "Method not allowed",
    410: "Gone",
    429: "Too many requests",
    502: "Bad gateway",
    503: "Try later",
    504: "Gateway timeout",
}
OURS = "/media/"
READING = {"GET", "HEAD"}

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Files:
    """An ASGI application for the addresses of ROUTES."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads = ThreadPoolExecutor(settings.FILES_POOL, thread_name_prefix="files")
        self._healers = ThreadPoolExecutor(settings.HEALING_POOL, thread_name_prefix="healing")  # they wait for storage
        self._pieces = Pieces()
        self._proxy = Proxied()
        self._rows: Remembered[tuple[Any, ...], Shown] = Remembered(
            seconds=BELIEVED_SECONDS, limit=ROWS_REMEMBERED, clock=clock
        )
        self._callers: Remembered[bytes, Caller] = Remembered(
            seconds=BELIEVED_SECONDS, limit=CALLERS_REMEMBERED, clock=clock
        )
        self._salt = secrets.token_bytes(32)
        self._routes = [(PATTERNS[address], getattr(self, name)) for address, name in ROUTES.items()]

    @staticmethod
    def is_asked(path: str) -> bool:
        return path.startswith(OURS) or any(pattern.fullmatch(path) for pattern in PATTERNS.values())

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        ask = Ask(scope["method"], dict(scope["headers"]), scope["query_string"], (scope.get("client") or ("",))[0])
        try:
            reply = await self._reply(ask, scope["path"])
        except ChatError as error:
            reply = problem(error)
        except DatabaseError:
            reply = problem(TryLater("database_unavailable", "The database is away."))
        await _send(reply, receive, send)

    async def close(self) -> None:
        await self._pieces.close()
        await self._proxy.close()
        for threads in (self._threads, self._healers):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _reply(self, ask: Ask, path: str) -> Reply:
        for pattern, handler in self._routes:
            if found := pattern.fullmatch(path):
                if ask.method not in READING:
                    raise Refused("method_not_allowed", "Files are read here.", status=405)
                reply: Reply = await handler(ask, *found.groups())
                return reply
        raise Missing("not_found", "There is nothing here.")

    async def _by_hash(self, ask: Ask, media_hash: str) -> Reply:
        """For the gateway, by an unguessable hash: whoever knows it may read. Query parameters count for nothing.

        Evolution appends `?timestamp=` and follows no redirect: tests/contract/evolution.md 4.4.
        """
        if not HASH.fullmatch(media_hash):
            raise Missing("no_such_file", "There is no such file.")
        return await self._answer(ask, await self._row(files.by_hash, media_hash))

    async def _download(self, ask: Ask, attachment_id: str) -> Reply:
        return await self._answer(ask, await self._seen(ask, files.download, attachment_id))

    async def _thumbnail(self, ask: Ask, attachment_id: str) -> Reply:
        return await self._answer(ask, await self._seen(ask, files.thumbnail, attachment_id))

    async def _rendition(self, ask: Ask, attachment_id: str, name: str) -> Reply:
        return await self._answer(ask, await self._seen(ask, files.rendition, attachment_id, name))

    async def _proxied(self, ask: Ask) -> Reply:
        return await self._proxy.answer(ask)

    async def _answer(self, ask: Ask, shown: Shown) -> Reply:
        if shown.is_expired():
            raise files.expired()
        async with self._healing(shown):
            reply = await serving.answer(ask, await self._pieces.measured(shown.stored), self._pieces)
        if isinstance(reply.body, bytes):
            return reply
        return replace(reply, body=self._watched(shown, reply.body))

    async def _watched(self, shown: Shown, body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async with self._healing(shown), contextlib.aclosing(body):
            async for piece in body:
                yield piece

    @contextlib.asynccontextmanager
    async def _healing(self, shown: Shown) -> AsyncIterator[None]:
        try:
            yield
        except Missing:
            await self._heal(shown)
            raise

    async def _heal(self, shown: Shown) -> None:
        """The row says that it is here, and the storage that it is not: it is fetched again, or honestly gone."""
        self._rows.forget_if(lambda known: known.attachment_id == shown.attachment_id)
        with contextlib.suppress(ChatError):  # nobody can say just now: the next reader will ask again
            await self._database(healing.object_gone, shown.attachment_id, threads=self._healers)

    async def _seen(self, ask: Ask, find: Callable[..., Shown], attachment_id: str, *more: str) -> Shown:
        """In any tenant that the caller belongs to. Raises Missing."""
        caller = await self._caller(ask)
        try:
            key = UUID(attachment_id)
        except ValueError:
            raise Missing("no_such_attachment") from None
        return await self._row(find, tuple(caller.roles), key, *more)

    async def _caller(self, ask: Ask) -> Caller:
        """No secret is kept: what is remembered stands under a digest of it, of this process's own."""
        told = ask.headers.get(b"authorization", b"") + b"\n" + ask.headers.get(b"cookie", b"")
        digest = hashlib.blake2b(told, key=self._salt, digest_size=32).digest()
        return await self._callers.get(digest, lambda: self._database(access.caller_of, ask.headers))

    async def _row(self, find: Callable[..., Shown], *which: Any) -> Shown:
        return await self._rows.get((find, *which), lambda: self._database(find, *which))

    async def _database(self, function: Any, *args: Any, threads: ThreadPoolExecutor | None = None) -> Any:
        bridge = database_sync_to_async(function, thread_sensitive=False, executor=threads or self._threads)
        try:
            return await asyncio.wait_for(bridge(*args), LOOK_UP_SECONDS)
        except TimeoutError as error:
            raise TryLater("database_unavailable", "The database does not answer.") from error


def problem(error: ChatError) -> Reply:
    """The answer that says no, as everywhere below /api/."""
    shape = wire.Problem(
        title=TITLES.get(error.status, "Refused"), status=error.status, code=error.code, detail=error.detail
    )
    body = shape.model_dump_json().encode()
    head = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    after_seconds = _after_seconds(error)
    if after_seconds:
        head.append((b"retry-after", b"%d" % after_seconds))
    if error.status == 401:
        head.append((b"www-authenticate", b"Bearer"))
    if error.status == 405:
        head.append((b"allow", b"GET, HEAD"))
    return Reply(error.status, head, body)


def _after_seconds(error: ChatError) -> int:
    """When to come again; 0 where that is of no use. An object that is gone is fetched again, where it can be had."""
    if isinstance(error, TryLater):
        return int(error.after_seconds or RETRY_AFTER_SECONDS)
    return RETRY_AFTER_SECONDS if error.code == "object_gone" else 0


async def _send(reply: Reply, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    if isinstance(reply.body, bytes):
        await send({"type": "http.response.body", "body": reply.body})
        return
    leaving = asyncio.create_task(_left(receive))
    try:
        async with contextlib.aclosing(reply.body) as pieces:
            async for piece in pieces:
                if leaving.done():
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        leaving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await leaving


async def _left(receive: Receive) -> None:
    """Returns when the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
