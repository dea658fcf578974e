"""How the fleet does: a board in memory that this process's workers write on and health reads. Nothing is stored."""

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils import timezone


@dataclass(frozen=True, slots=True)
class QueuePulse:
    """One queue as this process serves it. `consumers` 0: nobody listens, only the sweep looks at it."""

    consumers: int = 0
    last_delivery: datetime | None = None
    last_job: datetime | None = None
    jobs_done: int = 0


@dataclass(frozen=True, slots=True)
class Pulse:
    """`broker_connected` is None where no broker is configured: the rows are then looked at without one."""

    broker_connected: bool | None = None
    queues: dict[str, QueuePulse] = field(default_factory=dict)

    @property
    def consumers(self) -> int:
        return sum(queue.consumers for queue in self.queues.values())

    @property
    def last_delivery(self) -> datetime | None:
        return max((queue.last_delivery for queue in self.queues.values() if queue.last_delivery), default=None)

    @property
    def last_job(self) -> datetime | None:
        return max((queue.last_job for queue in self.queues.values() if queue.last_job), default=None)


_lock = threading.Lock()
_board = Pulse()


def consumers(live: dict[str, int], *, broker: bool | None) -> None:
    """So many consumers serve each queue now; the link to the broker is up, down, or (None) not configured."""
    with _lock:
        queues = {name: replace(_board.queues.get(name, QueuePulse()), consumers=count) for name, count in live.items()}
        _write(Pulse(broker, _board.queues | queues))


def delivered(queue: str) -> None:
    """The broker rang for the queue."""
    with _lock:
        now = _board.queues.get(queue, QueuePulse())
        _write(replace(_board, queues=_board.queues | {queue: replace(now, last_delivery=timezone.now())}))


def worked(queue: str) -> None:
    """A job of the queue was taken and dealt with, well or not."""
    with _lock:
        now = _board.queues.get(queue, QueuePulse())
        done = replace(now, last_job=timezone.now(), jobs_done=now.jobs_done + 1)
        _write(replace(_board, queues=_board.queues | {queue: done}))


def snapshot() -> Pulse:
    return _board


def reset() -> None:
    """An empty board, as at the start of the process."""
    with _lock:
        _write(Pulse())


def _write(board: Pulse) -> None:
    global _board  # noqa: PLW0603  # one board for a process is the point
    _board = board
