"""What happens to the files of messages: another try, what a row learns, and how a file is shown to who asks for it."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from backend.chat import healing, present, work
from backend.chat.models import Message
from backend.jobs import queue
from backend.lib.errors import Conflict, Missing, Refused
from backend.media import cache, serving
from backend.media.models import Attachment
from backend.media.pipeline import RENDITIONS, Ingested
from backend.media.serving import UNMEASURED, Stored
from backend.realtime import log, wire

Status = Attachment.Status
Tenants = tuple[UUID, ...]


def try_again(attachment: Attachment) -> wire.Attachment:
    """A failed file is fetched once more: from WhatsApp, or from where it was if it has come back there.

    Raises Conflict when it did not fail, or cannot be fetched.
    """
    message = Message.objects.filter(attachment=attachment).first()
    if message is None or not (attachment.storage_key or healing.is_known_to_the_gateway(message)):
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
    beside = {"beside": fields.pop("beside")}
    return fields | {"metadata": known | ingested.metadata | beside}


@dataclass(frozen=True, slots=True)
class Shown:
    """A completed attachment, or what lies beside it, as it is answered with."""

    attachment_id: UUID
    expires_at: datetime | None
    stored: Stored

    def is_expired(self) -> bool:
        """Past its time it is not answered with, whether the sweeper has been there or not."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


def by_hash(media_hash: str) -> Shown:
    """Raises Missing(`no_such_file`) for what is not there, or not yet, and Refused(`expired`, 410)."""
    row = _completed(Attachment.objects.filter(media_hash=media_hash).first(), "no_such_file")
    return _shown(row, _original(row))


def download(tenant_ids: Tenants, attachment_id: UUID) -> Shown:
    """In one of these tenants. Raises Missing(`no_such_attachment`, `not_readable`) and Refused(`expired`, 410)."""
    row = _by_id(tenant_ids, attachment_id)
    return _shown(row, _original(row))


def thumbnail(tenant_ids: Tenants, attachment_id: UUID) -> Shown:
    """As `download`; raises Missing(`no_thumbnail`) too."""
    row = _by_id(tenant_ids, attachment_id)
    if not row.thumbnail_key:
        raise Missing("no_thumbnail")
    return _shown(row, _beside(row, row.thumbnail_key, "thumbnail", "webp", "image/webp"))


def rendition(tenant_ids: Tenants, attachment_id: UUID, name: str) -> Shown:
    """As `download`; raises Missing(`no_such_rendition`) too."""
    row = _by_id(tenant_ids, attachment_id)
    if name not in RENDITIONS or name not in row.renditions:
        raise Missing("no_such_rendition")
    return _shown(row, _beside(row, row.renditions[name], name, *RENDITIONS[name]))


def expired() -> Refused:
    return Refused("expired", "This file is past its retention.", status=410)


def _by_id(tenant_ids: Tenants, attachment_id: UUID) -> Attachment:
    row = Attachment.objects.filter(pk=attachment_id, tenant_id__in=tenant_ids).first()
    return _completed(row, "no_such_attachment")


def _completed(row: Attachment | None, missing: str) -> Attachment:
    if row is None:
        raise Missing(missing, "There is no such file.")
    if row.status == Status.EXPIRED:
        raise expired()
    if row.status != Status.COMPLETED:
        raise Missing("not_readable", "This file is not (or no longer) here.")
    return row


def _shown(row: Attachment, stored: Stored) -> Shown:
    expires_at = None if row.pinned else row.expires_at
    return Shown(row.pk, expires_at, replace(stored, cache_control=_cache_control(expires_at)))


def _cache_control(expires_at: datetime | None) -> bytes:
    """The bytes never change, but no browser is to keep them for longer than we do."""
    seconds = serving.YEAR_SECONDS
    if expires_at is not None:
        seconds = min(seconds, max(0, int((expires_at - timezone.now()).total_seconds())))
    return serving.unchanging(seconds)


def _original(row: Attachment) -> Stored:
    return Stored(
        key=row.storage_key,
        size_bytes=row.size_bytes,
        mimetype=row.file_type,
        file_name=row.file_name,
        etag=row.content_sha256,
        sha256=row.content_sha256,
        cache_key=cache.key_of(row.media_hash),
        storage_type=row.storage_type,
    )


def _beside(row: Attachment, key: str, name: str, ending: str, mimetype: str) -> Stored:
    """A thumbnail or a rendition: stored beside its original, and as unchanging."""
    stem = row.file_name.rpartition(".")[0] or row.file_name
    facts = row.metadata.get("beside", {}).get(name)
    size, sha256 = facts or (UNMEASURED, "")
    return Stored(
        key=key,
        size_bytes=size,
        mimetype=mimetype,
        file_name=f"{stem}.{ending}",
        etag=sha256 or f"{row.content_sha256[:32]}-{key[-40:]}",
        sha256=sha256,
        cache_key=cache.key_of(row.media_hash, name),
        storage_type=row.storage_type,
    )
