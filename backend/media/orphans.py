"""Orphans in both directions: objects that no row refers to, and completed rows whose object is not there.

Neither is touched while it is young: an upload under way has no row that knows its key yet. Whoever deletes on the word
of a listing must be sure that bucket and database belong together: `Report.is_doubtful` says when they hardly do.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from backend.lib.errors import Missing
from backend.media.cache import FACES
from backend.media.models import Attachment
from backend.media.retention import PREFIX, keys_of
from backend.media.storages import Listed, MediaStorage, Unfinished, media_storage, media_storages

logger = logging.getLogger(__name__)

Status = Attachment.Status
OURS = (PREFIX, FACES, "uploads/")
YOUNG = timedelta(days=1)
PAGE = 500
FEW = 20
"""So few may all be orphans without anything being wrong."""


@dataclass(frozen=True, slots=True)
class Place:
    """An object, or what will never be one, and the storage that it is in."""

    storage: MediaStorage
    found: Listed | Unfinished


@dataclass
class Report:
    """What a look at everything has found."""

    objects: int = 0
    bytes: int = 0
    orphans: list[Place] = field(default_factory=list)
    orphan_bytes: int = 0
    unfinished: list[Place] = field(default_factory=list)
    rows: int = 0
    lost: list[UUID] = field(default_factory=list)
    """Completed attachments, one of whose objects is not there."""

    @property
    def is_doubtful(self) -> bool:
        """Most objects without a row, or most rows without an object: another bucket, or another database."""
        many_orphans = len(self.orphans) > FEW and 2 * len(self.orphans) > self.objects
        many_lost = len(self.lost) > FEW and 2 * len(self.lost) > self.rows
        return many_orphans or many_lost


def look(now: datetime | None = None) -> Report:
    """Lists everything, and asks again for each object that the listing does not know. Raises TryLater."""
    horizon, report, seen = (now or timezone.now()) - YOUNG, Report(), set[int]()
    for storage in media_storages():
        for page in _paged(one for prefix in OURS for one in storage.list_keys(prefix)):
            _look_at(page, storage, horizon, report)
            seen.update(hash(one.key) for one in page)
        left = (one for one in storage.unfinished() if one.begun_at < horizon)
        report.unfinished += [Place(storage, one) for one in left]
    for row in Attachment.objects.filter(status=Status.COMPLETED).order_by("pk").iterator(PAGE):
        report.rows += 1
        if any(hash(key) not in seen and not _is_there(key, row) for key in keys_of(row)):
            report.lost.append(row.pk)
    return report


def remove(report: Report) -> int:
    """The orphans of a report, each only if no row has come to refer to it since. Returns how many bytes went."""
    freed = 0
    for place in report.orphans:
        if isinstance(place.found, Listed) and not _referred_to([place.found]):
            place.storage.delete(place.found.key)
            freed += place.found.size
    for place in report.unfinished:
        if isinstance(place.found, Unfinished):
            place.storage.drop_unfinished(place.found)
    return freed


def remove_below(prefix: str) -> int:
    """Whatever lies below `prefix` and no row refers to, young or not. Returns how many objects went."""
    removed = 0
    for storage in media_storages():
        for page in _paged(list(storage.list_keys(prefix))):
            known = _referred_to(page)
            for one in page:
                if one.key not in known:
                    storage.delete(one.key)
                    removed += 1
    return removed


def _look_at(page: list[Listed], storage: MediaStorage, horizon: datetime, report: Report) -> None:
    known = _referred_to(page)
    lone = [one for one in page if one.key not in known and one.modified_at < horizon]
    report.objects += len(page)
    report.bytes += sum(one.size for one in page)
    report.orphans += [Place(storage, one) for one in lone]
    report.orphan_bytes += sum(one.size for one in lone)


def _referred_to(page: Iterable[Listed]) -> set[str]:
    """Of these keys the ones that a row names. What lies beside an original is called `{its key}_{name}`."""
    keys = {one.key for one in page}
    candidates = keys | {key.rpartition("_")[0] for key in keys}
    uploads = [_id_in(key) for key in keys if key.startswith("uploads/")]
    rows = Attachment.objects.filter(Q(storage_key__in=candidates) | Q(pk__in=[found for found in uploads if found]))
    named = {
        key for row in rows.exclude(storage_key="", upload={}) for key in [*keys_of(row), row.upload.get("key", "")]
    }
    return keys & named


def _id_in(key: str) -> UUID | None:
    try:
        return UUID(key.rsplit("/", 1)[-1].partition("_")[0])
    except ValueError:
        return None


def _is_there(key: str, row: Attachment) -> bool:
    """It may have come after its page of the listing was read."""
    try:
        media_storage(row.storage_type).stat(key)
    except Missing:
        return False
    return True


def _paged(listed: Iterable[Listed]) -> Iterator[list[Listed]]:
    remaining = iter(listed)
    while page := list(islice(remaining, PAGE)):
        yield page
