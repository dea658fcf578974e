"""Files: their state, their bytes for whoever may see them, and another try."""

from django.http import HttpRequest, HttpResponseBase
from ninja import Router, Status

from backend.chat import files, outgoing, present
from backend.chat.api.surface import caller_of, uuid_or_missing
from backend.lib.errors import Missing
from backend.media import serving
from backend.media.models import Attachment
from backend.media.pipeline import RENDITIONS
from backend.realtime import wire

router = Router(tags=["attachments"])

RENDITION_TYPES = {"jpeg": ("image/jpeg", "jpg"), "aac": ("audio/mp4", "m4a"), "poster": ("image/jpeg", "jpg")}
GET_AND_HEAD = ["GET", "HEAD"]


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


@router.api_operation(GET_AND_HEAD, "/attachments/{attachment_id}/download/")
def download(request: HttpRequest, attachment_id: str) -> HttpResponseBase:
    """The file itself, whole or a range of it."""
    found = _readable(request, attachment_id)
    return serving.answer(request, files.original(found))


@router.api_operation(GET_AND_HEAD, "/attachments/{attachment_id}/thumbnail/")
def thumbnail(request: HttpRequest, attachment_id: str) -> HttpResponseBase:
    found = _readable(request, attachment_id)
    if not found.thumbnail_key:
        raise Missing("no_thumbnail")
    return serving.answer(request, files.beside(found, found.thumbnail_key, "image/webp", "webp"))


@router.api_operation(GET_AND_HEAD, "/attachments/{attachment_id}/renditions/{name}")
def rendition(request: HttpRequest, attachment_id: str, name: str) -> HttpResponseBase:
    """The same picture or sound in a form that every browser takes: jpeg, aac, poster."""
    found = _readable(request, attachment_id)
    if name not in RENDITIONS or name not in found.renditions:
        raise Missing("no_such_rendition")
    ending, mimetype = RENDITIONS[name]
    return serving.answer(request, files.beside(found, found.renditions[name], mimetype, ending))


def _find(request: HttpRequest, attachment_id: str) -> Attachment:
    """In any tenant that the caller belongs to. Raises Missing."""
    key = uuid_or_missing(attachment_id, "no_such_attachment")
    found = Attachment.objects.filter(pk=key, tenant_id__in=caller_of(request).roles).first()
    if found is None:
        raise Missing("no_such_attachment")
    return found


def _readable(request: HttpRequest, attachment_id: str) -> Attachment:
    found = _find(request, attachment_id)
    if found.status != Attachment.Status.COMPLETED:
        raise Missing("not_readable", "This file is not (or no longer) here.")
    return found
