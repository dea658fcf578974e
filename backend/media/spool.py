"""A file on its way in: streamed into SPOOL_ROOT, capped and hashed as it comes, gone again when we are done with it.

    with spool_first(ways, limit_bytes=limit_bytes(kind), on_progress=tell) as spooled: ...

Reads 64 KiB at a time, so a 50 MB video costs no memory; hashing and writing let other threads run.
"""

import hashlib
import hmac
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from django.conf import settings

from backend.lib.errors import ChatError, Refused, TryLater
from backend.lib.ids import new_id
from backend.media.storages import open_plain

CALLS_A_SECOND = 4
SAME_STAGE_SECONDS = 1 / 3
LEFT_BEHIND_SECONDS = 3600

Progress = Callable[[str, int, int], None]
"""`on_progress(stage, bytes_done, total)`; stage is one of wire.Stage, total 0 when it is not known."""


class Way(Protocol):
    """One way to a file's bytes (gateways have several). `open` raises Refused or TryLater, as may its iterator."""

    @property
    def sha256(self) -> bytes | None: ...

    @property
    def size_bytes(self) -> int | None: ...

    @property
    def open(self) -> Callable[[int], AbstractContextManager[Iterator[bytes]]]: ...


@dataclass(frozen=True, slots=True)
class Spooled:
    """A whole file in the spool. Leaving its `with` block removes it."""

    path: Path
    size_bytes: int
    sha256: str

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.discard()

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


def silent(stage: str, bytes_done: int, total: int) -> None:
    """Progress that nobody wants to hear of."""


class Paced:
    """At most CALLS_A_SECOND calls in any second, whatever the stage; one of them is kept for a change of stage.

    Wrap the callback once and give it to all steps of a file: they do not wrap it again.
    """

    def __init__(self, on_progress: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        self._on_progress, self._clock = on_progress, clock
        self._recent: deque[float] = deque(maxlen=CALLS_A_SECOND)
        self._stage = ""

    def __call__(self, stage: str, bytes_done: int, total: int) -> None:
        now = self._clock()
        if len(self._recent) == CALLS_A_SECOND and now - self._recent[0] < 1:
            return
        if stage == self._stage and now - self._recent[-1] < SAME_STAGE_SECONDS:
            return
        self._recent.append(now)
        self._stage = stage
        self._on_progress(stage, bytes_done, total)


def paced(on_progress: Progress) -> Paced:
    return on_progress if isinstance(on_progress, Paced) else Paced(on_progress)


def spool_root() -> Path:
    """Where decoders work too; made when it is not there, for our eyes only."""
    root = Path(settings.SPOOL_ROOT)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return root


def spool(
    chunks: Iterable[bytes],
    *,
    limit_bytes: int,
    expected_sha256: bytes | None = None,
    announced_bytes: int | None = None,
    stage: str = "downloading",
    on_progress: Progress = silent,
) -> Spooled:
    """Takes the bytes in. Raises Refused(`file_too_large`, `empty_file`) and TryLater(`digest_mismatch`,
    `more_than_announced`); an announced size binds only where no digest was announced."""
    path = spool_root() / new_id().hex
    digest, size, tell = hashlib.sha256(), 0, paced(on_progress)
    try:
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > limit_bytes:
                    raise Refused("file_too_large", f"more than {limit_bytes} bytes")
                digest.update(chunk)
                file.write(chunk)
                tell(stage, size, announced_bytes or 0)
        _check(size, digest.digest(), expected_sha256, announced_bytes)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise TryLater("spool_unavailable", f"the spool fails: {error.strerror}") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Spooled(path=path, size_bytes=size, sha256=digest.hexdigest())


def spool_first(ways: Iterable[Way], *, limit_bytes: int, on_progress: Progress = silent) -> Spooled:
    """The file by the first way that gives it. When none does: TryLater if one of them may later (the first that said
    so), else the first refusal. A file that is too large is too large by every way."""
    said: list[ChatError] = []
    for way in ways:
        try:
            with way.open(limit_bytes) as chunks:
                return spool(
                    chunks,
                    limit_bytes=limit_bytes,
                    expected_sha256=way.sha256,
                    announced_bytes=way.size_bytes,
                    on_progress=on_progress,
                )
        except (Refused, TryLater) as error:
            if error.code == "file_too_large":
                raise
            said.append(error)
    for answer in said:
        if isinstance(answer, TryLater):
            raise answer
    raise said[0] if said else Refused("media_gone", "nothing says where the file could be had")


def measured(path: Path) -> Spooled:
    """A file that was made in the spool."""
    with open_plain(path) as file:
        digest = hashlib.file_digest(file, "sha256")
    return Spooled(path=path, size_bytes=path.lstat().st_size, sha256=digest.hexdigest())


def sweep(now: float | None = None) -> int:
    """Removes what a process that was killed left in the spool; returns how many files."""
    oldest = (time.time() if now is None else now) - LEFT_BEHIND_SECONDS
    removed = 0
    for path in spool_root().iterdir():
        if path.lstat().st_mtime < oldest and not path.is_dir():
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _check(size: int, digest: bytes, expected: bytes | None, announced: int | None) -> None:
    if size == 0:
        raise Refused("empty_file", "the file has no bytes")
    if expected is not None and not hmac.compare_digest(digest, expected):
        raise TryLater("digest_mismatch", "the bytes are not those that were announced")
    if expected is None and announced is not None and size > announced > 0:
        raise TryLater("more_than_announced", f"{size} bytes where {announced} were announced")
