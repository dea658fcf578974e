"""What an agent waits for: the answer to their Enter, and the gateway's first byte of it.

One process on real PostgreSQL, Redis, RabbitMQ and S3. `POST …/messages/` is timed at 50 a second, spread over several
conversations, while their lanes send. Then, quiet, one text at a time: from the POST to the request that
reaches the gateway, here a listener of the bench (the same clock sees both ends) that answers as Evolution does.
"""

import asyncio
import json
import time
import uuid
from typing import Any

import httpx

from tests.bench import letters
from tests.bench.figures import Measure, Target, percentile
from tests.bench.rig import Company, Rig
from tests.servers import HOST, free_ports

A_SECOND, SECONDS, CHATS = 50, 6, 10
ONE_BY_ONE = 40
PACED_RUNS = 7
"""The slowest three of 300 are what one pause of a shared machine makes them: it takes more than the usual runs to see
past it."""


def run(rig: Rig) -> list[Measure]:
    posted = Measure("answer", f"POST messages p99 at {A_SECOND}/s", "ms", Target(at_most=40))
    handed = Measure("answer", "Enter to the gateway's request p50", "ms", Target(at_most=60))
    port = free_ports(1)
    room = rig.room(SANDBOX="1", SANDBOX_URL=f"http://{HOST}:{port}")
    with rig.chat(room) as chat:
        company = rig.companies(room, 1, sandbox_url=f"http://{HOST}:{port}")[0]
        asyncio.run(_measure(posted, handed, chat.url, company, port))
    return [posted, handed]


async def _measure(posted: Measure, handed: Measure, url: str, company: Company, port: int) -> None:
    gateway = await Gateway.listen(port)
    limits = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(base_url=url, headers=company.headers, timeout=30, limits=limits) as agent:
        chats = await _conversations(agent, company)
        for run_number in range(PACED_RUNS + 1):  # the first warms up
            waits = await _paced(agent, chats)
            await gateway.wait_until_quiet()
            gaps = [await _one(agent, gateway, chats[0]) for _ in range(ONE_BY_ONE)]
            if run_number:
                posted.runs.append(percentile(waits, 99))
                posted.note = f"p50 {percentile(waits, 50):.0f} ms"
                handed.runs.append(percentile(gaps, 50))
                handed.note = f"p95 {percentile(gaps, 95):.0f} ms"
    gateway.close()


async def _conversations(agent: httpx.AsyncClient, company: Company) -> list[str]:
    for number in range(CHATS):
        body = letters.text(
            company, f"55179999900{number:02d}", "oi", provider_id=f"3EB0A{number:015X}", serial=10_000 + number
        )
        (await agent.post(company.hook, content=body)).raise_for_status()
    while True:
        found = (await agent.get("/api/chat/conversations/")).json()["results"]
        if len(found) >= CHATS:
            return [row["id"] for row in found]
        await asyncio.sleep(0.1)


async def _paced(agent: httpx.AsyncClient, chats: list[str]) -> list[float]:
    """Milliseconds of each POST; each starts at its own moment, whatever became of the one before."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    tasks = []
    for number in range(A_SECOND * SECONDS):
        await asyncio.sleep(max(0.0, began + number / A_SECOND - loop.time()))
        tasks.append(asyncio.create_task(_post(agent, chats[number % len(chats)], f"mensagem {number}")))
    return [milliseconds for milliseconds, _ in await asyncio.gather(*tasks)]


async def _post(agent: httpx.AsyncClient, conversation: str, text: str) -> tuple[float, float]:
    began = time.perf_counter()
    answer = await agent.post(
        f"/api/chat/conversations/{conversation}/messages/", json={"client_id": str(uuid.uuid4()), "text": text}
    )
    assert answer.status_code == 201, answer.text
    return (time.perf_counter() - began) * 1000, began


async def _one(agent: httpx.AsyncClient, gateway: "Gateway", conversation: str) -> float:
    text = f"um {uuid.uuid4()}"
    reached = gateway.expect(text)
    _, began = await _post(agent, conversation, text)
    at = await asyncio.wait_for(reached, 30)
    await asyncio.sleep(0.05)
    return (at - began) * 1000


class Gateway:
    """Answers sendText as Evolution 2.3.7 does, and notes when each text reached it."""

    def __init__(self) -> None:
        self._expected: dict[str, asyncio.Future[float]] = {}
        self._last = 0.0
        self._count = 0
        self._server: asyncio.Server | None = None

    @classmethod
    async def listen(cls, port: int) -> "Gateway":
        made = cls()
        made._server = await asyncio.start_server(made._serve, HOST, port)
        return made

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def expect(self, text: str) -> "asyncio.Future[float]":
        self._expected[text] = asyncio.get_running_loop().create_future()
        return self._expected[text]

    async def wait_until_quiet(self) -> None:
        while time.perf_counter() - self._last < 0.5:
            await asyncio.sleep(0.1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                at = time.perf_counter()
                body = await reader.readexactly(_length(head))
                answer = json.dumps(self._answer(body, at)).encode()
                lines = (
                    f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
                )
                writer.write(lines.encode() + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):  # the bench is over
            writer.close()

    def _answer(self, body: bytes, at: float) -> dict[str, Any]:
        asked = json.loads(body or b"{}")
        self._last, self._count = at, self._count + 1
        text = asked.get("text", "")
        if text in self._expected and not self._expected[text].done():
            self._expected[text].set_result(at)
        key = {
            "id": f"3EB0FF{self._count:014X}",
            "remoteJid": f"{asked.get('number', '')}@s.whatsapp.net",
            "fromMe": True,
        }
        return {
            "key": key,
            "message": {"conversation": text},
            "messageTimestamp": int(time.time()),
            "status": "PENDING",
        }


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
