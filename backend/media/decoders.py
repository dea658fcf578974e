"""The decoder processes, seen from the server: a few children that open hostile files, so that the server never does.

`decoders().decode(path, mime=…, kind=…)` is safe to call from any thread and never raises for what a file does to its
child: a child that dies, hangs or eats its limit is replaced at once and the file comes back with a warning. Children
end by themselves when the server is gone (their standard input closes).
"""

import atexit
import functools
import json
import os
import queue
import selectors
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.media.spool import spool_root

FILES_PER_CHILD = 200
WALL_SECONDS = 60.0
CPU_SECONDS = 20
CODEC_THREADS = 2
OPENED = ("image/", "video/", "audio/", "application/pdf")
MAX_ANSWER_BYTES = 64 * 1024
MiB = 1024 * 1024
THUMBNAIL, SENDABLE, RENDITIONS = "thumb", "send", ("jpeg", "poster", "aac")
MAX_OUTPUT_BYTES = {THUMBNAIL: MiB // 2, "jpeg": 32 * MiB, "poster": 4 * MiB, "aac": 32 * MiB, SENDABLE: 32 * MiB}
CONVERSION = 3
"""How many times as long a file may take that is made into another."""

START = "import sys; sys.path.insert(0, sys.argv[1]); from backend.media import decoder; decoder.main()"
_ROOT = str(Path(__file__).resolve().parents[2])


class Facts(BaseModel):
    """What a child may say of a file: nothing it says is believed beyond these bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    width: int | None = Field(default=None, ge=1, le=100_000)
    height: int | None = Field(default=None, ge=1, le=100_000)
    duration: float | None = Field(default=None, ge=0, le=1_000_000, allow_inf_nan=False)
    pages: int | None = Field(default=None, ge=1, le=1_000_000)
    waveform: list[Annotated[int, Field(ge=0, le=100)]] | None = Field(default=None, min_length=64, max_length=64)
    animated: bool | None = None


class Answer(BaseModel):
    """One frame from a child."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    facts: Facts = Facts()
    outputs: list[str] = Field(default=[], max_length=8)
    warnings: list[str] = Field(default=[], max_length=8)
    error: str = Field(default="", max_length=60)
    detail: str = Field(default="", max_length=200)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a file turned out to hold. `error` says that it could not be opened at all. What was made of it lies in the
    spool and belongs to whoever asked; `sendable` is to be sent in its place."""

    metadata: dict[str, Any] = field(default_factory=dict)
    thumbnail: Path | None = None
    sendable: Path | None = None
    renditions: dict[str, Path] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: str = ""
    detail: str = ""

    def discard(self) -> None:
        for path in (self.thumbnail, self.sendable, *self.renditions.values()):
            if path is not None:
                path.unlink(missing_ok=True)


class Fault(Exception):
    """A child died, hung or babbled."""


class Child:
    """One decoder process and the pipe to it. Used by one thread at a time."""

    def __init__(self, directory: Path, start: str = START) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", start, _ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=directory,
            env={},
            close_fds=True,
            start_new_session=True,
            bufsize=0,
        )
        self.files = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: dict[str, Any], *, wall_seconds: float) -> Answer:
        """Raises Fault; the child is of no use afterwards."""
        self.files += 1
        body = json.dumps(request).encode()
        deadline = time.monotonic() + wall_seconds
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(struct.pack(">I", len(body)) + body)
            (size,) = struct.unpack(">I", self._read(4, deadline))
            if size > MAX_ANSWER_BYTES:
                raise Fault("an answer too long")
            return Answer.model_validate_json(self._read(size, deadline))
        except (OSError, ValidationError) as error:
            raise Fault(type(error).__name__) from error

    def _read(self, size: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        taken = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while len(taken) < size:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise Fault("no answer in time")
                chunk = os.read(self._process.stdout.fileno(), size - len(taken))
                if not chunk:
                    raise Fault("the process ended")
                taken += chunk
        return taken

    def end(self) -> None:
        """Kills; a decoder has nothing to tidy up."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


class Decoders:
    """`count` children, started by `warm()` or by the first file, shared by all threads."""

    def __init__(
        self,
        count: int,
        *,
        directory: Callable[[], Path] = spool_root,
        start: str = START,
        codec_threads: int = CODEC_THREADS,
        cpu_seconds: int = CPU_SECONDS,
        wall_seconds: float = WALL_SECONDS,
    ) -> None:
        self.count = count
        self._directory, self._start, self._wall_seconds = directory, start, wall_seconds
        self._asked = {"threads": codec_threads, "cpu_seconds": cpu_seconds}
        self._free: queue.LifoQueue[Child | None] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._is_closed = False
        for _ in range(count):
            self._free.put(None)

    def warm(self) -> None:
        """Starts every child that does not run yet; takes milliseconds, the children load their libraries alone."""
        taken = [self._free.get() for _ in range(self._free.qsize())]
        for child in taken:
            self._free.put(child or self._started())

    def decode(self, path: Path, *, mime: str, kind: str, sends: bool = False) -> Decoded:
        """Waits for a free child. `path` is a file in the spool; a type that is never opened gets an empty answer.

        `sends`: the file is on its way out, and is made fit for it.
        """
        if not mime.startswith(OPENED):
            return Decoded()
        child, answer = self._free.get(), None
        try:
            child = child or self._new_child()
            patience = CONVERSION if sends or kind == "voice" else 1
            request = {"name": path.name, "mime": mime, "kind": kind, "sends": sends, **self._asked}
            request["cpu_seconds"] = self._asked["cpu_seconds"] * patience
            answer = child.ask(request, wall_seconds=self._wall_seconds * patience)
        except (Fault, OSError):
            pass
        finally:
            # Without an answer the child is in the middle of something: whoever came next would get this file's.
            is_worn = answer is None or (child is not None and child.files >= FILES_PER_CHILD)
            self._give_back(self._replaced(child) if is_worn else child)
        if answer is None:
            self._clear_outputs(path)
            return Decoded(warnings=("decoder_failed",))
        return self._decoded(path, answer)

    def close(self) -> None:
        """Ends the children that are free; those at work end with the server."""
        with self._lock:
            self._is_closed = True
        while True:
            try:
                child = self._free.get_nowait()
            except queue.Empty:
                return
            if child is not None:
                child.end()

    def _give_back(self, child: Child | None) -> None:
        with self._lock:
            if self._is_closed and child is not None:
                child.end()
                child = None
        self._free.put(child)

    def _replaced(self, child: Child | None) -> Child | None:
        if child is not None:
            child.end()
        return self._started()

    def _started(self) -> Child | None:
        try:
            return self._new_child()
        except OSError:
            return None

    def _new_child(self) -> Child:
        return Child(self._directory(), self._start)

    @staticmethod
    def _output(path: Path, output: str) -> Path:
        return path.with_name(f"{path.name}.{output}")

    def _clear_outputs(self, path: Path) -> None:
        for output in MAX_OUTPUT_BYTES:
            self._output(path, output).unlink(missing_ok=True)

    def _decoded(self, path: Path, answer: Answer) -> Decoded:
        made = {name: self._output(path, name) for name in answer.outputs if name in MAX_OUTPUT_BYTES}
        kept = {name: made[name] for name in made if _is_sound(made[name], MAX_OUTPUT_BYTES[name])}
        for name in MAX_OUTPUT_BYTES.keys() - kept.keys():
            self._output(path, name).unlink(missing_ok=True)
        return Decoded(
            metadata=answer.facts.model_dump(exclude_none=True),
            thumbnail=kept.get(THUMBNAIL),
            sendable=kept.get(SENDABLE),
            renditions={name: kept[name] for name in RENDITIONS if name in kept},
            warnings=tuple(answer.warnings),
            error=answer.error,
            detail=answer.detail,
        )


def _is_sound(path: Path, limit_bytes: int) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    return 0 < path.stat().st_size <= limit_bytes


@functools.cache
def decoders() -> Decoders:
    """The server's own. DECODERS says how many; 0 is one less than there are cores, and at least one."""
    made = Decoders(settings.DECODERS or max(1, (os.cpu_count() or 1) - 1))
    atexit.register(made.close)
    return made
