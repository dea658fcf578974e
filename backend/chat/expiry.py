"""Files that are past their time: the row says so first, then the objects go.

`expired` is final. Its placeholder stays (name, size, preview), what could fetch the file again goes. Pages learn of it
by `attachment_failed`, whose attachment then is `expired`.
"""

import logging
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from backend.chat import present
from backend.chat.models import Message
from backend.lib.errors import TryLater
from backend.media import orphans, pipeline, retention
from backend.media.cache import media_cache
from backend.media.models import Attachment
from backend.realtime import log, wire

logger = logging.getLogger(__name__)

Status = Attachment.Status
BATCH = 200
REMOVING_SECONDS = 300


def due(now: datetime) -> QuerySet[Attachment]:
    return Attachment.objects.filter(expires_at__lte=now, pinned=False).exclude(status=Status.EXPIRED)


def sweep(now: datetime | None = None, *, but_for: Collection[UUID] = ()) -> int:
    """Rows past their time become `expired`, then their objects go. Returns how many rows.

    `but_for`: tenants whose rules could not be applied. A new one may keep what the old term would take for good.
    """
    now, expired = now or timezone.now(), 0
    for tenant_id in due(now).exclude(tenant__in=but_for).order_by().values_list("tenant_id", flat=True).distinct():
        while some := list(due(now).filter(tenant_id=tenant_id).values_list("pk", flat=True)[:BATCH]):
            expired += len(expire(tenant_id, some, now=now))
    remove_what_expired()
    return expired


def expire(tenant_id: UUID, attachment_ids: Sequence[UUID], *, now: datetime) -> list[Attachment]:
    """Those of them that are due, in one unit. Returns them."""
    with log.unit(tenant_id):
        _lock_messages(attachment_ids)
        rows = list(due(now).filter(pk__in=attachment_ids).select_for_update().order_by("pk"))
        keys = [row.pk for row in rows]
        Attachment.objects.filter(pk__in=keys).update(
            status=Status.EXPIRED, error_code="", error_message="", updated_at=timezone.now()
        )
        Message.objects.filter(attachment__in=keys).update(source="")
        for row in rows:
            row.status, row.error_code, row.error_message = Status.EXPIRED, "", ""
        tell(rows)
    return rows


def _lock_messages(attachment_ids: Sequence[UUID]) -> None:
    """Messages before their files: the order in which everybody locks."""
    rows = Message.objects.filter(attachment__in=attachment_ids).select_for_update().order_by("pk")
    list(rows.values_list("pk", flat=True))


def remove_what_expired() -> int:
    """Objects of expired rows, the ones of an earlier run too that found the storage away. Returns how many went.

    At most REMOVING_SECONDS: a queue's worker is not kept for hours, and the rows say already that they are gone.
    """
    removed, ends_at = 0, time.monotonic() + REMOVING_SECONDS
    rows = Attachment.objects.filter(status=Status.EXPIRED).exclude(storage_key="")
    for row in rows.order_by("pk").iterator(BATCH):
        if time.monotonic() > ends_at:
            logger.info("[STORAGE] the rest of what expired is removed next time", extra={"removed": removed})
            break
        try:
            removed += remove(row)
        except TryLater as error:
            logger.warning("[STORAGE] expired files not removed yet", extra={"code": error.code})
            break
    return removed


def remove(expired: Attachment) -> int:
    """The objects of one expired row; it forgets where they were. Returns how many went. Raises TryLater."""
    removed = retention.remove_objects(expired)
    Attachment.objects.filter(pk=expired.pk, status=Status.EXPIRED).update(
        storage_key="", thumbnail_key="", renditions={}, content_sha256=""
    )
    return removed


def take_back(file: Attachment, conversation_id: UUID) -> bool:
    """What a job has stored, if the file was erased or has expired meanwhile: no row would ever lead to it.

    False for a file that is wanted as before. Raises TryLater.
    """
    if Attachment.objects.filter(pk=file.pk).exclude(status=Status.EXPIRED).exists():
        return False
    media_cache().forget([file.media_hash])
    orphans.remove_below(pipeline.chat_prefix(file.tenant_id, conversation_id, file.pk))
    logger.info("[STORAGE] taken back", extra={"attachment_id": file.pk})
    return True


def tell(
    rows: Sequence[Attachment], event: type[wire.AttachmentReady] | type[wire.AttachmentFailed] = wire.AttachmentFailed
) -> None:
    """Inside a unit: each file as it is now, with the first message that it belongs to."""
    found = Message.objects.filter(attachment__in=[row.pk for row in rows]).order_by("-pk")
    messages = {message.attachment_id: message for message in found.defer("source", "text", "data")}
    for row in rows:
        message = messages.get(row.pk)
        is_outgoing = message is None or message.direction == Message.Direction.OUTGOING
        log.publish(
            event(
                attachment=present.attachment(row, outgoing=is_outgoing),
                message_id=str(message.pk) if message else None,
                conversation_id=str(message.conversation_id) if message else None,
            )
        )
