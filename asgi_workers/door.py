"""The webhook door: a small ASGI application in front of Django, which stores first and answers then.

Django would answer 400 to a foreign Host and to a body above its limit, and Evolution never retries a 400
(tests/contract/evolution.md 1.4). What is waiting goes into one INSERT; each caller is answered when its row is
committed, and 503 when it could not be.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from backend.chat import webhooks
from backend.chat.webhooks import Delivery, Outcome

logger = logging.getLogger(__name__)

PATH = re.compile(r"^/+api/webhooks/evolution/(?P<secret>[A-Za-z0-9_-]{1,128})(?P<suffix>/.*)?$", re.DOTALL)
BATCH_ROWS = 64
BATCH_BYTES = 4 * 1024 * 1024
GATHER_SECONDS = 0.002
"""A gateway posts three or four webhooks of one message at once: they make one INSERT, and one turn of their lane."""
WAITING_BYTES = 256 * 1024 * 1024
"""More than this before the database, and further callers are told to come again before their body is read."""

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(eq=False, slots=True)
class Waiting:
    """One caller, and the answer it waits for."""

    delivery: Delivery
    outcome: "asyncio.Future[Outcome]"


class Door:
    """`database` runs a plain function in a database thread. One batch is in the database at a time; meanwhile the
    next one fills."""

    def __init__(self, database: Callable[..., Awaitable[Any]], max_bytes: int) -> None:
        self._database = database
        self._max_bytes = max_bytes
        self._waiting: list[Waiting] = []
        self._task: asyncio.Task[None] | None = None

    @staticmethod
    def match(path: str) -> "re.Match[str] | None":
        return PATH.match(path)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        found = PATH.match(scope["path"])
        if found is None:
            await _answer(send, 404, {"code": "not_found"})
            return
        if scope["method"] != "POST":
            await _answer(send, 405, {"code": "method_not_allowed"}, [(b"allow", b"POST")])
            return
        if self._bytes_waiting() > WAITING_BYTES:
            await _answer(send, 503, {"code": "too_much_waiting"}, [(b"retry-after", b"5")])
            return
        body = await self._body(receive)
        if body is None:
            await _answer(send, 413, {"code": "body_too_large"})
            return
        suffix = (found["suffix"] or "").strip("/")
        outcome = await self._store(Delivery(found["secret"], suffix, body))
        if outcome is Outcome.STORED:
            await _answer(send, 200, {"stored": True})
        elif outcome is Outcome.UNKNOWN_SECRET:
            await _answer(send, 404, {"code": "unknown_webhook"})
        else:
            await _answer(send, 503, {"code": "not_stored"}, [(b"retry-after", b"5")])

    async def _body(self, receive: Receive) -> bytes | None:
        """The whole body; None above the limit (under a server that does not refuse it itself)."""
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise asyncio.CancelledError
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._max_bytes:
                return None
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _store(self, delivery: Delivery) -> Outcome:
        waiting = Waiting(delivery, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._store_all())
        return await waiting.outcome

    async def _store_all(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER_SECONDS)
            batch = self._next_batch()
            try:
                outcomes = await self._database(webhooks.store, [waiting.delivery for waiting in batch])
            except Exception as error:  # whatever kept them from the disk, the gateway must try again
                batch += self._waiting  # nobody waits for another time-out, with their bodies in memory
                self._waiting = []
                logger.error("webhooks not stored", extra={"count": len(batch), "reason": type(error).__name__})
                outcomes = [Outcome.NOT_STORED] * len(batch)
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if not waiting.outcome.done():
                    waiting.outcome.set_result(outcome)

    def _bytes_waiting(self) -> int:
        return sum(len(waiting.delivery.body) for waiting in self._waiting)

    def _next_batch(self) -> list[Waiting]:
        size = count = 0
        for waiting in self._waiting:
            size += len(waiting.delivery.body)
            if count and (size > BATCH_BYTES or count == BATCH_ROWS):
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch


async def _answer(
    send: Send, status: int, body: dict[str, object], headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    text = json.dumps(body).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode()), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": text})
