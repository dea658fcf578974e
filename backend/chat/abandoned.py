"""Uploads of which nothing is heard any more: the tab was closed, the laptop shut, the connection gone for good."""

import logging
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from backend.chat import work
from backend.chat.outgoing import fail
from backend.chat.uploads import QUIET, complete
from backend.jobs import queue
from backend.jobs.queue import Later
from backend.lib.errors import ChatError, Conflict, Refused
from backend.media.models import Attachment
from backend.realtime import log

logger = logging.getLogger(__name__)

Status = Attachment.Status
ABANDONED = timedelta(hours=1)
KEPT = timedelta(days=1)
"""How long a file that failed because of us waits for another try."""


def settle(attachment_id: UUID) -> None:
    """Of a pending upload: completed when the bytes are there, failed after an hour when they are not.

    Raises Later while it may still go on, TryLater when storage is away.
    """
    attachment = Attachment.objects.filter(pk=attachment_id, status=Status.PENDING).first()
    if attachment is None or "key" not in attachment.upload:
        return
    silence = timezone.now() - attachment.updated_at
    if silence < QUIET:
        raise Later((QUIET - silence).total_seconds())
    try:
        complete(attachment)
    except Conflict as error:
        if silence < ABANDONED:
            raise Later(QUIET.total_seconds()) from error
        code = "upload_abandoned" if error.code == "upload_missing" else error.code
        with log.unit(attachment.tenant_id):
            fail(attachment, Refused(code, error.detail), among=[Status.PENDING])


def sweep() -> int:
    """What the uploads' own jobs have not seen to. Returns how many were settled."""
    now, settled = timezone.now(), 0
    under_way = Attachment.objects.filter(upload__has_key="key")
    for attachment in under_way.filter(status=Status.PENDING, updated_at__lt=now - QUIET):
        try:
            settle(attachment.pk)
            settled += 1
        except Later:
            continue
        except ChatError as error:
            logger.warning("[S3] upload not swept", extra={"attachment_id": attachment.pk, "code": error.code})
    over = under_way.exclude(status__in=[Status.PENDING, Status.PROCESSING])
    for leftover in over.filter(updated_at__lt=now - KEPT):
        queue.enqueue(work.PROCESS_UPLOAD, leftover.pk, tenant_id=leftover.tenant_id)
    return settled
