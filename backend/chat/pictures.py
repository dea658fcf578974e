"""Profile pictures: copied to our storage when WhatsApp shows one, because its addresses expire within days."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from backend.chat import files, present
from backend.chat.models import Contact, Conversation
from backend.lib import safe_fetch
from backend.lib.errors import ChatError, Missing, TryLater
from backend.media import pipeline
from backend.media.models import Attachment, new_media_hash
from backend.media.storages import media_storage
from backend.realtime import log, wire
from backend.tenants.models import Instance

MAX_BYTES = 5 * 1024 * 1024
FETCH_SECONDS = 30.0


def copy(contact_id: UUID) -> None:
    """Fetch `Contact.photo_source` and show it from our storage from now on. The last good copy stays until then.

    Raises TryLater while the host is away; Refused when it will never give a picture.
    """
    contact = Contact.objects.filter(pk=contact_id).first()
    if contact is None or not contact.photo_source:
        return
    source = contact.photo_source
    with _fetched(contact) as chunks, pipeline.spool(chunks, limit_bytes=MAX_BYTES) as spooled:
        unguessable = new_media_hash()
        ingested = pipeline.store(
            spooled,
            kind="image",
            file_name="profile.jpg",
            key_for=lambda _: pipeline.profile_pic_key(contact.tenant_id, unguessable),
        )
    with log.unit(contact.tenant_id):
        rows = list(_conversations(contact.pk).select_for_update(of=("self",)).order_by("pk"))
        picture = Attachment.objects.create(
            tenant_id=contact.tenant_id,
            status=Attachment.Status.COMPLETED,
            media_hash=unguessable,
            **files.row_of(ingested, known={}),
        )
        former = contact.photo
        if not Contact.objects.filter(pk=contact.pk, photo_source=source).update(photo=picture):
            raise TryLater("picture_changed", "another picture came while this one was copied")
        _tell(contact.pk, [row.pk for row in rows])
    if former is not None:
        _forget(former)


def _conversations(contact_id: UUID) -> QuerySet[Conversation]:
    """The ones that are in sight; a resolved one learns of it when it is looked at."""
    return present.conversations().filter(contact_id=contact_id).exclude(status=Conversation.Status.RESOLVED)


def _tell(contact_id: UUID, conversation_ids: list[UUID]) -> None:
    log.publish(wire.ContactUpdated(contact=present.contact(Contact.objects.get(pk=contact_id))))
    for row in present.conversations().filter(pk__in=conversation_ids).order_by("pk"):
        log.publish(wire.ConversationUpdated(conversation=present.conversation(row)))


def _forget(former: Attachment) -> None:
    """The row first: an object without a row is only waste, a row without its object is a broken picture."""
    former.delete()
    storage = media_storage()
    for key in filter(None, [former.storage_key, former.thumbnail_key, *former.renditions.values()]):
        with contextlib.suppress(ChatError):  # waste, which the orphan sweep will find
            storage.delete(key)


@contextmanager
def _fetched(contact: Contact) -> Iterator[Iterator[bytes]]:
    private_hosts = _sandbox_hosts(contact) if settings.SANDBOX else []
    with safe_fetch.fetch(
        contact.photo_source, max_bytes=MAX_BYTES, total_seconds=FETCH_SECONDS, private_hosts=private_hosts
    ) as answer:
        if answer.status in {401, 403, 404, 410}:
            raise Missing("picture_gone", f"the picture's host answered {answer.status}")
        if answer.status != 200:
            raise TryLater("picture_host_down", f"the picture's host answered {answer.status}")
        yield answer.chunks


def _sandbox_hosts(contact: Contact) -> list[str]:
    """In a playground the pictures come from the simulated gateway, which is not public."""
    instances = Instance.objects.filter(
        pk__in=Conversation.objects.filter(contact=contact).values("instance"), provider="sandbox"
    )
    ports = {urlsplit(instance.base_url).port for instance in instances}
    return [f"{host}:{port}" for port in ports for host in ("127.0.0.1", "localhost")]
