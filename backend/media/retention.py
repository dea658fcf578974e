"""How long a file is kept, and how its objects go when nobody refers to them any more.

`expires_at` on the row is the word that counts. The bucket's own rule (`manage.py s3_lifecycle`) only helps: it removes
what is tagged `expire=yes` at MEDIA_RETENTION_DAYS. An object that must stay longer (pinned, kept, a longer term, a
second reference) is tagged `expire=no` BEFORE a row says so; from then on only our sweeper removes it, when the last
row that refers to it has expired.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from backend.lib.errors import Missing
from backend.media.cache import media_cache
from backend.media.models import Attachment, RetentionRule
from backend.media.storages import HELD, media_storage, media_storages

logger = logging.getLogger(__name__)

PREFIX = "chat/"
"""What expires lies here. A profile picture lies elsewhere, and does not."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A tenant's days by kind, read once for many files. 0: kept for good."""

    by_kind: dict[str, int]

    def days(self, kind: str) -> int:
        return self.by_kind.get(kind, self.by_kind.get("", settings.MEDIA_RETENTION_DAYS))

    def everything(self) -> dict[str, int]:
        """Each kind, and the bucket's own days under the empty name."""
        kinds = {kind: self.days(kind) for kind in RetentionRule.Kind.values if kind}
        return kinds | {"": settings.MEDIA_RETENTION_DAYS}

    def expires_at(self, kind: str, at: datetime) -> datetime | None:
        days = self.days(kind)
        return at + timedelta(days=days) if days else None

    def outlives_the_bucket(self, kind: str) -> bool:
        """Whether the bucket's rule would come too early."""
        days, theirs = self.days(kind), settings.MEDIA_RETENTION_DAYS
        return theirs > 0 and (days == 0 or days > theirs)


def terms_of(tenant_id: UUID) -> Terms:
    rules = RetentionRule.objects.filter(tenant_id=tenant_id)
    return Terms(dict(rules.values_list("kind", "days")))


def expires_at(tenant_id: UUID, kind: str, at: datetime) -> datetime | None:
    """Until when a file of this kind is kept that was stored `at`; None: for good."""
    return terms_of(tenant_id).expires_at(kind, at)


def keys_of(attachment: Attachment) -> list[str]:
    """Its original, its thumbnail and its renditions."""
    return list(filter(None, [attachment.storage_key, attachment.thumbnail_key, *attachment.renditions.values()]))


def hold(keys: Iterable[str], storage_type: str = "") -> bool:
    """Have the objects outlive the bucket's rule. To be called before a row says that they stay.

    False where the storage has no tags: only our own sweeper removes anything there. Raises Missing(`object_gone`) and
    TryLater; then no row may say so.
    """
    storage = media_storage(storage_type)
    return all(storage.set_tags(key, HELD) for key in keys)


def kept(attachment: Attachment, kind: str, keys: Collection[str], *, at: datetime) -> dict[str, Any]:
    """What the row of a file learns that has just been stored: to be asked before the transaction that completes it.

    One that was fetched again keeps its former term; its new objects are held if they must be, and if the old ones
    were: another row that refers to them may be why.
    """
    terms = terms_of(attachment.tenant_id)
    must_be_held = attachment.pinned or attachment.held or terms.outlives_the_bucket(kind)
    held = must_be_held and hold(key for key in keys if key.startswith(PREFIX))
    stored_at = attachment.stored_at or at
    return {"stored_at": stored_at, "expires_at": terms.expires_at(kind, stored_at), "held": held}


def shared() -> Exists:
    """Whether another row that has not expired refers to the same object."""
    others = Attachment.objects.exclude(storage_key="").exclude(status=Attachment.Status.EXPIRED)
    return Exists(others.filter(storage_key=OuterRef("storage_key")).exclude(pk=OuterRef("pk")))


def is_shared(attachment: Attachment) -> bool:
    return _references(attachment).exists()


def remove_objects(attachment: Attachment) -> int:
    """Its objects, unless another row that has not expired refers to them, and every cached piece of it.

    Returns how many went. The row is expired or gone before: nobody may come to refer to it meanwhile. Raises TryLater.
    """
    media_cache().forget([attachment.media_hash])
    if not attachment.storage_key or is_shared(attachment):
        return 0
    keys = keys_of(attachment)
    for key in reversed(keys):  # the original last: as long as it is there, a second try finds the rest
        for storage in media_storages():  # a file that was moved may still have its former copy
            storage.delete(key)
    return len(keys)


def is_whole(attachment: Attachment) -> bool:
    """Whether the storage has all of its objects. Raises TryLater when it cannot be asked."""
    storage = media_storage(attachment.storage_type)
    try:
        sizes = [storage.stat(key).size for key in keys_of(attachment)]
    except Missing:
        return False
    return bool(sizes) and sizes[0] == attachment.size_bytes


def _references(attachment: Attachment) -> QuerySet[Attachment]:
    rows = Attachment.objects.exclude(storage_key="").filter(storage_key=attachment.storage_key)
    return rows.exclude(pk=attachment.pk).exclude(status=Attachment.Status.EXPIRED)
