"""What happens to the files of messages: another try, and what their neighbours in storage are called."""

from dataclasses import asdict
from typing import Any

from backend.chat import present, work
from backend.chat.models import Message
from backend.jobs import queue
from backend.lib.errors import Conflict
from backend.media.models import Attachment
from backend.media.pipeline import Ingested
from backend.media.serving import Stored
from backend.media.storages import media_storage
from backend.realtime import log, wire

Status = Attachment.Status


def try_again(attachment: Attachment) -> wire.Attachment:
    """A failed incoming file is fetched once more. Raises Conflict when it did not fail, or cannot be fetched."""
    message = Message.objects.filter(attachment=attachment).first()
    if message is None or not message.source:
        raise Conflict("nothing_to_fetch", "Nothing is known of where this file could be fetched.")
    with log.unit(attachment.tenant_id):
        moved = Attachment.objects.filter(pk=attachment.pk, status=Status.FAILED).update(
            status=Status.PENDING, error_code="", error_message=""
        )
        if not moved:
            raise Conflict("not_failed", f"This file is {attachment.status}.")
        queue.enqueue(work.DOWNLOAD_MEDIA, attachment.pk, tenant_id=attachment.tenant_id)
        attachment.refresh_from_db()
        log.publish(wire.MessageEdited(message=present.message(present.messages().get(pk=message.pk))))
    return present.attachment(attachment)


def row_of(ingested: Ingested, *, known: dict[str, Any]) -> dict[str, Any]:
    """The fields of Attachment that a stored file fills; what its bytes told outweighs what was `known` of it."""
    fields = asdict(ingested)
    del fields["warnings"]
    return fields | {"metadata": known | ingested.metadata}


def original(attachment: Attachment) -> Stored:
    """The file itself, as it is answered with."""
    return Stored(
        attachment.storage_key,
        attachment.size_bytes,
        attachment.file_type,
        attachment.file_name,
        attachment.content_sha256,
    )


def beside(attachment: Attachment, key: str, mimetype: str, ending: str) -> Stored:
    """A thumbnail or a rendition: stored beside its original, and as unchanging."""
    stem = attachment.file_name.rpartition(".")[0] or attachment.file_name
    size = media_storage().stat(key).size
    return Stored(key, size, mimetype, f"{stem}.{ending}", f"{attachment.content_sha256[:32]}-{key[-40:]}")
