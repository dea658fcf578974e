"""Profile pictures: kept small in our storage, because WhatsApp's addresses expire within days and its pictures change.

`seen` is told of everybody who writes or is spoken of, `copy` is the job. What is not there is not asked for again
within a day; the last good copy stays until there is a better one.
"""

import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from backend.chat import downloads, present, proxy, work
from backend.chat.models import Contact, Conversation
from backend.gateways import evolution_send
from backend.jobs.queue import enqueue
from backend.lib import safe_fetch
from backend.lib.errors import ChatError, Missing, Refused, TryLater
from backend.media import pipeline, portraits, retention
from backend.media.cache import media_cache
from backend.media.models import Attachment, new_media_hash
from backend.media.spool import Spooled
from backend.media.storages import media_storage
from backend.realtime import log, wire

logger = logging.getLogger(__name__)

FETCH_SECONDS = 30.0
REMEMBERED = timedelta(days=1)
FIRST_SIGHT = timedelta(seconds=3)
"""A message is followed by word of its contact, which mostly says where the picture is: then nobody need be asked."""


def seen(contact: Contact, url: str = "") -> None:
    """Somebody was heard of, with the address of their picture or without: have it copied if we want it.

    Inside the caller's unit.
    """
    is_another = bool(url) and not _is_same(url, contact.photo_source)
    if not is_another and (_is_here(contact) or _was_asked_lately(contact)):
        return
    if url and contact.photo_source not in {"", url}:
        transaction.on_commit(partial(proxy.forget, contact.photo_source), robust=True)
    contact.photo_source = url or contact.photo_source
    contact.photo_asked_at = timezone.now()
    contact.save(update_fields=["photo_source", "photo_asked_at"])
    run_at = None if contact.photo_source else timezone.now() + FIRST_SIGHT
    enqueue(work.PROFILE_PICTURE, contact.pk, tenant_id=contact.tenant_id, run_at=run_at)


def copy(contact_id: UUID) -> None:
    """Fetch the picture and show it from our storage from now on. That there is none is an answer too.

    Raises TryLater while the picture's host, the gateway or our storage is away.
    """
    contact = Contact.objects.select_related("photo").filter(pk=contact_id).first()
    if contact is None or _is_here(contact):
        return
    for source in _sources(contact):
        try:
            with _fetched(source) as spooled, portraits.portrait(spooled) as made:
                _keep(contact, source, made)
                return
        except (Missing, Refused) as error:
            logger.info("[IMG] no profile picture", extra={"contact_id": contact_id, "code": error.code})
    Contact.objects.filter(pk=contact_id).update(photo_asked_at=timezone.now())


def _is_here(contact: Contact) -> bool:
    return contact.photo_id is not None and contact.photo_asked_at is None


def _is_same(url: str, other: str) -> bool:
    """WhatsApp signs a picture's address anew each time: its path is what names the picture."""
    return urlsplit(url).path == urlsplit(other).path


def _was_asked_lately(contact: Contact) -> bool:
    return contact.photo_asked_at is not None and timezone.now() - contact.photo_asked_at < REMEMBERED


def _sources(contact: Contact) -> Iterator[str]:
    """Where the picture may be: what a webhook said, and, where that leads nowhere, what the gateway says now."""
    if contact.photo_source:
        yield contact.photo_source
    asked = _told_by_the_gateway(contact)
    if asked and asked != contact.photo_source:
        yield asked


def _told_by_the_gateway(contact: Contact) -> str:
    """Asked for each of the person's addresses: a phone may be silent where its LID is not, and the other way round."""
    conversations = Conversation.objects.filter(contact=contact).select_related("instance")
    newest = conversations.order_by("-last_message_at").first()
    if newest is None:
        return ""
    addresses = list(contact.addresses.order_by("pk").values_list("address", flat=True))
    own = [one for one in addresses if "@" in one or one == contact.phone]
    access = downloads.access_to(newest.instance)
    with contextlib.suppress(Refused):
        return next(filter(None, (evolution_send.picture_url(access, one) for one in own)), "")
    return ""


@contextmanager
def _fetched(source: str) -> Iterator[Spooled]:
    private = proxy.playground_hosts()
    with safe_fetch.fetch(
        source, max_bytes=proxy.MAX_BYTES, total_seconds=FETCH_SECONDS, private_hosts=private
    ) as answer:
        if answer.status in proxy.GONE:
            raise Missing("picture_gone", f"the picture's host answered {answer.status}")
        if answer.status != 200:
            raise TryLater("picture_host_down", f"the picture's host answered {answer.status}")
        spooled = pipeline.spool(answer.chunks, limit_bytes=proxy.MAX_BYTES)
    with spooled:
        yield spooled


def _keep(contact: Contact, source: str, made: Spooled) -> None:
    """Another picture is another object, with another address; the same one changes nothing that anybody sees."""
    former = contact.photo
    if former is not None and former.content_sha256 == made.sha256:
        _settle(contact, source, former)
        return
    unguessable = new_media_hash()
    key = pipeline.profile_pic_key(contact.tenant_id, unguessable)
    portraits.put(made, key, unguessable)
    try:
        with log.unit(contact.tenant_id):
            # Conversations before contacts, and those by id: the order in which everybody locks.
            rows = list(present.conversations().filter(contact=contact).select_for_update(of=("self",)).order_by("pk"))
            _settle(contact, source, _attachment(contact, made, key, unguessable))
            _tell(contact.pk, [row.pk for row in rows])
    except ChatError:
        with contextlib.suppress(ChatError):  # as below
            media_storage().delete(key)
        media_cache().forget([unguessable])
        raise
    proxy.forget(contact.photo_source, source)  # what was shown until now
    if former is not None:
        _forget(former)


def _settle(contact: Contact, source: str, picture: Attachment) -> None:
    mine = Contact.objects.filter(pk=contact.pk, photo_source=contact.photo_source)
    if not mine.update(photo=picture, photo_source=source, photo_asked_at=None):
        raise TryLater("picture_changed", "another picture came while this one was copied")


def _attachment(contact: Contact, made: Spooled, key: str, unguessable: str) -> Attachment:
    return Attachment.objects.create(
        tenant_id=contact.tenant_id,
        file_name="profile.jpg",
        file_type=portraits.MIME,
        size_bytes=made.size_bytes,
        status=Attachment.Status.COMPLETED,
        storage_type=media_storage().storage_type,
        storage_key=key,
        media_hash=unguessable,
        content_sha256=made.sha256,
        metadata={"width": portraits.SIDE, "height": portraits.SIDE},
    )


def _tell(contact_id: UUID, conversation_ids: list[UUID]) -> None:
    log.publish(wire.ContactUpdated(contact=present.contact(Contact.objects.get(pk=contact_id))))
    for row in present.conversations().filter(pk__in=conversation_ids).order_by("pk"):
        log.publish(wire.ConversationUpdated(conversation=present.conversation(row)))


def _forget(former: Attachment) -> None:
    """The row first: an object without a row is only waste, a row without its object is a broken picture."""
    former.delete()
    with contextlib.suppress(ChatError):  # the sweep of orphans will find it
        retention.remove_objects(former)
