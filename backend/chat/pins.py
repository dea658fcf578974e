"""A pinned file stays whatever its term says: a legal hold, a contract that is still needed."""

from django.db import close_old_connections

from backend.chat import expiry, healing
from backend.lib.errors import Conflict, Missing, Refused, TryLater
from backend.media import retention
from backend.media.models import Attachment
from backend.realtime import log, wire

Status = Attachment.Status


def pin(attachment: Attachment, *, pinned: bool) -> Attachment:
    """Exempt from expiring, or not any more: then its old term counts again.

    Its objects outlive the bucket's rule before the row says so; unpinned they stay so, and the sweeper removes them.
    Raises Refused(`expired`, 410), Conflict(`file_not_here`) and TryLater (`file_is_fetched_again`: it was lost).
    """
    if attachment.status == Status.EXPIRED:
        raise Refused("expired", "This file is past its retention.", status=410)
    if attachment.status != Status.COMPLETED:
        raise Conflict("file_not_here", f"This file is {attachment.status}.")
    changes = {"pinned": pinned}
    if pinned and not attachment.held and _hold(attachment):
        changes["held"] = True
    with log.unit(attachment.tenant_id):
        same = Attachment.objects.filter(pk=attachment.pk, status=Status.COMPLETED, storage_key=attachment.storage_key)
        if not same.update(**changes):
            raise Conflict("file_not_here", "This file has changed meanwhile.")
        attachment.refresh_from_db()
        expiry.tell([attachment], wire.AttachmentReady)
    return attachment


def _hold(attachment: Attachment) -> bool:
    close_old_connections()  # the storage may be slow
    try:
        return retention.hold(retention.keys_of(attachment), attachment.storage_type)
    except Missing as error:
        healing.object_gone(attachment.pk)
        raise TryLater("file_is_fetched_again", "The storage had lost this file.", after_seconds=10) from error
