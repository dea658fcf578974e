"""Reading files over HTTP: as fast as they come (wrk), and at a given pace (kept connections of our own)."""

import asyncio
import re
import subprocess
import time
from urllib.parse import urlsplit

from tests.servers import find_program

REQUESTS = re.compile(r"Requests/sec:\s+([\d.]+)")
BUFFER_BYTES = 1024 * 1024


def requests_a_second(url: str, *, connections: int, seconds: int) -> float:
    wrk = find_program("wrk", "wrk")
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = REQUESTS.search(said)
    assert found is not None, said
    assert "Non-2xx" not in said, said
    assert "Socket errors" not in said, said
    return float(found[1])


class Line(asyncio.BufferedProtocol):
    """One kept connection. Bodies are counted and thrown away."""

    def __init__(self) -> None:
        self._buffer = bytearray(BUFFER_BYTES)
        self._head = b""
        self._left: int | None = None
        self._done: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._left is None:
            self._head += bytes(self._buffer[:nbytes])
            head, found, rest = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            assert head.split(b" ", 2)[1] in {b"200", b"206"}, head
            size = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._head, self._left = b"", int(size) - len(rest)
        else:
            self._left -= nbytes
        if self._left == 0 and self._done is not None and not self._done.done():
            self._left = None
            self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(exc or ConnectionError("closed"))

    async def fetch(self, request: bytes) -> None:
        self._done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        await self._done


async def open_lines(url: str, count: int) -> list[Line]:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Line, parts.hostname, parts.port))[1] for _ in range(count)]


def get(url: str, path: str, **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n{lines}\r\n".encode()


async def paced(url: str, request: bytes, *, connections: int, a_second: float, seconds: float) -> list[float]:
    """Milliseconds of each, from when it was due: a server that falls behind is seen to."""
    lines = await open_lines(url, connections)
    due = asyncio.Queue[float]()
    began = time.monotonic() + 0.05
    for number in range(int(a_second * seconds)):
        due.put_nowait(began + number / a_second)
    waits: list[float] = []

    async def work(line: Line) -> None:
        while not due.empty():
            at = due.get_nowait()
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            await line.fetch(request)
            waits.append((time.monotonic() - at) * 1000)

    await asyncio.gather(*map(work, lines))
    for line in lines:
        line.transport.close()
    return waits
