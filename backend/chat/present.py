"""Rows → wire shapes. The querysets below load what is shown with the row, so that a page costs no extra query."""

import base64
from collections.abc import Mapping
from typing import cast

from django.conf import settings
from django.db.models import QuerySet

from backend.chat import proxy
from backend.chat.models import Contact, Conversation, Message
from backend.gateways import evolution_send
from backend.media.models import Attachment
from backend.realtime import wire
from backend.tenants.models import Instance, User

ATTACHMENT_PATH = "/api/chat/attachments"
QUOTE_LIMIT = 300


def messages() -> QuerySet[Message]:
    """Messages with everything that `message` shows."""
    return Message.objects.select_related("attachment", "author", "quoted")


def conversations() -> QuerySet[Conversation]:
    """Conversations with everything that `conversation` shows."""
    return Conversation.objects.select_related(
        "contact",
        "assignee",
        "last_message__attachment",
        "last_message__author",
        "last_message__quoted",
    )


def conversation(row: Conversation) -> wire.Conversation:
    person = contact(row.contact)
    return wire.Conversation(
        id=str(row.pk),
        instance_id=str(row.instance_id),
        contact=person,
        profile_pic_url=person.profile_pic_url,
        status=cast(wire.ConversationStatus, row.status),
        assignee=colleague(row.assignee),
        unread=row.unread,
        last_message=message(row.last_message) if row.last_message else None,
        last_message_at=row.last_message_at,
    )


def contact(row: Contact) -> wire.Contact:
    return wire.Contact(
        id=str(row.pk),
        name=row.name,
        phone=row.phone,
        profile_pic_url=_picture(row),
        is_group=row.is_group,
    )


def _picture(row: Contact) -> str:
    """Ours; until that is here WhatsApp's own, through our proxy: a browser never talks to WhatsApp."""
    if row.photo_id:
        return f"{ATTACHMENT_PATH}/{row.photo_id}/download/"
    return proxy.address_of(row.photo_source)


def message(row: Message) -> wire.Message:
    """A deleted message shows that it was there, and nothing of what it said."""
    is_kept = row.deleted_at is None
    return wire.Message(
        id=str(row.pk),
        conversation_id=str(row.conversation_id),
        direction=cast(wire.Direction, row.direction),
        kind=cast(wire.MessageKind, row.kind),
        text=row.text if is_kept else "",
        status=cast(wire.MessageStatus, row.status),
        sent_at=row.sent_at,
        client_id=row.client_id,
        provider_id=row.provider_id,
        author=colleague(row.author),
        sender=_sender(row),
        quoted=_quoted(row) if is_kept else None,
        attachment=_attachment_of(row) if is_kept else None,
        reactions=_reactions(row) if is_kept else [],
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        data=row.data if is_kept else {},
        error=_error(row.error_code, row.error_detail),
    )


def attachment(row: Attachment, *, outgoing: bool | None = None) -> wire.Attachment:
    """`file_url` and `thumbnail_url` only once there is something to read there; `short_url` for the gateway only.

    `outgoing` None: the caller does not know whose message it belongs to, and it is looked up.
    """
    if outgoing is None:
        outgoing = not row.messages.filter(direction=Message.Direction.INCOMING).exists()
    path = f"{ATTACHMENT_PATH}/{row.pk}"
    is_readable = row.status == Attachment.Status.COMPLETED
    return wire.Attachment(
        id=str(row.pk),
        file_name=row.file_name,
        file_type=row.file_type,
        size_bytes=row.size_bytes,
        status=cast(wire.AttachmentStatus, row.status),
        file_url=f"{path}/download/" if is_readable else "",
        thumbnail_url=f"{path}/thumbnail/" if is_readable and row.thumbnail_key else "",
        short_url=f"{settings.PUBLIC_BASE_URL}/media/{row.media_hash}" if outgoing else "",
        media_hash=row.media_hash,
        storage_type=cast(wire.StorageType, row.storage_type),
        created_at=row.created_at,
        expires_at=row.expires_at,
        pinned=row.pinned,
        renditions={name: f"{path}/renditions/{name}" for name in row.renditions} if is_readable else {},
        error=_error(row.error_code, row.error_message),
        error_message=row.error_message,
        metadata=_metadata(row.metadata),
    )


def instance(row: Instance) -> wire.Instance:
    return wire.Instance(
        id=str(row.pk),
        name=row.name,
        state=cast(wire.InstanceState, row.state),
        since=row.state_since,
        silent_since=row.silent_since,
        can_send=not row.gateway_version or evolution_send.can_send(row.gateway_version),
    )


def colleague(row: User | None) -> wire.Person | None:
    return wire.Person(id=str(row.pk), name=row.name) if row else None


def role(name: str) -> wire.Role:
    return cast(wire.Role, name)


def message_status(row: Message) -> wire.MessageStatusChanged:
    return wire.MessageStatusChanged(
        message_id=str(row.pk),
        conversation_id=str(row.conversation_id),
        status=cast(wire.MessageStatus, row.status),
        error=_error(row.error_code, row.error_detail),
    )


def preview(picture: bytes) -> str:
    """A thumbnail that WhatsApp sent along, as it is shown before the file is here."""
    name = "webp" if picture.startswith(b"RIFF") else "jpeg"
    return f"data:image/{name};base64,{base64.b64encode(picture).decode()}"


def _attachment_of(row: Message) -> wire.Attachment | None:
    if row.attachment is None:
        return None
    return attachment(row.attachment, outgoing=row.direction == Message.Direction.OUTGOING)


def _sender(row: Message) -> wire.Sender | None:
    if not row.sender_name and not row.sender_phone:
        return None
    return wire.Sender(name=row.sender_name, phone=row.sender_phone)


def _quoted(row: Message) -> wire.Quoted | None:
    """The message as it is now where we have it, else as the answer remembers it."""
    if row.quoted is not None:
        text = "" if row.quoted.deleted_at else row.quoted.text[:QUOTE_LIMIT]
        return wire.Quoted(id=str(row.quoted.pk), kind=cast(wire.MessageKind, row.quoted.kind), text=text)
    if not row.quote:
        return None
    return wire.Quoted(id=None, kind=row.quote.get("kind", "text"), text=str(row.quote.get("text", ""))[:QUOTE_LIMIT])


def _reactions(row: Message) -> list[wire.Reaction]:
    return [wire.Reaction(emoji=one["emoji"], by=one["by"]) for one in row.reactions if one["emoji"]]


def _error(code: str, detail: str) -> wire.ErrorShape | None:
    return wire.ErrorShape(code=code, detail=detail) if code else None


def _metadata(stored: Mapping[str, object]) -> wire.Metadata:
    """Only what the catalogue knows: the row may hold more."""
    known = {name: value for name, value in stored.items() if name in wire.Metadata.model_fields}
    return wire.Metadata.model_validate(known)
