"""A completed file whose object is gone: fetched again while its time lasts, else an honest tombstone.

Only what somebody opens is healed. A storage that is away is not gone, and one that has lost everything (a wrong
bucket) never makes rows expire: each waits for its own reader, and `retry` finds the object when it is back.
"""

import logging
from uuid import UUID

from django.utils import timezone

from backend.chat import expiry, present, work
from backend.chat.models import Message
from backend.jobs import queue
from backend.lib.errors import ChatError, Missing, Refused
from backend.media import retention
from backend.media.models import Attachment
from backend.realtime import log, wire

logger = logging.getLogger(__name__)

Status = Attachment.Status
GONE = "gone_everywhere"


def object_gone(attachment_id: UUID) -> None:
    """The storage said that an object of this completed file is not there. Many may say so at once: one of them heals.

    Raises TryLater when the storage cannot be asked.
    """
    attachment = Attachment.objects.filter(pk=attachment_id, status=Status.COMPLETED).first()
    if attachment is None:
        return
    if expiry.expire(attachment.tenant_id, [attachment.pk], now=timezone.now()):
        return  # whatever the bucket holds
    if retention.is_whole(attachment):
        return  # somebody has healed it since
    logger.warning("[STORAGE] object gone", extra={"attachment_id": attachment.pk})
    messages = list(present.messages().filter(attachment=attachment).order_by("pk"))
    with log.unit(attachment.tenant_id):
        moved = Attachment.objects.filter(
            pk=attachment.pk, status=Status.COMPLETED, storage_key=attachment.storage_key
        ).update(status=Status.PROCESSING, error_code="", error_message="", updated_at=timezone.now())
        if not moved:
            return
        attachment.refresh_from_db()
        if any(is_known_to_the_gateway(message) for message in messages):
            queue.enqueue(work.DOWNLOAD_MEDIA, attachment.pk, tenant_id=attachment.tenant_id)
            for message in messages:
                message.attachment = attachment
                log.publish(wire.MessageEdited(message=present.message(message)))
        else:
            bury(attachment, Refused(GONE, "This file is gone, and nothing says where else it could be had."))


def is_known_to_the_gateway(message: Message) -> bool:
    """Whether it can be asked for the file: by the message as it came, or by its id."""
    return bool(message.source or message.provider_id)


def verdict(attachment: Attachment, error: ChatError) -> ChatError:
    """Why a file could not be fetched; of one that was here before, that it is gone for good when nobody has it."""
    if attachment.storage_key and isinstance(error, Refused | Missing):
        return Refused(GONE, f"This file was here, and nobody has it any more: {error.code}")
    return error


def bury(attachment: Attachment, error: ChatError) -> None:
    """Inside a unit: the tombstone. Where it was is kept: the object may come back, and then `retry` finds it."""
    Attachment.objects.filter(pk=attachment.pk).update(
        status=Status.FAILED, error_code=error.code, error_message=error.detail
    )
    attachment.refresh_from_db()
    expiry.tell([attachment])


def is_back(attachment: Attachment) -> bool:
    """Whether a file that is being fetched lies in the storage after all. Raises TryLater."""
    return bool(attachment.storage_key) and retention.is_whole(attachment)
