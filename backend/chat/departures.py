"""Which message is to leave a conversation next: one look at those that wait, and what follows. Changes nothing.

Messages leave in the order in which they became ready. A file lets the files that its author chose before it go first,
for ONE_ANOTHER at most; a text never waits for a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from backend.chat.models import Message

ONE_ANOTHER = timedelta(seconds=60)
"""How long a file waits for the files that were chosen before it."""
AWAY_SECONDS = 60.0
"""After so long a message that waits for its instance is tried without a word from it: the word may have been lost."""
ROWS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """What of a message decides when it leaves."""

    pk: UUID
    status: str
    author_id: int | None
    attachment_id: UUID | None
    ready_at: datetime | None
    handed_at: datetime | None
    created_at: datetime
    error_code: str


COLUMNS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True, slots=True)
class Lane:
    """The messages of one conversation that have not left, as `look` found them."""

    rows: Sequence[Row]

    @property
    def is_empty(self) -> bool:
        return not self.rows

    @property
    def handed_over(self) -> Row | None:
        """The one in the gateway's hands: nothing else leaves before it is known what became of it."""
        return next((row for row in self.rows if row.status == "sending"), None)

    def long_away(self, now: datetime) -> list[Row]:
        """What has waited so long for its instance that it is tried again."""
        edge = now - timedelta(seconds=AWAY_SECONDS - 5)
        return [row for row in self._for_the_instance() if row.handed_at is not None and row.handed_at < edge]

    def next(self, now: datetime) -> Row | None:
        """Of the queued messages, the one that may leave now."""
        ready = sorted(
            (row for row in self.rows if row.status == "queued"),
            key=lambda row: (row.ready_at or row.created_at, row.pk),
        )
        behind = {(row.pk, row.author_id) for row in self._for_their_bytes() if row.created_at > now - ONE_ANOTHER}
        for row in _files_as_chosen(ready):
            is_behind = any(author == row.author_id and pk < row.pk for pk, author in behind)
            if row.attachment_id is None or not is_behind:
                return row
        return None

    def seconds_to_wait(self, now: datetime) -> float:
        """When nothing may leave now: how long until something may; 0 when nothing waits for time to pass."""
        if any(row.status == "queued" for row in self.rows):
            oldest = min((row.created_at for row in self._for_their_bytes()), default=None)
            return 1.0 if oldest is None else max(1.0, (oldest + ONE_ANOTHER - now).total_seconds())
        return AWAY_SECONDS if self._for_the_instance() else 0

    def _for_the_instance(self) -> list[Row]:
        return [row for row in self.rows if row.status == "waiting" and row.ready_at is not None]

    def _for_their_bytes(self) -> list[Row]:
        return [row for row in self.rows if row.status == "waiting" and row.attachment_id is not None]


def look(conversation_id: UUID) -> Lane:
    """One query of plain values, for it is asked before and after every message that leaves."""
    rows = Message.objects.filter(conversation_id=conversation_id, status__in=("waiting", "queued", "sending"))
    first_come = rows.order_by(F("ready_at").asc(nulls_last=True), "pk")  # ROWS of those that wait hide no ready one
    return Lane([Row(*values) for values in first_come.values_list(*COLUMNS)[:ROWS]])


def _files_as_chosen(ready: list[Row]) -> list[Row]:
    """The same list, with the files of each author in the order in which they were chosen: their ids sort by time."""
    files = {
        author: iter(
            sorted((row for row in ready if row.attachment_id and row.author_id == author), key=lambda r: r.pk)
        )
        for author in {row.author_id for row in ready}
    }
    return [next(files[row.author_id]) if row.attachment_id else row for row in ready]
