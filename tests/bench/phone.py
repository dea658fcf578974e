"""The customers' phones: they send files through the sandbox, which seals and serves them; what it would post to the
program comes to us instead, so that a bench can post it itself when its clock runs."""

import asyncio
import json
from types import TracebackType
from typing import Any, Self

import httpx

from tests.bench.rig import Company
from tests.servers import HOST

SAY_SECONDS = 30


class Phone:
    """One number's customers, seen from the sandbox's control API. `async with` it."""

    def __init__(self, sandbox_url: str, company: Company) -> None:
        self._company = company
        self._client = httpx.AsyncClient(base_url=f"{sandbox_url}/control", timeout=SAY_SECONDS, trust_env=False)
        self._bodies: list[bytes] = []
        self._sink: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._sink = await asyncio.start_server(self._take, HOST, 0)
        port = self._sink.sockets[0].getsockname()[1]
        company = self._company
        wiring = {"name": company.instance, "api_key": company.api_key, "webhook_url": f"http://{HOST}:{port}/"}
        await self._ask("/instances", json=wiring)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()
        if self._sink is not None:
            self._sink.close()

    async def add_customer(self, **facts: str) -> None:
        """`id`, `name`, `phone`, `lid`, `addressing`."""
        await self._ask(f"/instances/{self._company.instance}/customers", json=facts)

    async def send(
        self, customer: str, draft: dict[str, Any], file: tuple[str, bytes, str] | None = None
    ) -> list[bytes]:
        """Everything that Evolution posts when `customer` sends this, the message first. `file`: name, bytes, type."""
        self._bodies.clear()
        path = f"/instances/{self._company.instance}/customers/{customer}/messages"
        what: dict[str, Any] = (
            {"data": {"draft": json.dumps(draft)}, "files": {"file": file}} if file else {"json": draft}
        )
        await self._ask(path, **what)
        await self._idle()
        return sorted(self._bodies, key=lambda body: b'"messages.upsert"' not in body)

    async def _idle(self) -> None:
        answer = await self._client.get("/idle")
        assert answer.json()["is_idle"], "the sandbox still has something to deliver"

    async def _ask(self, path: str, **what: Any) -> Any:
        answer = await self._client.post(path, **what)
        assert answer.is_success, answer.text
        return answer.json()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Where the sandbox delivers: every body is kept and answered with 200."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                size = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
                self._bodies.append(await reader.readexactly(int(size)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            writer.close()
