"""One lane per tenant: its stored webhooks, in the order received, a hundred to a transaction.

Each is understood in a savepoint. One that fails is marked with its error and tried again alone by a job of its own;
the rest goes on. `processed_at` is set on what was understood, and on what never can be, with the reason in `error`.
"""

import logging
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils import timezone

from backend.chat import inbox, work
from backend.chat.desk import Desk, Letter
from backend.chat.models import InboundEvent
from backend.gateways import evolution
from backend.gateways.base import Unreadable
from backend.jobs.queue import enqueue
from backend.lib.errors import ChatError
from backend.lib.text import clean
from backend.realtime import log

logger = logging.getLogger(__name__)

BATCH = 100
BATCH_BYTES = 16 * 1024 * 1024
"""Of bodies in one batch; a single one may be larger."""
RETRY_SECONDS = 5
ERROR_LIMIT = 500


def run_inbox(tenant_id: str) -> None:
    """Understand what waits, until nothing does. The job of kind INBOX: what is stored meanwhile wants it again."""
    tenant = UUID(tenant_id)
    while _run_batch(tenant):
        pass


def run_event(event_id: str) -> None:
    """Try one webhook again that failed in its lane; raises what it raises. The job of kind INBOX_EVENT."""
    event = InboundEvent.objects.filter(pk=int(event_id), processed_at__isnull=True).first()
    if event is None:
        return
    with log.unit(event.tenant_id):
        letter = _letter(event)
        inbox.receive(Desk(event.tenant_id, [letter]), letter)
        _mark_done([letter])


def gave_up(event_id: str, error: ChatError) -> None:
    """The last try has failed: the webhook is kept with its reason, and nobody waits for it any more."""
    rows = InboundEvent.objects.filter(pk=int(event_id), processed_at__isnull=True)
    rows.update(processed_at=timezone.now(), error=clean(f"{error.code}: {error.detail}", limit=ERROR_LIMIT))


def _run_batch(tenant_id: UUID) -> bool:
    """One transaction's worth. A batch that cannot be committed is taken apart, so that no event can stop the lane.

    False when nothing more waits. Raises only when the database is away.
    """
    try:
        with log.unit(tenant_id):
            ids, is_last = _waiting(tenant_id)
            _receive(tenant_id, [_letter(event) for event in _events(ids)])
        return not is_last
    except Exception as error:  # the lane must survive any letter, also one that fails at COMMIT
        logger.warning("inbox batch taken apart", extra={"tenant_id": tenant_id, "error": type(error).__name__})
        return _run_singly(tenant_id)


def _run_singly(tenant_id: UUID) -> bool:
    with log.unit(tenant_id):
        ids, is_last = _waiting(tenant_id)
    for event_id in ids:
        try:
            with log.unit(tenant_id):
                _receive(tenant_id, [_letter(event) for event in _events([event_id])])
        except Exception as error:  # as above
            with log.unit(tenant_id):
                _mark_failed(event_id, tenant_id, error)
    return not is_last


def _waiting(tenant_id: UUID) -> tuple[list[int], bool]:
    """The oldest that nobody has looked at, and whether these are all. What another runner holds is its own."""
    rows = InboundEvent.objects.filter(tenant_id=tenant_id, processed_at__isnull=True, error="").order_by("pk")
    sizes = list(rows.select_for_update(skip_locked=True).values_list("pk", Length("body"))[:BATCH])
    ids: list[int] = []
    total = 0
    for event_id, size in sizes:
        total += size
        if ids and total > BATCH_BYTES:
            break
        ids.append(event_id)
    return ids, len(ids) < BATCH and len(ids) == len(sizes)


def _events(ids: list[int]) -> QuerySet[InboundEvent]:
    rows = InboundEvent.objects.filter(pk__in=ids, processed_at__isnull=True, error="").order_by("pk")
    return rows.select_for_update(skip_locked=True)


def _letter(event: InboundEvent) -> Letter:
    parsed = evolution.parse(bytes(event.body), event=event.event, event_id=event.pk)
    return Letter(event.pk, event.instance_id, event.received_at, parsed)


def _receive(tenant_id: UUID, letters: list[Letter]) -> None:
    """Each letter in its savepoint. A failure leaves the desk untrue: the rest is laid out again."""
    done: list[Letter] = []
    desk = Desk(tenant_id, letters)
    for index, letter in enumerate(letters):
        try:
            with log.unit(tenant_id):
                inbox.receive(desk, letter)
            done.append(letter)
        except Exception as error:  # one letter's trouble is its own
            _mark_failed(letter.event_id, tenant_id, error)
            desk = Desk(tenant_id, letters[index + 1 :])
    _mark_done(done)


def _mark_done(letters: list[Letter]) -> None:
    by_reason: dict[str, list[int]] = {}
    for letter in letters:
        by_reason.setdefault(_reason(letter), []).append(letter.event_id)
    for reason, ids in by_reason.items():
        InboundEvent.objects.filter(pk__in=ids).update(processed_at=timezone.now(), error=reason)


def _reason(letter: Letter) -> str:
    """Why it could not be understood, wholly or in part; empty when it was."""
    if isinstance(letter.parsed, Unreadable):
        return letter.parsed.code
    return next((one.code for one in letter.parsed if isinstance(one, Unreadable)), "")


def _mark_failed(event_id: int, tenant_id: UUID, error: Exception) -> None:
    code = error.code if isinstance(error, ChatError) else "failed"
    detail = clean(f"{code}: {type(error).__name__}: {error}", limit=ERROR_LIMIT)
    InboundEvent.objects.filter(pk=event_id).update(error=detail)
    run_at = timezone.now() + timedelta(seconds=RETRY_SECONDS)
    enqueue(work.INBOX_EVENT, event_id, tenant_id=tenant_id, run_at=run_at)
    logger.warning("inbox event failed", extra={"event_id": event_id, "error": type(error).__name__})
