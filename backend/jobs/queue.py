"""Declare, enqueue, claim and finish jobs. The row is the truth; whoever rings only says "look".

    INBOX = Kind("inbox", queue="inbound")

    @runs(INBOX)
    def inbox(tenant_id: str) -> None: ...

    enqueue(INBOX, tenant.id, tenant_id=tenant.id)        # inside the transaction that makes it necessary

A job's function may raise `TryLater` (or anything): it is run again after JOB_RETRY_SECONDS, then fails for good.
`Refused` and `Missing` fail at once.
"""

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.jobs.models import Job
from backend.lib.errors import ChatError
from backend.lib.text import clean

QUEUES = ("inbound", "outbound", "media_download", "media_upload", "media_priority")
RETRY_JITTER = 0.2
PRUNE_BATCH = 5_000


class Later(Exception):
    """Raised by a job that did nothing wrong and has to wait: due again after `after_seconds`, no attempt counted."""

    def __init__(self, after_seconds: float) -> None:
        super().__init__(f"again in {after_seconds} s")
        self.after_seconds = after_seconds


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job and the queue that it waits in."""

    name: str
    queue: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in hand: ours until the lease ends, and `wanted` as it was when we took it."""

    id: int
    kind: str
    subject: str
    queue: str
    wanted: int
    attempts: int
    worker: str


Runner = Callable[[str], None]
GaveUp = Callable[[str, ChatError], None]
_runners: dict[str, Runner] = {}
_gave_up: dict[str, GaveUp] = {}
_ringers: list[Callable[[str], None]] = []


def runs(kind: Kind, *, gave_up: GaveUp | None = None) -> Callable[[Runner], Runner]:
    """Say how jobs of `kind` are done: a function of the subject, run outside any transaction.

    `gave_up(subject, error)` is called once when the last try has failed, to say so where people look.
    """

    def declare(runner: Runner) -> Runner:
        _runners[kind.name] = runner
        if gave_up is not None:
            _gave_up[kind.name] = gave_up
        return runner

    return declare


def on_enqueue(ringer: Callable[[str], None]) -> None:
    """Have `ringer(queue)` called after each commit that enqueued; it must return at once and never raise."""
    _ringers.append(ringer)


def off_enqueue(ringer: Callable[[str], None]) -> None:
    """The opposite of `on_enqueue`."""
    _ringers.remove(ringer)


def runner_of(claim: Claim) -> Runner:
    return _runners[claim.kind]


def gave_up(held: Claim, error: ChatError) -> None:
    """Tell the kind's owner that its last try has failed."""
    if held.kind in _gave_up:
        _gave_up[held.kind](held.subject, error)


def enqueue(kind: Kind, subject: object, *, tenant_id: UUID | None, run_at: datetime | None = None) -> None:
    """Want `kind` done for `subject`: a new row, or one more wish on the open one, at the earlier time of the two.

    A job that is failing keeps the time of its next try: a wish neither hurries it nor uses up its tries.
    """
    now = timezone.now()
    table = Job._meta.db_table
    least = "LEAST" if connection.vendor == "postgresql" else "MIN"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (tenant_id, kind, subject, queue, wanted, attempts, run_at, leased_by, error, failed,"
            " created_at) VALUES (%s, %s, %s, %s, 1, 0, %s, '', '', %s, %s)"
            " ON CONFLICT (kind, subject) WHERE finished_at IS NULL"
            f" DO UPDATE SET wanted = {table}.wanted + 1, run_at = CASE WHEN {table}.error <> '' THEN {table}.run_at"
            f" ELSE {least}({table}.run_at, EXCLUDED.run_at) END",
            [_key(tenant_id), kind.name, str(subject), kind.queue, _moment(run_at or now), False, _moment(now)],
        )
    if run_at is None or run_at <= now:
        transaction.on_commit(lambda: ring(kind.queue))


def is_open(kind: Kind, subject: object) -> bool:
    """Whether it is wanted already, or being done."""
    return Job.objects.filter(kind=kind.name, subject=str(subject), finished_at__isnull=True).exists()


def ring(queue: str) -> None:
    """Say "look" to whoever listens in this process."""
    for ringer in _ringers:
        ringer(queue)


def claim(queue: str, worker: str) -> Claim | None:
    """Take the queue's oldest due job for JOB_LEASE_SECONDS, or None. A job whose lease ran out is due again."""
    now = timezone.now()
    table = Job._meta.db_table
    skip_locked = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    # One statement is a transaction of its own; SQLite's turn is only waited for where one is begun.
    turn = transaction.atomic() if connection.vendor == "sqlite" else contextlib.nullcontext()
    with turn, connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET leased_until = %s, leased_by = %s, attempts = attempts + 1 WHERE id = ("
            f" SELECT id FROM {table} WHERE queue = %s AND finished_at IS NULL AND run_at <= %s"
            " AND (leased_until IS NULL OR leased_until < %s) ORDER BY run_at, id LIMIT 1 "
            f"{skip_locked}) RETURNING id, kind, subject, queue, wanted, attempts",
            [_moment(now + timedelta(seconds=settings.JOB_LEASE_SECONDS)), worker, queue, _moment(now), _moment(now)],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    key, kind, subject, queue_name, wanted, attempts = row
    return Claim(key, kind, subject, queue_name, wanted, attempts, worker)


def renew(held: Claim) -> bool:
    """Keep the lease for another JOB_LEASE_SECONDS; False when it is no longer ours."""
    until = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    return bool(_mine(held).update(leased_until=until))


def finish(held: Claim) -> bool:
    """Done. False when somebody wanted more meanwhile (the job stays open, due now) or the lease is lost."""
    if _mine(held).filter(wanted=held.wanted).update(finished_at=timezone.now(), leased_until=None, error=""):
        return True
    _reopen(held)
    return False


def release(held: Claim) -> None:
    """Give the job back untouched: somebody else may take it at once, and this attempt does not count."""
    if _mine(held).update(leased_until=None, leased_by="", attempts=max(0, held.attempts - 1)):
        ring(held.queue)


def postpone(held: Claim, after_seconds: float) -> None:
    """Due again after a while; at once when somebody wanted more meanwhile."""
    free = {"leased_until": None, "leased_by": "", "attempts": max(0, held.attempts - 1)}
    run_at = timezone.now() + timedelta(seconds=after_seconds)
    if not _mine(held).filter(wanted=held.wanted).update(run_at=run_at, **free) and _mine(held).update(**free):
        ring(held.queue)


def fail(held: Claim, error: str, *, final: bool = False, after_seconds: float | None = None) -> bool:
    """It did not work: due again after JOB_RETRY_SECONDS, or failed for good. True when it was the last try.

    Somebody who wanted more meanwhile gets a fresh start; who lost the lease changes nothing.
    """
    now = timezone.now()
    error = clean(error, limit=2_000)
    if final or held.attempts > len(settings.JOB_RETRY_SECONDS):
        if _mine(held).filter(wanted=held.wanted).update(finished_at=now, failed=True, leased_until=None, error=error):
            return True
        _reopen(held)
        return False
    wait = settings.JOB_RETRY_SECONDS[held.attempts - 1] * random.uniform(1 - RETRY_JITTER, 1 + RETRY_JITTER)
    run_at = now + timedelta(seconds=max(wait, after_seconds or 0))
    _mine(held).update(run_at=run_at, leased_until=None, leased_by="", error=error)
    return False


def run_again(jobs: list[Job]) -> int:
    """An operator's wish: each finished job's thing is wanted anew. Returns how many."""
    with transaction.atomic():
        for done in jobs:
            enqueue(Kind(done.kind, done.queue), done.subject, tenant_id=done.tenant_id)
    return len(jobs)


def due_queues() -> list[str]:
    """The queues that have a due job that nobody holds: what a sweep looks for."""
    now = timezone.now()
    due = Job.objects.filter(finished_at__isnull=True, run_at__lte=now).filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    )
    return list(due.order_by().values_list("queue", flat=True).distinct())


def prune() -> int:
    """Drop finished jobs older than JOB_RETENTION_DAYS. Returns how many."""
    horizon = timezone.now() - timedelta(days=settings.JOB_RETENTION_DAYS)
    dropped = 0
    while ids := list(Job.objects.filter(finished_at__lt=horizon).values_list("pk", flat=True)[:PRUNE_BATCH]):
        dropped += Job.objects.filter(pk__in=ids).delete()[0]
    return dropped


def _reopen(held: Claim) -> None:
    """Somebody wanted more while it ran: due now, as if nothing had been tried."""
    if _mine(held).update(leased_until=None, leased_by="", attempts=0, error=""):
        ring(held.queue)


def _mine(held: Claim) -> QuerySet[Job]:
    return Job.objects.filter(pk=held.id, leased_by=held.worker, finished_at__isnull=True)


def _key(value: UUID | None) -> str | UUID | None:
    if value is None or connection.features.has_native_uuid_field:
        return value
    return value.hex


def _moment(value: datetime) -> datetime | str | None:
    """As the database's driver takes it in raw SQL."""
    adapted: datetime | str | None = connection.ops.adapt_datetimefield_value(value)
    return adapted
