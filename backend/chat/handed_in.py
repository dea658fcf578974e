"""A file that comes through this server in one call, for programs: sendable at once, or refused and nothing kept."""

from collections.abc import Iterable
from uuid import UUID

from django.db import close_old_connections

from backend.chat import outbox, terms
from backend.chat.models import Conversation, Message
from backend.chat.wanted import Wanted
from backend.lib.errors import Conflict
from backend.lib.ids import new_id
from backend.media import pipeline, sniff
from backend.media.models import Attachment, new_media_hash
from backend.realtime import log, wire
from backend.tenants.models import User


def keep(tenant_id: UUID, wanted: Wanted, chunks: Iterable[bytes]) -> Attachment:
    """Only stored, to be sent by its id. Raises Refused and TryLater as `pipeline.store` does."""
    attachment, _ = _stored(tenant_id, None, wanted, chunks)
    attachment.save(force_insert=True)
    return attachment


def send(
    conversation: Conversation, author: User, wanted: Wanted, chunks: Iterable[bytes]
) -> tuple[Attachment, Message, bool]:
    """Stored and on its way to the customer; True when it is new. The same `client_id` again is the same message."""
    message = wanted.known_in(conversation)
    if message is not None:
        return _file_of(message), message, False
    attachment, kind = _stored(conversation.tenant_id, conversation.pk, wanted, chunks)
    with log.unit(conversation.tenant_id):
        attachment.save(force_insert=True)
        message, is_new = outbox.draft(
            conversation,
            author,
            client_id=wanted.client_id,
            kind=kind,
            text=wanted.caption,
            attachment=attachment,
            quoted_id=wanted.quoted_id,
        )
        if not is_new:
            attachment.delete()
    return _file_of(message), message, is_new


def _stored(
    tenant_id: UUID, conversation_id: UUID | None, wanted: Wanted, chunks: Iterable[bytes]
) -> tuple[Attachment, wire.MessageKind]:
    """A row that is not saved yet: its bytes are in the storage first."""
    _, kind = wanted.checked()
    attachment_id, media_hash = new_id(), new_media_hash()
    close_old_connections()  # nobody needs it while bytes move
    with pipeline.spool(chunks, limit_bytes=sniff.limit_bytes(kind)) as spooled:
        ingested = pipeline.store(
            spooled,
            kind=kind,
            file_name=wanted.file_name,
            key_for=lambda name: pipeline.chat_key(tenant_id, conversation_id, attachment_id, name),
            media_hash=media_hash,
            sends=True,
        )
    new = {"pk": attachment_id, "tenant_id": tenant_id, "media_hash": media_hash}
    new |= {"upload": {"voice": True} if kind == "voice" else {}}
    learned = terms.completed(Attachment(**new), kind, ingested)
    return Attachment(status=Attachment.Status.COMPLETED, **new, **learned), kind


def _file_of(message: Message) -> Attachment:
    if message.attachment is None:
        raise Conflict("client_id_taken", "This client_id is that of a message without a file.")
    return message.attachment
