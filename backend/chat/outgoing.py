"""An agent's file, from the bytes as they were uploaded to the file that is sent: checked, cleaned, stored, told."""

import logging
import time
from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from backend.chat import expiry, outbox, present, terms, work
from backend.chat.downloads import Progress
from backend.chat.models import Message
from backend.jobs import queue
from backend.lib.errors import ChatError, Conflict, Missing, Refused
from backend.media import pipeline, sniff
from backend.media.models import Attachment
from backend.media.pipeline import Ingested, Paced, Spooled
from backend.media.storages import media_storage
from backend.realtime import log, wire

logger = logging.getLogger(__name__)

Status = Attachment.Status


def process(attachment_id: UUID) -> None:
    """Processing → completed; a row in any other state only loses what is left of its upload.

    Raises Refused for a file that cannot be sent, TryLater when storage is away.
    """
    attachment = Attachment.objects.filter(pk=attachment_id).first()
    if attachment is None:
        return
    if attachment.status == Status.PROCESSING and "key" in attachment.upload:
        _make_sendable(attachment)
        attachment = Attachment.objects.filter(pk=attachment_id).first()
    if attachment is not None and attachment.status not in {Status.PENDING, Status.PROCESSING}:
        _clear(attachment)


def gave_up(attachment_id: str, error: ChatError) -> None:
    """The last try has failed: the bubble says why."""
    attachment = Attachment.objects.filter(pk=UUID(attachment_id)).first()
    if attachment is None:
        return
    with log.unit(attachment.tenant_id):
        fail(attachment, error, among=[Status.PROCESSING])


def try_again(attachment: Attachment) -> Attachment:
    """A file that failed because of us (its bytes are still here) is processed once more, and its messages wait for it.

    Raises Conflict(`not_failed`, `file_not_here`).
    """
    with log.unit(attachment.tenant_id):
        moved = Attachment.objects.filter(pk=attachment.pk, status=Status.FAILED, upload__has_key="key").update(
            status=Status.PROCESSING, error_code="", error_message=""
        )
        attachment.refresh_from_db()
        if not moved and attachment.status != Status.FAILED:
            raise Conflict("not_failed", f"This file is {attachment.status}.")
        if not moved:
            raise Conflict("file_not_here", "The file has to be sent again.")
        outbox.file_again(attachment)
        queue.enqueue(work.PROCESS_UPLOAD, attachment.pk, tenant_id=attachment.tenant_id)
    return attachment


def fail(attachment: Attachment, error: ChatError, *, among: Iterable[str]) -> bool:
    """Inside a unit: the file and its message fail with the reason. What was uploaded is removed by a job, unless the
    fault was ours and another try may do. False when the file is in none of the states `among`."""
    failed = Attachment.objects.filter(pk=attachment.pk, status__in=list(among)).update(
        status=Status.FAILED, error_code=error.code, error_message=error.detail, updated_at=timezone.now()
    )
    if not failed:
        return False
    attachment.refresh_from_db()
    _publish(attachment, wire.AttachmentFailed)
    outbox.file_failed(attachment, error)
    if isinstance(error, Refused | Missing | Conflict):
        queue.enqueue(work.PROCESS_UPLOAD, attachment.pk, tenant_id=attachment.tenant_id)
    return True


def _make_sendable(attachment: Attachment) -> None:
    began = time.monotonic()
    message = _message_of(attachment)
    if message is None:
        raise Missing("no_such_message", "The message of this upload is gone.")
    try:
        size_bytes = _bring(message, attachment)
    finally:
        is_taken_back = expiry.take_back(attachment, message.conversation_id)
    if is_taken_back:
        return
    milliseconds = int((time.monotonic() - began) * 1000)
    logger.info(
        "[STORAGE] upload ready",
        extra={"attachment_id": attachment.pk, "file_size": size_bytes, "duration_ms": milliseconds},
    )


def _bring(message: Message, attachment: Attachment) -> int:
    """Processing → completed, unless the row has moved on meanwhile. Returns the size of what will be sent."""
    tell = Paced(Progress(message))
    with _fetched(attachment, message.kind, tell) as spooled:
        ingested = _stored(spooled, message, attachment, tell)
    learned = terms.completed(attachment, message.kind, ingested)
    with log.unit(attachment.tenant_id):
        completed = Attachment.objects.filter(pk=attachment.pk, status=Status.PROCESSING).update(
            status=Status.COMPLETED, **learned
        )
        if completed:
            attachment.refresh_from_db()
            _publish(attachment, wire.AttachmentReady)
            outbox.file_ready(attachment)
    return ingested.size_bytes


def _fetched(attachment: Attachment, kind: str, tell: Paced) -> Spooled:
    """Raises Refused(`upload_missing`) when the object went away since the browser said that it was there."""
    try:
        chunks = media_storage().read_range(attachment.upload["key"])
    except Missing as error:
        raise Refused("upload_missing", "The uploaded file is no longer in the storage.") from error
    size = attachment.upload["size"]
    return pipeline.spool(
        chunks, limit_bytes=sniff.limit_bytes(kind), announced_bytes=size, stage="processing", on_progress=tell
    )


def _stored(spooled: Spooled, message: Message, attachment: Attachment, tell: Paced) -> Ingested:
    return pipeline.store(
        spooled,
        kind=message.kind,
        file_name=attachment.file_name,
        key_for=lambda name: pipeline.chat_key(message.tenant_id, message.conversation_id, attachment.pk, name),
        media_hash=attachment.media_hash,
        sends=True,
        on_progress=tell,
    )


def _clear(attachment: Attachment) -> None:
    """Nothing is left of the upload but the file that was made of it."""
    upload = attachment.upload
    if "key" not in upload:
        return
    storage = media_storage()
    if parts_id := upload.get("multipart_id"):
        storage.drop_parts(upload["key"], parts_id)
    storage.delete(upload["key"])
    left = {"voice": True} if upload.get("voice") else {}
    Attachment.objects.filter(pk=attachment.pk, upload=upload).update(upload=left)


def _publish(attachment: Attachment, kind: type[wire.AttachmentReady] | type[wire.AttachmentFailed]) -> None:
    message = _message_of(attachment)
    log.publish(
        kind(
            attachment=present.attachment(attachment, outgoing=True),
            message_id=str(message.pk) if message else None,
            conversation_id=str(message.conversation_id) if message else None,
        )
    )


def _message_of(attachment: Attachment) -> Message | None:
    return Message.objects.filter(attachment=attachment).order_by("pk").first()
