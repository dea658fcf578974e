"""How long the files of messages are kept: what a row learns when its file is stored, and when a rule changes.

A change of MEDIA_RETENTION_DAYS or of a tenant's rule counts for the files that are here, too: their `expires_at` is
reckoned anew from `stored_at` by the next housekeeping, and by `manage.py s3_lifecycle --apply` before the bucket's own
rule is written. What would then outlive that rule is held first.
"""

import logging
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db.models import Case, Expression, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from backend.chat.files import row_of
from backend.chat.models import Message
from backend.lib.errors import ChatError, Missing
from backend.lib.quiet import quietly
from backend.media import retention
from backend.media.models import Attachment, RetentionRule
from backend.media.pipeline import Ingested
from backend.media.retention import Terms
from backend.media.storages import media_storage
from backend.tenants.models import Tenant

logger = logging.getLogger(__name__)

Status = Attachment.Status
KINDS = [kind for kind in RetentionRule.Kind.values if kind]
BATCH = 500
DAY_SECONDS = 24 * 3600


def completed(attachment: Attachment, kind: str, ingested: Ingested) -> dict[str, object]:
    """The fields of a row whose file has just been stored. Outside a transaction: objects may have to be tagged."""
    keys = [ingested.storage_key, ingested.thumbnail_key, *ingested.renditions.values()]
    term = retention.kept(attachment, kind, list(filter(None, keys)), at=timezone.now())
    return row_of(ingested, known=attachment.metadata) | term


def with_kind(rows: QuerySet[Attachment]) -> QuerySet[Attachment]:
    """Annotated with `kind`: that of its message; of a file that was never sent, what it would be sent as."""
    said = Message.objects.filter(attachment=OuterRef("pk")).order_by("pk").values("kind")[:1]
    by_type = [When(file_type__startswith=f"{kind}/", then=Value(kind)) for kind in ("image", "video", "audio")]
    return rows.annotate(
        kind=Coalesce(
            Subquery(said), Case(When(upload__voice=True, then=Value("voice")), *by_type, default=Value("document"))
        )
    )


def stored() -> QuerySet[Attachment]:
    """The files of messages that take up room: what rules are for."""
    return Attachment.objects.filter(storage_key__startswith=retention.PREFIX).exclude(status=Status.EXPIRED)


def apply_all(failed: set[UUID] | None = None) -> int:
    """Each tenant's rules to its files, at once where they changed and once a day; each time while the cache, which
    remembers it, is away. Returns how many rows changed, and adds to `failed` the tenants whose terms are not true."""
    failed = set() if failed is None else failed
    return sum(_apply_if_due(tenant_id, failed) for tenant_id in Tenant.objects.values_list("pk", flat=True))


def _apply_if_due(tenant_id: UUID, failed: set[UUID]) -> int:
    terms = retention.terms_of(tenant_id)
    remembered, name = sorted(terms.everything().items()), f"retention-applied:{tenant_id}"
    if quietly(lambda: cache.get(name)) == remembered:
        return 0
    try:
        changed = apply(tenant_id, terms)
    except ChatError as error:
        logger.warning("[STORAGE] rules not applied", extra={"tenant_id": tenant_id, "code": error.code})
        failed.add(tenant_id)
        return 0
    quietly(lambda: cache.set(name, remembered, DAY_SECONDS))
    return changed


def check_the_bucket() -> int:
    """Warns while the bucket would remove files before our rows expire: its rule changes by command only. Returns how
    many warnings."""
    try:
        found = media_storage().lifecycle()
    except ChatError:
        return 0
    days = settings.MEDIA_RETENTION_DAYS
    if found is None or not found.expire_days or (days and found.expire_days >= days):
        return 0
    facts = {"bucket_days": found.expire_days, "days": days}
    logger.warning("[S3] the bucket's rule is older than MEDIA_RETENTION_DAYS: run s3_lifecycle --apply", extra=facts)
    return 1


def apply(tenant_id: UUID, terms: Terms) -> int:
    """Raises TryLater while objects that must be held cannot be."""
    mine = with_kind(stored().filter(tenant_id=tenant_id))
    tagless = hold_what_stays(mine, terms)
    changed = 0
    for days, kinds in _kinds_by_days(terms):
        rows = mine.filter(Q(kind__in=kinds))
        if any(terms.outlives_the_bucket(kind) for kind in kinds):
            # One whose object is gone waits: it is held when somebody opens it and it is fetched again.
            rows = rows.filter(Q(held=True) | Q(storage_type__in=tagless))
        changed += _reckon(rows, days)
    return changed


def hold_what_stays(rows: QuerySet[Attachment], terms: Terms) -> set[str]:
    """Tags what is pinned, shared or kept longer and was not tagged yet. Returns the storages that have no tags."""
    outliving = [kind for kind in KINDS if terms.outlives_the_bucket(kind)]
    must_stay = Q(pinned=True) | Q(kind__in=outliving) | Q(retention.shared())
    tagless = {str(Attachment.Storage.LOCAL)}
    waiting = rows.filter(must_stay, held=False, status=Status.COMPLETED)
    for row in waiting.exclude(storage_type__in=tagless).iterator(BATCH):
        try:
            if row.storage_type in tagless or not retention.hold(retention.keys_of(row), row.storage_type):
                tagless.add(row.storage_type)
                continue
        except Missing:
            continue
        Attachment.objects.filter(tenant_id=row.tenant_id, storage_key=row.storage_key).update(held=True)
    return tagless


def _kinds_by_days(terms: Terms) -> list[tuple[int, list[str]]]:
    kinds = sorted(KINDS, key=terms.days)
    return [(days, list(group)) for days, group in groupby(kinds, key=terms.days)]


def _reckon(rows: QuerySet[Attachment], days: int) -> int:
    since = Coalesce("stored_at", "created_at")
    wanted: Expression = since + timedelta(days=days) if days else Value(None)
    wrong = rows.exclude(expires_at=wanted) if days else rows.filter(expires_at__isnull=False)
    changed = 0
    keys = list(wrong.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        changed += Attachment.objects.filter(pk__in=keys[start : start + BATCH]).update(expires_at=wanted)
    return changed
