"""The durable log: `unit` is the transaction in which things happen, `publish` says what happened in it.

Events are numbered and written in the last two statements before COMMIT, so commit order is sequence order and there
are no holes: the clock's row lock is held for those two statements only, and nothing is locked after it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from backend.realtime import bell, numbering, wire
from backend.realtime.bell import Ring
from backend.realtime.models import Event, TenantClock
from backend.realtime.numbering import Unnumbered

PRUNE_BATCH = 5_000
REPLACED_ROWS = 500


@dataclass
class Unit:
    """One open transaction of one tenant, and what it will publish when it ends well."""

    tenant_id: UUID
    collected: list[wire.Durable] = field(default_factory=list)


_open: ContextVar[Unit | None] = ContextVar("open_unit", default=None)


class NoUnit(RuntimeError):
    """`publish` was called outside `unit`: the event could not be part of the change that it tells of."""


@contextmanager
def unit(tenant_id: UUID) -> Iterator[None]:
    """A transaction for one tenant. Inside another unit it is a savepoint: rolled back, it drops what it published."""
    outer = _open.get()
    if outer is None:
        yield from _outermost(tenant_id)
        return
    if outer.tenant_id != tenant_id:
        raise ValueError("a unit belongs to one tenant")
    mark = len(outer.collected)
    try:
        with transaction.atomic():
            yield
    except BaseException:
        del outer.collected[mark:]
        raise


def _outermost(tenant_id: UUID) -> Iterator[None]:
    mine = Unit(tenant_id)
    with transaction.atomic():
        token = _open.set(mine)
        try:
            yield
            rings = _write(mine) if mine.collected else []
        finally:
            _open.reset(token)  # what COMMIT sets off may open a unit of its own
        if rings:
            transaction.on_commit(lambda: bell.ring(rings))


def publish(event: wire.Durable) -> None:
    """Tell the tenant's browsers of `event`, if and when the open unit commits."""
    current = _open.get()
    if current is None:
        raise NoUnit(type(event).__name__)
    current.collected.append(event)


def since(tenant_id: UUID, after_seq: int, *, limit: int = 500) -> list[tuple[int, str]]:
    """`(seq, frame)` of the events after `after_seq`, oldest first, at most `limit`."""
    rows = Event.objects.filter(tenant_id=tenant_id, seq__gt=after_seq).order_by("seq")
    return list(rows.values_list("seq", "payload")[:limit])


def newest(tenant_id: UUID) -> int:
    """The tenant's last number; 0 before its first event."""
    return TenantClock.objects.filter(tenant_id=tenant_id).values_list("seq", flat=True).first() or 0


def newest_of(tenant_ids: list[UUID]) -> dict[UUID, int]:
    """The last numbers of several tenants in one query."""
    return dict(TenantClock.objects.filter(tenant_id__in=tenant_ids).values_list("tenant_id", "seq"))


def reaches_back_to(tenant_id: UUID, after_seq: int) -> bool:
    """Whether everything after `after_seq` is still in the log, and `after_seq` is a number we gave."""
    last = newest(tenant_id)
    if after_seq >= last:
        return after_seq == last
    return Event.objects.filter(tenant_id=tenant_id, seq=after_seq + 1).exists()


def prune() -> int:
    """Drop events older than EVENT_RETENTION_DAYS, by number, so that what stays has no hole. Returns how many."""
    horizon = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS)
    dropped = 0
    for tenant_id in TenantClock.objects.values_list("tenant_id", flat=True):
        young = Event.objects.filter(tenant_id=tenant_id, created_at__gte=horizon)
        kept_from = young.order_by("seq").values_list("seq", flat=True).first()
        old = Event.objects.filter(tenant_id=tenant_id, created_at__lt=horizon)
        if kept_from is not None:
            old = old.filter(seq__lt=kept_from)
        while ids := list(old.order_by("seq").values_list("pk", flat=True)[:PRUNE_BATCH]):
            dropped += Event.objects.filter(pk__in=ids).delete()[0]
    return dropped


def find(tenant_id: UUID, is_about: Callable[[str], bool], *, after_seq: int = 0) -> list[tuple[int, int]]:
    """`(key, seq)` of the frames after `after_seq` of which `is_about` says so."""
    found: list[tuple[int, int]] = []
    rows = Event.objects.filter(tenant_id=tenant_id).order_by("seq").values_list("pk", "seq", "payload")
    while page := list(rows.filter(seq__gt=after_seq)[:REPLACED_ROWS]):
        found += [(key, seq) for key, seq, frame in page if is_about(frame)]
        after_seq = page[-1][1]
    return found


def blank(found: Iterable[tuple[int, int]]) -> int:
    """Replaces each of what `find` has found by a frame that tells nothing, under its number. Returns how many."""
    nothing = _unnumbered(wire.Erased(conversation_ids=[]), wire.stamp(timezone.now()))
    replaced = [Event(pk=key, type=nothing.name, payload=nothing.frame(seq)) for key, seq in found]
    return Event.objects.bulk_update(replaced, ["type", "payload"], batch_size=REPLACED_ROWS)


def _write(mine: Unit) -> list[Ring]:
    moment = timezone.now()
    events = [_unnumbered(event, wire.stamp(moment)) for event in mine.collected]
    first = numbering.write(mine.tenant_id, events, moment)
    return [Ring(mine.tenant_id, seq, event.frame(seq)) for seq, event in enumerate(events, first)]


def _unnumbered(event: wire.Durable, at: str) -> Unnumbered:
    name = event_type(event)
    rest = f',"at":"{at}",{event.model_dump_json(exclude={"type"})[1:]}'
    return Unnumbered(name, f'{{"type":"{name}","seq":', rest)


def event_type(event: wire.Durable) -> str:
    """The event's name on the wire."""
    name: str = type(event).model_fields["type"].default
    return name
