"""A file that the company already has is ready at once: one object, and a row for each message that it came with.

WhatsApp announces the SHA-256 of what it sends, so a picture that is forwarded a hundred times is fetched once. Only
within a tenant: else one could learn what another has. Rows are the references; the object goes with the last of them
(`retention.remove_objects`).
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from backend.chat import present, work
from backend.chat.models import Message
from backend.jobs import queue
from backend.lib.errors import Missing
from backend.media import retention, sniff
from backend.media.models import Attachment
from backend.realtime import log, wire

logger = logging.getLogger(__name__)

Status = Attachment.Status
UNDER_WAY = [Status.PENDING, Status.PROCESSING]
WAIT_SECONDS = 5
"""Whoever waits for another's download is woken when it is done; this is for one that never will be."""
PATIENCE = timedelta(minutes=10)
LOOKED_AT = 10
TOLD_BY_PAYLOADS = {"preview"}
TOLD_OF_VIDEOS = {"animated"}
"""The same film is sent as a video and as a GIF."""


def claim(mine: Attachment) -> bool:
    """Pending → processing. False when there is nothing to move: another worker has done it.

    Raises `queue.Later` while the same bytes come in for another message.
    """
    with transaction.atomic():
        rows = Attachment.objects.filter(Q(pk=mine.pk) | _same_bytes(mine), status__in=UNDER_WAY)
        found = dict(rows.select_for_update().order_by("pk").values_list("pk", "status"))
        others = [status for pk, status in found.items() if pk != mine.pk]
        is_patient = found.get(mine.pk) == Status.PENDING and timezone.now() - mine.created_at < PATIENCE
        if is_patient and Status.PROCESSING in others:
            raise queue.Later(WAIT_SECONDS)
        return bool(Attachment.objects.filter(pk=mine.pk, status__in=UNDER_WAY).update(status=Status.PROCESSING))


def give_way(mine: Attachment) -> None:
    """This try has failed: another message's may do better meanwhile."""
    Attachment.objects.filter(pk=mine.pk, status=Status.PROCESSING).update(status=Status.PENDING)


def complete(message: Message, mine: Attachment, facts: Mapping[str, Any]) -> None:
    """Processing → completed: browsers learn of it, and whoever waited for the same bytes need wait no more.

    Inside a unit. Changes nothing when the row has moved on.
    """
    done = {"status": Status.COMPLETED, "error_code": "", "error_message": "", **facts}
    if not Attachment.objects.filter(pk=mine.pk, status=Status.PROCESSING).update(**done):
        return
    log.publish(
        wire.AttachmentReady(
            attachment=present.attachment(Attachment.objects.get(pk=mine.pk)),
            message_id=str(message.pk),
            conversation_id=str(message.conversation_id),
        )
    )
    waiting = Attachment.objects.filter(_same_bytes(mine), status=Status.PENDING).order_by("pk")
    for key in waiting.values_list("pk", flat=True):
        queue.enqueue(work.DOWNLOAD_MEDIA, key, tenant_id=mine.tenant_id)


def share(message: Message, mine: Attachment) -> bool:
    """Processing → completed with the object of another row. False when nobody has these bytes any more.

    Raises TryLater when the storage cannot be asked.
    """
    for other in _holders(message, mine):
        try:
            if not retention.is_whole(other):
                continue
            held = retention.hold(retention.keys_of(other), other.storage_type)
            if _take(message, mine, other, held=held):
                return True
        except Missing:
            continue
    return False


def _same_bytes(mine: Attachment) -> Q:
    """The tenant's rows of this content. Until a row is completed its digest is what was announced."""
    if not mine.content_sha256:
        return Q(pk__in=[])
    return Q(tenant_id=mine.tenant_id, content_sha256=mine.content_sha256)


def _holders(message: Message, mine: Attachment) -> Iterator[Attachment]:
    """Rows whose object may serve: of the same kind, since what was made of the bytes depends on it."""
    of_this_kind = Exists(Message.objects.filter(attachment=OuterRef("pk"), kind=message.kind))
    rows = _unexpired().filter(_same_bytes(mine), of_this_kind, file_type__in=sniff.TYPES).exclude(pk=mine.pk)
    seen: set[str] = set()
    for row in rows.order_by("-pk")[:LOOKED_AT]:
        if row.storage_key not in seen:
            seen.add(row.storage_key)
            yield row


def _unexpired() -> QuerySet[Attachment]:
    lasting = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()) | Q(pinned=True)
    return Attachment.objects.filter(lasting, status=Status.COMPLETED)


def _take(message: Message, mine: Attachment, other: Attachment, *, held: bool) -> bool:
    """False when `other` has expired, or moved, since it was looked at: the lock keeps it as it is until we refer to
    its object too, and whoever removes objects counts references after it has expired the row."""
    facts = _facts(message, mine, other) | {"held": held}
    with log.unit(message.tenant_id):
        same = _unexpired().filter(pk=other.pk, storage_key=other.storage_key, storage_type=other.storage_type)
        if not same.select_for_update().exists():
            return False
        if held:
            Attachment.objects.filter(pk=other.pk).update(held=True)
        complete(message, mine, facts)
    logger.info("[STORAGE] attachment shared", extra={"attachment_id": mine.pk, "file_size": other.size_bytes})
    return True


def _facts(message: Message, mine: Attachment, other: Attachment) -> dict[str, Any]:
    """What the other row knows of the bytes; the name, the term and what only a payload tells are the message's own."""
    by_payload = TOLD_BY_PAYLOADS | (TOLD_OF_VIDEOS if message.kind == "video" else set())
    told_by_bytes = {name: value for name, value in other.metadata.items() if name not in by_payload}
    own = {name: value for name, value in mine.metadata.items() if name in by_payload}
    return {
        "file_name": sniff.named(mine.file_name, sniff.TYPES[other.file_type], message.kind),
        "file_type": other.file_type,
        "size_bytes": other.size_bytes,
        "content_sha256": other.content_sha256,
        "storage_type": other.storage_type,
        "storage_key": other.storage_key,
        "thumbnail_key": other.thumbnail_key,
        "renditions": other.renditions,
        "metadata": told_by_bytes | own,
        **retention.kept(mine, message.kind, (), at=timezone.now()),
    }
