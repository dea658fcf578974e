"""Files: their state, and another try. Their bytes are answered before Django, by asgi_workers/files.py."""

from django.http import HttpRequest
from ninja import Router, Schema, Status

from backend.chat import files, outgoing, pins, present
from backend.chat.api.surface import caller_of, uuid_or_missing
from backend.lib.errors import Missing
from backend.media.models import Attachment
from backend.realtime import wire

router = Router(tags=["attachments"])


class Pin(Schema):
    pinned: bool


@router.get("/attachments/{attachment_id}/", response=wire.Attachment)
def attachment(request: HttpRequest, attachment_id: str) -> wire.Attachment:
    return present.attachment(_find(request, attachment_id))


@router.post("/attachments/{attachment_id}/retry/", response={202: wire.Attachment})
def retry(request: HttpRequest, attachment_id: str) -> Status[wire.Attachment]:
    """Fetch or process a failed file again; 409 when there is nothing to try."""
    found = _find(request, attachment_id)
    if "key" in found.upload:
        return Status(202, present.attachment(outgoing.try_again(found), outgoing=True))
    return Status(202, files.try_again(found))


@router.post("/attachments/{attachment_id}/pin/", response=wire.Attachment)
def pin(request: HttpRequest, attachment_id: str, wanted: Pin) -> wire.Attachment:
    """A pinned file does not expire. 409 `file_not_here`, 410 `expired`."""
    return present.attachment(pins.pin(_find(request, attachment_id), pinned=wanted.pinned))


def _find(request: HttpRequest, attachment_id: str) -> Attachment:
    """In any tenant that the caller belongs to. Raises Missing."""
    key = uuid_or_missing(attachment_id, "no_such_attachment")
    found = Attachment.objects.filter(pk=key, tenant_id__in=caller_of(request).roles).first()
    if found is None:
        raise Missing("no_such_attachment")
    return found
