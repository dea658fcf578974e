"""Files move from one storage to the other while the program runs: local ↔ S3.

A file is copied, read back and compared by its digest; then its rows say where it is now, and are served from there.
The former copy stays for KEPT_DAYS, so that the way back is as safe; `clean` then removes it. Every step may be cut
off and run again: what a row does not say has not happened.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from backend.lib.errors import ChatError, Missing, Refused
from backend.media import retention
from backend.media.measuring import measured
from backend.media.models import Attachment
from backend.media.pipeline import RENDITIONS
from backend.media.spool import spool
from backend.media.storages import HELD, MediaStorage, media_storage

logger = logging.getLogger(__name__)

Status = Attachment.Status
KEPT_DAYS = 7
LARGEST_BYTES = 2**40
BATCH = 200


@dataclass
class Outcome:
    """What was done, in files (and objects, where it says so), and why the rest was not."""

    done: int = 0
    bytes: int = 0
    waiting: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """An attachment's id → the code of what hindered it."""


Told = Callable[[Outcome], None]


def files_in(storage_type: str) -> QuerySet[Attachment]:
    """Those that can move. What is still coming in says where it is when it is here."""
    return Attachment.objects.filter(storage_type=storage_type, status=Status.COMPLETED).order_by("pk")


def move(source: str, target: str, *, limit: int = 0, tell: Told = lambda _: None) -> Outcome:
    """Copies and hands over, one file at a time; at most `limit` of them (0: all). Raises TryLater."""
    outcome = Outcome()
    for row in _one_by_one(files_in(source)):
        if limit and outcome.done >= limit:
            break
        try:
            outcome.done += _move(row, media_storage(source), media_storage(target))
            outcome.bytes += row.size_bytes
        except (Missing, Refused) as error:
            outcome.failed[str(row.pk)] = error.code
        tell(outcome)
    return outcome


def clean(source: str, target: str, *, now: datetime | None = None, tell: Told = lambda _: None) -> Outcome:
    """Removes the former copies of what was moved at least KEPT_DAYS ago and is whole where it is now."""
    outcome, horizon = Outcome(), (now or timezone.now()) - timedelta(days=KEPT_DAYS)
    former, present = media_storage(source), media_storage(target)
    for row in _one_by_one(files_in(target)):
        if _is_needed_at(source, row):
            continue
        try:
            for key in retention.keys_of(row):
                _clean(key, former, present, horizon, outcome)
        except (Missing, Refused) as error:
            outcome.failed[str(row.pk)] = error.code
        tell(outcome)
    return outcome


def _one_by_one(rows: QuerySet[Attachment]) -> Iterator[Attachment]:
    """By id, in batches: rows leave the set while it is read."""
    last = None
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:BATCH]):
        yield from batch
        last = batch[-1].pk


def _move(row: Attachment, source: MediaStorage, target: MediaStorage) -> int:
    """Returns how many rows say so: all that share the object, none when it has gone or moved meanwhile."""
    same = Attachment.objects.filter(storage_key=row.storage_key, storage_type=source.storage_type)
    same = same.filter(status=Status.COMPLETED)
    if not same.filter(pk=row.pk).exists():
        return 0  # moved with another row that shares its object
    keys = retention.keys_of(row)
    for key in keys:
        _copy(key, row, source, target)
    expiring = [key for key in keys if key.startswith(retention.PREFIX)]
    # The bucket would count its days anew from the copy: from here on our sweeper alone decides.
    held = bool(expiring) and retention.hold(expiring, target.storage_type)
    moved = same.update(storage_type=target.storage_type, held=held)
    if not moved and not Attachment.objects.filter(storage_key=row.storage_key).exclude(status=Status.EXPIRED).exists():
        _delete(keys, target)
    return moved


def _copy(key: str, row: Attachment, source: MediaStorage, target: MediaStorage) -> None:
    """Raises Refused(`digest_mismatch`): the original is not what its row says, or the copy is not the same."""
    with spool(source.read_range(key), limit_bytes=LARGEST_BYTES) as spooled:
        if key == row.storage_key and spooled.sha256 != row.content_sha256:
            raise Refused("digest_mismatch", "the stored file is not what its row says")
        tags = HELD if key.startswith(retention.PREFIX) else None
        target.save_file(key, spooled.path, _mime(key, row), tags=tags)
        if measured(target, key)[0] != spooled.sha256:
            raise Refused("digest_mismatch", "the copy is not the same")


def _mime(key: str, row: Attachment) -> str:
    types = {row.renditions[name]: RENDITIONS[name][1] for name in row.renditions if name in RENDITIONS}
    return row.file_type if key == row.storage_key else types.get(key, "image/webp")


def _is_needed_at(source: str, row: Attachment) -> bool:
    others = Attachment.objects.filter(storage_key=row.storage_key, storage_type=source)
    return others.exclude(status=Status.EXPIRED).exists()


def _clean(key: str, former: MediaStorage, present: MediaStorage, horizon: datetime, outcome: Outcome) -> None:
    try:
        size = former.stat(key).size
    except Missing:
        return
    if present.stat(key).modified_at > horizon:
        outcome.waiting += 1
        return
    if measured(present, key) != measured(former, key):
        raise Refused("digest_mismatch", "the two copies are not the same")
    former.delete(key)
    outcome.done += 1
    outcome.bytes += size


def _delete(keys: Iterable[str], storage: MediaStorage) -> None:
    for key in keys:
        try:
            storage.delete(key)
        except ChatError as error:
            logger.warning("[STORAGE] copy not removed", extra={"code": error.code})
