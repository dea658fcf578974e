"""A bad network between the program and one of its servers, as a TCP proxy in a thread of its own.

with ChaosProxy(redis.port) as proxy:           # give the program proxy.port
    proxy.latency_seconds = 0.2                 # each piece comes later
    proxy.is_silent = True                      # accepted, and nothing comes through any more
    proxy.refuses = True; proxy.reset_all()     # new connections are reset; so are those that there are
    proxy.carried, proxy.carried_back           # bytes to the server, and from it
"""

import asyncio
import socket
import struct
import threading
from types import TracebackType
from typing import Self

from tests.servers import HOST

PIECE_BYTES = 64 * 1024
LOOK_SECONDS = 0.02

Pair = tuple[asyncio.StreamWriter, asyncio.StreamWriter]


class ChaosProxy:
    """The faults are plain attributes, read for each piece: set them at any moment from any thread."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.latency_seconds = 0.0
        self.bytes_per_second: int | None = None
        self.is_silent = False
        self.refuses = False
        self.accepted = 0
        self.carried = 0
        self.carried_back = 0
        self._pairs: set[Pair] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaosproxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuses = True
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def heal(self) -> None:
        """A good network again."""
        self.latency_seconds, self.bytes_per_second, self.is_silent, self.refuses = 0.0, None, False, False

    def reset_all(self) -> None:
        """Every connection that is open ends with a TCP reset at both ends."""
        asyncio.run_coroutine_threadsafe(self._reset_all(), self._loop).result(5)

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._connected, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]

    async def _reset_all(self) -> None:
        for pair in list(self._pairs):
            for writer in pair:
                _reset(writer)

    async def _end(self) -> None:
        await self._reset_all()
        carrying = asyncio.all_tasks() - {asyncio.current_task()}
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.refuses:
            _reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target_port)
        except OSError:
            _reset(writer)
            return
        pair = (writer, far_writer)
        for end in pair:
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pairs.add(pair)
        both_ways = (self._carry(reader, far_writer, "carried"), self._carry(far_reader, writer, "carried_back"))
        await asyncio.gather(*both_ways, return_exceptions=True)
        self._pairs.discard(pair)
        for end in pair:
            end.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counter: str) -> None:
        while piece := await reader.read(PIECE_BYTES):
            setattr(self, counter, getattr(self, counter) + len(piece))
            while self.is_silent:
                await asyncio.sleep(LOOK_SECONDS)
            if self.latency_seconds:
                await asyncio.sleep(self.latency_seconds)
            writer.write(piece)
            await writer.drain()
            if self.bytes_per_second:
                await asyncio.sleep(len(piece) / self.bytes_per_second)
        if writer.can_write_eof():
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Linger 0: the kernel sends RST instead of FIN."""
    if not writer.is_closing():
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
