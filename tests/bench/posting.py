"""A gateway's way to post: HTTP/1.1 on kept connections, as many as there are posts at once. No library in between,
so that what is measured is the server."""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

POST_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """`began` is when the first byte was written, on the monotonic clock."""

    status: int
    began: float
    seconds: float


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Caller:
    """Posts to one address. Raises OSError for whatever kept an answer away."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._free: list[Line] = []

    async def post(self, path: str, body: bytes) -> Answer:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        began = time.monotonic()
        try:
            async with asyncio.timeout(POST_SECONDS):
                line = self._kept() or await asyncio.open_connection(self._host, self._port)
                status, is_kept = await _exchange(line, head.encode() + body)
        except (asyncio.IncompleteReadError, ValueError) as error:
            raise ConnectionError("the connection ended before the answer did") from error
        if is_kept:
            self._free.append(line)
        else:
            line[1].close()
        return Answer(status, began, time.monotonic() - began)

    def _kept(self) -> Line | None:
        """A connection that is still open: a server closes those that are idle for long."""
        while self._free:
            line = self._free.pop()
            if not line[0].at_eof():
                return line
            line[1].close()
        return None

    def close(self) -> None:
        for _, writer in self._free:
            writer.close()
        self._free.clear()


async def _exchange(line: Line, request: bytes) -> tuple[int, bool]:
    reader, writer = line
    try:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(size))
    except BaseException:
        writer.close()
        raise
    return int(head.split(b" ", 2)[1]), b"connection: close" not in head


async def post_in_bursts(
    caller: Caller, posts: list[tuple[str, bytes]], *, at_once: int, a_second: float
) -> list[Answer]:
    """Post `(path, body)`s in bursts of `at_once`, `a_second` in all. A burst never waits for the one before it."""
    began = time.monotonic()
    tasks = []
    for index in range(0, len(posts), at_once):
        await asyncio.sleep(max(0.0, began + index / a_second - time.monotonic()))
        tasks += [asyncio.create_task(caller.post(*post)) for post in posts[index : index + at_once]]
    return await asyncio.gather(*tasks)
