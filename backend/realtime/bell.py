"""The doorbell as the rest of `backend` knows it: say what happened, wait for nobody.

The running process hangs its own bell here (`hang`); in a management command nobody has, and browsers learn of its
changes from the log within two seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from backend.realtime import wire


@dataclass(frozen=True, slots=True)
class Ring:
    """What is carried to every process: the tenant, the event's number (None: a passing event) and the frame."""

    tenant_id: UUID
    seq: int | None
    frame: str


_bells: list[Callable[[list[Ring]], None]] = []


def hang(bell: Callable[[list[Ring]], None]) -> None:
    """Have `bell` called, from any thread, with every ring; it must return at once and never raise."""
    _bells.append(bell)


def unhang(bell: Callable[[list[Ring]], None]) -> None:
    """The opposite of `hang`."""
    _bells.remove(bell)


def ring(rings: list[Ring]) -> None:
    """Tell every process of what was just committed."""
    for bell in _bells:
        bell(rings)


def pass_on(tenant_id: UUID, event: wire.Passing) -> None:
    """Tell the tenant's browsers something that is stale in a second: not stored, not numbered, lost without harm."""
    ring([Ring(tenant_id, None, passing_frame(event))])


def passing_frame(event: wire.Passing) -> str:
    """`{"type":…,"at":…, …}`."""
    name: str = type(event).model_fields["type"].default
    body = event.model_dump_json(exclude={"type"})
    comma = "" if body == "{}" else ","
    return f'{{"type":"{name}","at":"{wire.stamp(timezone.now())}"{comma}{body[1:]}'
