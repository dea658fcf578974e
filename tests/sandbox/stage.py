"""A sandbox on a stage: the application, a client that speaks to it, and a receiver for what it posts."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from backend.sandbox.app import close, create_app
from backend.sandbox.rest import GLOBAL_KEY

HOOK = "https://chat.example.com.br/webhooks/evolution/clinica-01"
ORIGIN = "http://127.0.0.1:19000"
NAME = "clinica-01"
TOKEN = "TOKEN-CLINICA-01-0001"


@dataclass
class Post:
    """One request that the sandbox made."""

    request: httpx.Request

    @property
    def body(self) -> Any:
        return json.loads(self.request.content)

    @property
    def event(self) -> str:
        return str(self.body["event"])


@dataclass
class Stage:
    """`statuses` are the receiver's next answers (exceptions are raised), then always 200. `origin`: files to fetch."""

    database: Path
    time_scale: float = 0.001
    statuses: list[int | Exception] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    fetched: list[httpx.Request] = field(default_factory=list)
    origin: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.app = create_app(self.database, time_scale=self.time_scale, transport=httpx.MockTransport(self._answer))
        transport = httpx.ASGITransport(self.app, root_path="/sandbox", raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://sandbox.test/sandbox")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if str(request.url).startswith(ORIGIN):
            self.fetched.append(request)
            return self._fetch(request)
        if not str(request.url).startswith("https://chat."):
            raise httpx.ConnectError("no such host")
        self.posts.append(Post(request))
        status = self.statuses.pop(0) if self.statuses else 200
        if isinstance(status, Exception):
            raise status
        return httpx.Response(status)

    def _fetch(self, request: httpx.Request) -> httpx.Response:
        """Refuses every parameter that is not of the signature, as SigV4 does, below /signed/."""
        extra = [name for name in request.url.params if not name.startswith("X-Amz-")]
        if request.url.path.startswith("/signed/") and extra:
            return httpx.Response(403)
        data = self.origin.get(request.url.path)
        return httpx.Response(404) if data is None else httpx.Response(200, content=data)

    async def wire(self, **more: Any) -> dict[str, Any]:
        body = {"name": NAME, "api_key": TOKEN, "webhook_url": HOOK, "owner": "5517300000000"} | more
        return await self.control("POST", "/control/instances", body)

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def say(self, who: str = "maria-souza", **draft: Any) -> Any:
        return await self.control("POST", f"/control/instances/{NAME}/customers/{who}/messages", draft)

    async def act(self, message_id: str, what: str, **body: Any) -> Any:
        return await self.control("POST", f"/control/instances/{NAME}/messages/{message_id}/{what}", body)

    async def faults(self, **faults: Any) -> None:
        await self.control("PUT", f"/control/instances/{NAME}/faults", faults)

    async def gateway(
        self, method: str, path: str, body: Any = None, *, key: str | None = GLOBAL_KEY
    ) -> httpx.Response:
        headers = {} if key is None else {"apikey": key}
        return await self.http.request(method, path, json=body, headers=headers)

    async def settle(self) -> None:
        assert (await self.control("GET", "/control/idle?seconds=10"))["is_idle"]

    async def ledger(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.control("GET", f"/control/instances/{NAME}/ledger")
        return found

    async def deliveries(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.control("GET", f"/control/instances/{NAME}/deliveries?{query}")
        return found

    def posted(self, event: str) -> list[Any]:
        """The bodies of all posts of that event, in the order they came."""
        return [post.body for post in self.posts if post.event == event]

    async def close(self) -> None:
        await self.http.aclose()
        await close(self.app)
