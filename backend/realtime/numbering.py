"""How events get their numbers: without holes, in the order of COMMIT.

The clock's row is locked from here until COMMIT, and with it the whole tenant waits. So all that can be made before is
made before, and on PostgreSQL the number is taken and the events are written by one statement: a second one would cost
another turn of this process's interpreter, which is longer than either.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from backend.realtime.models import Event, TenantClock

ROWS = 500
"""Of events in one INSERT."""
_CLOCK, _EVENTS = TenantClock._meta.db_table, Event._meta.db_table
_TAKE = (
    f"INSERT INTO {_CLOCK} (tenant_id, seq) VALUES (%s, %s) "
    f"ON CONFLICT (tenant_id) DO UPDATE SET seq = {_CLOCK}.seq + EXCLUDED.seq RETURNING seq"
)
_COLUMNS = "tenant_id, seq, type, payload, created_at"


@dataclass(frozen=True, slots=True)
class Unnumbered:
    """An event's name, and its frame up to its number and after it."""

    name: str
    head: str
    rest: str

    def frame(self, seq: int) -> str:
        """As browsers receive it."""
        return f"{self.head}{seq}{self.rest}"


def write(tenant_id: UUID, events: list[Unnumbered], moment: datetime) -> int:
    """Number `events` and put them into the log: the last that is done before COMMIT. Returns the first number."""
    with connection.cursor() as cursor:
        is_one_statement = connection.vendor == "postgresql" and len(events) <= ROWS
        last = (_write_at_once if is_one_statement else _write_in_turn)(cursor, tenant_id, events, moment)
    return last - len(events) + 1


def _write_at_once(cursor: CursorWrapper, tenant_id: UUID, events: list[Unnumbered], moment: datetime) -> int:
    told = [part for event in events for part in (event.name, event.head, event.rest)]
    cursor.execute(_at_once(len(events)), [tenant_id, len(events), tenant_id, moment, *told])
    return int(cursor.fetchone()[0])


def _write_in_turn(cursor: CursorWrapper, tenant_id: UUID, events: list[Unnumbered], moment: datetime) -> int:
    is_native = connection.features.has_native_uuid_field
    tenant, when = tenant_id if is_native else tenant_id.hex, connection.ops.adapt_datetimefield_value(moment)
    cursor.execute(_TAKE, [tenant, len(events)])
    last = int(cursor.fetchone()[0])
    numbered = list(enumerate(events, last - len(events) + 1))
    for some in (numbered[start : start + ROWS] for start in range(0, len(numbered), ROWS)):
        rows = [(tenant, seq, event.name, event.frame(seq), when) for seq, event in some]
        cursor.execute(_in_turn(len(rows)), [value for row in rows for value in row])
    return last


@cache
def _at_once(count: int) -> str:
    told = ", ".join(f"({place}, %s::text, %s::text, %s::text)" for place in range(1 - count, 1))
    return (
        f"WITH clock AS ({_TAKE}), written AS (INSERT INTO {_EVENTS} ({_COLUMNS})"
        " SELECT %s::uuid, seq + place, name, head || (seq + place) || rest, %s::timestamptz"
        f" FROM clock, (VALUES {told}) AS told (place, name, head, rest)) SELECT seq FROM clock"
    )


@cache
def _in_turn(count: int) -> str:
    return f"INSERT INTO {_EVENTS} ({_COLUMNS}) VALUES {', '.join(['(%s, %s, %s, %s, %s)'] * count)}"
