"""The webhook deliverer, to the letter of tests/contract/evolution.md 1.3 and 1.4: attempts, waits, giving up."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Coroutine
from typing import Any

import httpx

from backend.sandbox.clock import Clock
from backend.sandbox.faults import Dice
from backend.sandbox.rows import Attempt, Delivery, Instance, Json
from backend.sandbox.store import Store
from backend.sandbox.wire import envelope

logger = logging.getLogger(__name__)

ATTEMPTS = 10
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, JITTER = 5, 300, 0.2
TIMEOUT_SECONDS = 30.0
NEVER_RETRIED = frozenset({400, 401, 403, 404, 422})
NEVER_DELIVERED = frozenset({"groups.update"})
USER_AGENT = "axios/1.13.2"


class Deliverer:
    """One task per delivery; nothing waits for anything, except who awaits what `post` returns."""

    def __init__(
        self, store: Store, *, clock: Clock, dice: Dice, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.timeout_seconds = TIMEOUT_SECONDS
        self._store, self._clock, self._dice, self._transport = store, clock, dice, transport
        self._client: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def in_hand(self) -> int:
        return len(self._tasks)

    def post(
        self,
        instance: Instance,
        event: str,
        data: Any,
        *,
        message_id: str = "",
        server_url: str = "",
        extra: Json | None = None,
    ) -> asyncio.Task[None] | None:
        """Sends `event` on its way if the instance subscribed to it; the task ends when the last attempt has."""
        webhook = instance.webhook
        if webhook is None or not webhook.enabled or not webhook.url.startswith(("http://", "https://")):
            return None
        if event in NEVER_DELIVERED or (webhook.events and config_name(event) not in webhook.events):
            return None
        body = envelope(instance, event=event, data=data, server_url=server_url, at=self._clock.now())
        raw = json.dumps((extra or {}) | body, ensure_ascii=False, separators=(",", ":")).encode()
        return self._dispatch(instance, event, raw, message_id)

    async def idle(self) -> None:
        """Until nothing is on its way any more."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def aclose(self) -> None:
        """Forgets what is pending, as a restarted Evolution does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _dispatch(self, instance: Instance, event: str, raw: bytes, message_id: str) -> asyncio.Task[None] | None:
        faults, luck = self._dice.of(instance.name).webhooks, self._dice.luck(instance.name)
        is_struck = not faults.events or event in faults.events
        if is_struck and luck.random() < faults.drop:
            self._record(instance, event, raw, message_id, state="dropped")
            return None
        wait = faults.slow_seconds if is_struck else 0.0
        if is_struck and luck.random() < faults.reorder:
            wait += luck.uniform(0, faults.reorder_seconds)
        first = self._record(instance, event, raw, message_id)
        task = self._start(self._deliver(instance, first, raw, wait_seconds=wait))
        if is_struck and luck.random() < faults.duplicate:
            twin = self._record(instance, event, raw, message_id, is_duplicate=True)
            self._start(self._deliver(instance, twin, raw, wait_seconds=wait))
        return task

    def _record(
        self,
        instance: Instance,
        event: str,
        raw: bytes,
        message_id: str,
        *,
        state: str = "pending",
        is_duplicate: bool = False,
    ) -> Delivery:
        facts = {
            "id": 0,
            "instance": instance.name,
            "event": event,
            "message_id": message_id,
            "url": address(instance, event),
            "state": state,
            "is_duplicate": is_duplicate,
            "created_at": self._clock.now(),
            "attempts": [],
        }
        return self._store.add_delivery(Delivery.model_validate(facts), raw)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _deliver(self, instance: Instance, delivery: Delivery, raw: bytes, *, wait_seconds: float) -> None:
        if wait_seconds:
            await self._clock.wait(wait_seconds)
        for number in range(1, ATTEMPTS + 1):
            attempt = await self._try(instance, delivery, raw)
            state = _state_after(attempt, number)
            self._store.add_attempt(delivery.id, attempt, state=state)
            if state in ("refused", "lost"):
                facts = {
                    "instance": instance.name,
                    "event_name": delivery.event,
                    "state": state,
                    "status": attempt.status,
                }
                logger.warning("webhook given up", extra=facts)
            if state != "pending":
                return
            await self._clock.wait(_wait_after(number) * self._dice.luck(instance.name).uniform(1 - JITTER, 1 + JITTER))

    async def _try(self, instance: Instance, delivery: Delivery, raw: bytes) -> Attempt:
        at, started = self._clock.now(), time.monotonic()
        try:
            answer = await self._http().post(
                delivery.url, content=raw, headers=headers(instance, at), timeout=self.timeout_seconds
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Attempt(at=at, status=None, error=type(error).__name__, seconds=time.monotonic() - started)
        return Attempt(at=at, status=answer.status_code, seconds=time.monotonic() - started)

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
            self._client = httpx.AsyncClient(
                transport=self._transport, follow_redirects=True, limits=limits, trust_env=False
            )
        return self._client


def config_name(event: str) -> str:
    return event.upper().replace(".", "_").replace("-", "_")


def address(instance: Instance, event: str) -> str:
    """Plain concatenation when the webhook is by events, whatever the URL ends with."""
    assert instance.webhook is not None
    suffix = f"/{event.replace('.', '-').replace('_', '-')}" if instance.webhook.by_events else ""
    return instance.webhook.url + suffix


def headers(instance: Instance, at: float) -> dict[str, str]:
    """The configured headers verbatim; `jwt_key` becomes a bearer token that lives ten minutes."""
    webhook = instance.webhook
    own = dict(webhook.headers or {}) if webhook else {}
    if key := own.pop("jwt_key", None):
        own["Authorization"] = f"Bearer {_jwt(str(key), int(at))}"
    sent = {"Content-Type": "application/json", "Accept": "application/json, text/plain, */*", "User-Agent": USER_AGENT}
    return sent | {name: str(value) for name, value in own.items()}


def _jwt(key: str, at: int) -> str:
    claims = {"iat": at, "exp": at + 600, "app": "evolution", "action": "webhook"}
    parts = [
        _url64(json.dumps(part, separators=(",", ":")).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)
    ]
    signature = hmac.new(key.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
    return ".".join([*parts, _url64(signature)])


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _state_after(attempt: Attempt, number: int) -> str:
    if attempt.status is not None and 200 <= attempt.status < 300:
        return "delivered"
    if attempt.status in NEVER_RETRIED:
        return "refused"
    return "lost" if number == ATTEMPTS else "pending"


def _wait_after(number: int) -> float:
    wait = min(FIRST_WAIT_SECONDS * 2 ** (number - 1), LONGEST_WAIT_SECONDS)
    return float(max(FIRST_WAIT_SECONDS, wait))
