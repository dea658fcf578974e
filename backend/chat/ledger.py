"""What a company's files take up, by kind: from the rows alone, and the same to the byte as a listing of the storage.

An object that several rows share is counted once; what the others would have cost is what sharing has saved. A row
knows the size of its thumbnail and renditions (`metadata.beside`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from backend.chat.terms import with_kind
from backend.media.cache import FACES
from backend.media.models import Attachment
from backend.media.retention import PREFIX
from backend.media.storages import media_storages

SOON = timedelta(days=7)
FACE_KIND = "profile_picture"
COUNTED = (PREFIX, FACES)
ROWS = 1_000


@dataclass(slots=True)
class Line:
    """Of one company and kind: rows, objects of theirs (originals), all bytes, and what goes within SOON."""

    tenant: str
    kind: str
    files: int = 0
    objects: int = 0
    bytes: int = 0
    saved_bytes: int = 0
    expiring_files: int = 0
    expiring_bytes: int = 0

    def add(self, other: "Line") -> None:
        for one in fields(self)[2:]:
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


def lines(now: datetime | None = None) -> list[Line]:
    """By company, then by kind."""
    found: dict[tuple[str, str], Line] = {}
    for line in _objects((now or timezone.now()) + SOON):
        found.setdefault((line.tenant, line.kind), Line(line.tenant, line.kind)).add(line)
    return [found[key] for key in sorted(found)]


def total(of: Iterable[Line]) -> Line:
    everything = Line("", "")
    for line in of:
        everything.add(line)
    return everything


def listed_bytes() -> int:
    """The same by the storages' own word. Uploads under way are not counted: they are no files yet."""
    return sum(one.size for storage in media_storages() for prefix in COUNTED for one in storage.list_keys(prefix))


def _objects(horizon: datetime) -> Iterator[Line]:
    rows: QuerySet[Any] = with_kind(Attachment.objects.exclude(storage_key=""))
    rows = rows.order_by("tenant__slug", "storage_key", "pk")
    told = rows.values_list(
        "tenant__slug", "storage_key", "kind", "size_bytes", "metadata__beside", "expires_at", "pinned"
    )
    for _, group in groupby(told.iterator(ROWS), key=lambda row: (row[0], row[1])):
        yield _line(list(group), horizon)


def _line(rows: Sequence[Any], horizon: datetime) -> Line:
    """All rows of one object."""
    tenant, key, kind, size, beside, _, _ = rows[0]
    size += sum(part[0] for part in (beside or {}).values())
    is_expiring = all(at is not None and at <= horizon and not pinned for *_, at, pinned in rows)
    return Line(
        tenant=tenant,
        kind=FACE_KIND if key.startswith(FACES) else kind,
        files=len(rows),
        objects=1,
        bytes=size,
        saved_bytes=size * (len(rows) - 1),
        expiring_files=sum(at is not None and at <= horizon and not pinned for *_, at, pinned in rows),
        expiring_bytes=size if is_expiring else 0,
    )
