"""Sending files: a ticket to PUT to, the parts of a large one, and the word that all of it is there."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, File, Form, Router, Schema, Status
from ninja.files import UploadedFile

from backend.chat import handed_in, present, uploads
from backend.chat.api.messages import check_is_current
from backend.chat.api.surface import caller_of, tenant_of, uuid_or_missing
from backend.chat.models import Conversation, Message
from backend.chat.uploads import Begun
from backend.chat.wanted import Wanted
from backend.lib.errors import Missing, Refused
from backend.lib.ids import new_id
from backend.media import sniff
from backend.media.models import Attachment
from backend.media.storages import CHUNK_BYTES, TICKET_SECONDS
from backend.realtime import wire

router = Router(tags=["uploads"])

MAX_PARTS = 100


class Announced(Schema):
    """What is to be sent. `client_id` is invented by the browser: the same one again is the same message."""

    conversation_id: str = Field(max_length=36)
    file_name: str = Field(max_length=1024)
    file_type: str = Field(max_length=200)
    file_size: int = Field(ge=0, lt=2**63)
    client_id: str = Field(min_length=1, max_length=64)
    caption: str = Field("", max_length=65_536)
    voice: bool = False
    quoted_id: str | None = Field(None, max_length=36)


class PartPlan(Schema):
    """Every part is `size` bytes long but the last; they are numbered from 1."""

    size: int
    count: int


class UploadTicket(Schema):
    """PUT the bytes to `upload_url` with exactly these headers. Null: ask for `parts`, or the upload is over and
    `attachment` says how it went."""

    upload_url: str | None
    method: str = "PUT"
    headers: dict[str, str]
    expires_in: int
    file_url: str
    parts: PartPlan | None
    attachment: wire.Attachment
    message: wire.Message


class PartNumbers(Schema):
    numbers: list[Annotated[int, Field(ge=1, le=10_000)]] = Field(max_length=MAX_PARTS)


class PartUrls(Schema):
    """`done`: number → etag of what is here already and need not be sent again."""

    urls: dict[int, str]
    done: dict[int, str]
    expires_in: int


class Completed(Schema):
    """One of the two."""

    attachment_id: str = Field("", max_length=36)
    file_url: str = Field("", max_length=500)


class Uploaded(Schema):
    attachment: wire.Attachment
    message: wire.Message | None


class HandedIn(Schema):
    """The fields beside `file`. Without a conversation it is only stored, to be sent by its attachment's id."""

    conversation_id: str = Field("", max_length=36)
    caption: str = Field("", max_length=65_536)
    client_id: str = Field("", max_length=64)
    voice: bool = False


class MediaStored(Schema):
    success: bool = True
    file_url: str
    thumbnail_url: str
    file_type: str = Field(description="image, video, audio, voice or document")
    attachment: wire.Attachment
    message: wire.Message | None


@router.post("/get-upload-url/", response=UploadTicket)
def get_upload_url(request: HttpRequest, sent: Announced) -> UploadTicket:
    """The message is there at once, its file pending. 422 `file_too_large`, `type_not_allowed`, `empty_file`."""
    conversation = _conversation(request, sent.conversation_id)
    check_is_current(conversation)
    wanted = Wanted(
        file_name=sent.file_name,
        file_type=sent.file_type,
        size_bytes=sent.file_size,
        client_id=sent.client_id,
        caption=sent.caption,
        is_voice=sent.voice,
        quoted_id=uuid_or_missing(sent.quoted_id, "no_such_message") if sent.quoted_id else None,
    )
    return _ticket(uploads.begin(conversation, caller_of(request).user, wanted))


@router.post("/attachments/{attachment_id}/parts/", response=PartUrls)
def part_urls(request: HttpRequest, attachment_id: str, sent: PartNumbers) -> PartUrls:
    """As often as needed: after expiry, a cut or a reload. 409 `upload_over`; 422 `not_in_parts`, `bad_part`."""
    given = uploads.part_tickets(_attachment(request, attachment_id), sent.numbers)
    return PartUrls(urls=given.urls, done=given.done, expires_in=given.expires_in)


@router.put("/uploads/{ticket}", auth=None, response={200: None})
def put_upload(request: HttpRequest, ticket: str) -> HttpResponse:
    """Local storage only. 403 `ticket_expired`, `ticket_invalid`; 409 `upload_over`; 422 `size_mismatch`."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        raise Refused("length_required", "Content-Length says how long the file is.", status=411)
    part = uploads.receive(ticket, request.headers.get("Content-Type", ""), int(length), _chunks(request))
    return HttpResponse(headers={"ETag": part.etag})


@router.post("/upload-complete/", response=Uploaded)
def upload_complete(request: HttpRequest, sent: Completed) -> Uploaded:
    """Every byte is in the storage; again is no error. 409 `upload_missing`, `size_mismatch`."""
    attachment = uploads.complete(_attachment(request, sent.attachment_id or _id_in(sent.file_url)))
    message = present.messages().filter(attachment=attachment).order_by("pk").first()
    return _uploaded(attachment, message)


@router.post("/upload-media/", response={200: MediaStored, 201: MediaStored})
def upload_media(request: HttpRequest, file: File[UploadedFile], sent: Form[HandedIn]) -> Status[MediaStored]:
    """All in one call: 201 when the file is readable, 200 for a `client_id` that is known, and nothing kept of what is
    refused."""
    wanted = Wanted(
        file_name=file.name or "",
        file_type=file.content_type or "",
        size_bytes=file.size or 0,
        client_id=sent.client_id or str(new_id()),
        caption=sent.caption,
        is_voice=sent.voice,
    )
    chunks = file.chunks(CHUNK_BYTES)
    if not sent.conversation_id:
        return Status(201, _media_stored(handed_in.keep(tenant_of(request), wanted, chunks), None))
    conversation = _conversation(request, sent.conversation_id)
    check_is_current(conversation)
    attachment, message, is_new = handed_in.send(conversation, caller_of(request).user, wanted, chunks)
    return Status(201 if is_new else 200, _media_stored(attachment, message))


def _media_stored(attachment: Attachment, message: Message | None) -> MediaStored:
    uploaded = _uploaded(attachment, present.messages().get(pk=message.pk) if message else None)
    return MediaStored(
        file_url=uploaded.attachment.file_url,
        thumbnail_url=uploaded.attachment.thumbnail_url,
        file_type=message.kind if message else sniff.kind_of(attachment.file_type),
        attachment=uploaded.attachment,
        message=uploaded.message,
    )


def _ticket(begun: Begun) -> UploadTicket:
    message = present.messages().get(pk=begun.message.pk)
    ticket = begun.ticket
    return UploadTicket(
        upload_url=ticket.url if ticket else None,
        headers=dict(ticket.headers) if ticket else {},
        expires_in=TICKET_SECONDS,
        file_url=f"{present.ATTACHMENT_PATH}/{begun.attachment.pk}/download/",
        parts=PartPlan(size=begun.part_bytes, count=begun.part_count) if begun.part_bytes else None,
        attachment=present.attachment(begun.attachment, outgoing=True),
        message=present.message(message),
    )


def _uploaded(attachment: Attachment, message: Message | None) -> Uploaded:
    shape = present.message(message) if message is not None else None
    return Uploaded(attachment=present.attachment(attachment, outgoing=True), message=shape)


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    while chunk := request.read(CHUNK_BYTES):
        yield chunk


def _id_in(file_url: str) -> str:
    """`…/api/chat/attachments/{id}/download/`, with or without our origin before it."""
    return file_url.partition(f"{present.ATTACHMENT_PATH}/")[2].partition("/")[0]


def _conversation(request: HttpRequest, conversation_id: str) -> Conversation:
    key = uuid_or_missing(conversation_id, "no_such_conversation")
    found = Conversation.objects.filter(pk=key, tenant_id__in=caller_of(request).roles).first()
    if found is None:
        raise Missing("no_such_conversation")
    return found


def _attachment(request: HttpRequest, attachment_id: str | UUID) -> Attachment:
    key = uuid_or_missing(str(attachment_id), "no_such_attachment")
    found = Attachment.objects.filter(pk=key, tenant_id__in=caller_of(request).roles).first()
    if found is None:
        raise Missing("no_such_attachment")
    return found
