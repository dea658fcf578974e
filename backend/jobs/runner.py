"""Run one job, whatever it does: claim, call, and write down how it went. Plain functions for a job thread."""

import contextlib
import logging
import threading
import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, transaction

from backend.jobs import queue
from backend.jobs.queue import Claim
from backend.lib.errors import ChatError, Conflict, Missing, Refused, TryLater

logger = logging.getLogger(__name__)

DATABASE_PAUSE_SECONDS = 2.0


class InHand:
    """The jobs that this process holds right now: what must be renewed, and released when it goes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[int, Claim] = {}

    def take(self, held: Claim) -> None:
        with self._lock:
            self._held[held.id] = held

    def drop(self, held: Claim) -> None:
        with self._lock:
            self._held.pop(held.id, None)

    def all(self) -> list[Claim]:
        with self._lock:
            return list(self._held.values())

    def __len__(self) -> int:
        return len(self._held)


def run_next(queue_name: str, worker: str, in_hand: InHand) -> bool:
    """Claim the queue's oldest due job and do it. False when there was none."""
    close_old_connections()
    held = queue.claim(queue_name, worker)
    if held is None:
        return False
    in_hand.take(held)
    try:
        if held.attempts > len(settings.JOB_RETRY_SECONDS) + 1:
            _failed(held, ChatError("worker_died", "Every process that took this job ended before it did."), final=True)
        else:
            _run(held)
    finally:
        in_hand.drop(held)
        close_old_connections()
    return True


def renew_all(in_hand: InHand) -> None:
    """Keep every lease; one that is lost is somebody else's work now, and its finish will say so."""
    for held in in_hand.all():
        if not queue.renew(held):
            logger.warning("lease lost", extra={"job": held.id, "kind": held.kind, "subject": held.subject})


def release_all(in_hand: InHand) -> None:
    """We are going: what is not finished may be taken up by another process at once."""
    for held in in_hand.all():
        queue.release(held)


def _run(held: Claim) -> None:
    began = time.monotonic()
    try:
        queue.runner_of(held)(held.subject)
        queue.finish(held)
    except queue.Later as later:
        queue.postpone(held, later.after_seconds)
    except (Refused, Missing, Conflict) as error:
        _failed(held, error, final=True)
    except TryLater as error:
        _failed(held, error, after_seconds=error.after_seconds)
    except (OperationalError, InterfaceError) as error:
        logger.warning("database in the way", extra={"job": held.id, "kind": held.kind, "reason": type(error).__name__})
        close_old_connections()
        with contextlib.suppress(DatabaseError):  # else the lease runs out, and somebody takes it up
            queue.postpone(held, DATABASE_PAUSE_SECONDS)
    except Exception as error:  # the job runner is one of the three loops that must survive
        logger.exception("job raised", extra={"job": held.id, "kind": held.kind, "subject": held.subject})
        _failed(held, ChatError("internal_error", type(error).__name__))
    else:
        seconds = round(time.monotonic() - began, 3)
        logger.debug("job done", extra={"job": held.id, "kind": held.kind, "seconds": seconds})


def _failed(held: Claim, error: ChatError, *, final: bool = False, after_seconds: float | None = None) -> None:
    reason = f"{error.code}: {error.detail}"
    with transaction.atomic():
        was_last = queue.fail(held, reason, final=final, after_seconds=after_seconds)
        if was_last:
            queue.gave_up(held, error)
    facts = {"job": held.id, "kind": held.kind, "subject": held.subject, "attempts": held.attempts, "error": reason}
    logger.warning("job failed for good" if was_last else "job will be tried again", extra=facts)
