"""Five hundred sockets in a process of their own, so that what listens is not what limits.

`Crowd` is the handle: it starts the process, which connects every socket, counts frames, and measures how old each is
(a frame says when it was sent, on the machine's monotonic clock, as `"sent":N` near its beginning).
"""

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

ACK_EVERY = 128
CONNECT_AT_ONCE = 20
SENT = b'"sent":'
LOOK_BYTES = 120
SEQ = b'"seq":'
CONNECT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Seat:
    """Where one socket connects. `acks` says that it acknowledges what it hears."""

    url: str
    headers: Mapping[str, str]
    acks: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What was heard since the last report: when the last frame came, and how old each was."""

    frames: int
    last_at: float
    ages_ms: list[float]
    closed: int


class Crowd:
    """`with Crowd(seats) as crowd:` every socket is open; it closes them."""

    def __init__(self, seats: list[Seat]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_main, args=(theirs, seats), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        if not self._pipe.poll(CONNECT_SECONDS):
            raise TimeoutError("the sockets did not connect")
        if failure := self._pipe.recv():
            raise ConnectionError(failure)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.join(5)
        self._process.kill()

    def begin(self, *, measures_age: bool) -> None:
        """Forget what was heard; from now on also note how old it is, or only count."""
        self._ask(("begin", measures_age))

    def frames(self) -> int:
        return self._ask(("frames", None)).frames

    def report(self) -> Report:
        return self._ask(("report", None))

    async def wait_for(self, frames: int, *, seconds: float) -> Report:
        """Until so many frames were heard, or no more came for a while."""
        deadline = time.monotonic() + seconds
        while await asyncio.to_thread(self.frames) < frames and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        return await asyncio.to_thread(self.report)

    def _ask(self, question: tuple[str, bool | None]) -> Report:
        self._pipe.send(question)
        found: Report = self._pipe.recv()
        return found


class _Tally:
    """What all sockets of the process heard."""

    def __init__(self) -> None:
        self.measures_age = False
        self.clear()

    def clear(self) -> None:
        self.frames, self.closed, self.last_at = 0, 0, 0.0
        self.ages_ms: list[float] = []

    def report(self, *, with_ages: bool) -> Report:
        return Report(self.frames, self.last_at, self.ages_ms if with_ages else [], self.closed)


class _Socket(WSListener):
    def __init__(self, tally: _Tally, *, acks: bool) -> None:
        self._tally, self._acks, self._heard = tally, acks, 0
        self.has_joined = asyncio.Event()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        at = payload.find(SENT, 0, LOOK_BYTES)
        if at < 0:
            self.has_joined.set()
            return
        tally = self._tally
        tally.frames += 1
        tally.last_at = time.monotonic()
        if tally.measures_age:
            sent_ns = int(payload[at + len(SENT) : payload.index(b",", at)])
            tally.ages_ms.append((time.monotonic_ns() - sent_ns) / 1e6)
        self._heard += 1
        if self._acks and self._heard % ACK_EVERY == 0:
            seq = payload.index(SEQ) + len(SEQ)
            transport.send(WSMsgType.TEXT, b'{"type":"ack","seq":%b}' % payload[seq : payload.index(b",", seq)])

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._tally.closed += 1


def _main(pipe: Connection, seats: list[Seat]) -> None:
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        asyncio.run(_serve(pipe, seats))


async def _serve(pipe: Connection, seats: list[Seat]) -> None:
    tally = _Tally()
    try:
        for first in range(0, len(seats), CONNECT_AT_ONCE):
            await asyncio.gather(*(_connect(tally, seat) for seat in seats[first : first + CONNECT_AT_ONCE]))
    except Exception as error:  # whatever it is, the other side must learn of it instead of waiting
        pipe.send(repr(error))
        return
    pipe.send("")
    asked = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), asked.set)
    while True:
        await asked.wait()
        asked.clear()
        while pipe.poll():
            question, measures_age = pipe.recv()
            if question == "begin":
                tally.clear()
                tally.measures_age = measures_age
            pipe.send(tally.report(with_ages=question == "report"))


async def _connect(tally: _Tally, seat: Seat) -> None:
    """Open when its hello has come; the consumer of the tutorial joins before it accepts."""
    socket = _Socket(tally, acks=seat.acks)
    await ws_connect(lambda: socket, seat.url, extra_headers=dict(seat.headers))
    if seat.acks:
        await socket.has_joined.wait()
