"""Erasing a conversation or a person for good (LGPD): rows, objects, cache, the frames of events, stored webhooks.

Files go first, while their rows still say where they are: a run that fails half-way (storage away) is run again. Then
everything else in one unit. A frame is replaced by one that says nothing, under the same number, so that the log has no
hole. What a person wrote in groups goes, too; where others wrote of them, their addresses are blacked out.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.chat import expiry, forgotten, mentions, proxy, work
from backend.chat.mentions import Marks
from backend.chat.models import Contact, ContactAddress, Conversation, Message
from backend.chat.people import all_spellings
from backend.jobs import queue
from backend.jobs.models import Job
from backend.lib.errors import Conflict, Missing, TryLater
from backend.media import orphans, retention
from backend.media.cache import media_cache
from backend.media.models import Attachment
from backend.media.storages import media_storage
from backend.realtime import log, wire
from backend.tenants.models import Tenant

logger = logging.getLogger(__name__)

Status = Attachment.Status
BATCH = 500
LATER = timedelta(minutes=10)
"""After all tries of a job that held a file of what was erased."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is erased: conversations, and with `contact` the person as well. `addresses` are all spellings of theirs."""

    tenant_id: UUID
    conversation_ids: frozenset[UUID]
    contact: Contact | None = None
    addresses: tuple[str, ...] = ()

    def messages(self) -> QuerySet[Message]:
        mine = Q(conversation__in=self.conversation_ids)
        if self.contact is not None and not self.contact.is_group:
            in_groups = Q(conversation__contact__is_group=True)
            phones = [address for address in self.addresses if address.isdigit()]
            mine |= in_groups & Q(sender_phone__in=phones)
            if not phones and self.contact.name:
                mine |= in_groups & Q(sender_phone="", sender_name=self.contact.name)
        return Message.objects.filter(mine, tenant_id=self.tenant_id)

    def files(self) -> QuerySet[Attachment]:
        """Those of no other message, and the person's picture."""
        messages = self.messages()
        elsewhere = Message.objects.filter(tenant_id=self.tenant_id, attachment__isnull=False).exclude(pk__in=messages)
        mine = Q(pk__in=messages.exclude(attachment=None).values("attachment"))
        if self.contact is not None:
            mine |= Q(pk=self.contact.photo_id)
        return Attachment.objects.filter(mine, tenant_id=self.tenant_id).exclude(pk__in=elsewhere.values("attachment"))

    def marks(self) -> Marks:
        """How to tell, elsewhere, that something speaks of this."""
        rows = list(self.messages().values_list("pk", "provider_id", "attachment"))
        contact = self.contact
        ours = {row[0] for row in rows} | {row[2] for row in rows} | self.conversation_ids
        return Marks(
            ids=frozenset(str(key) for key in (*ours, contact and contact.pk) if key is not None),
            provider_ids=frozenset(row[1] for row in rows if row[1]),
            addresses=self.addresses,
            name=contact.name if contact else "",
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What an erasure takes away, or has taken away."""

    conversations: int
    messages: int
    files: int
    bytes: int
    events: int
    webhooks: int
    waiting: int
    """Webhooks that speak of it and are not understood yet: they would bring it back. Run it again."""


def conversation(tenant: Tenant, conversation_id: str) -> Scope:
    """Raises Missing(`no_such_conversation`)."""
    found = Conversation.objects.filter(Q(pk=_uuid(conversation_id)), tenant=tenant).first()
    if found is None:
        raise Missing("no_such_conversation", f"{tenant.slug} has no conversation {conversation_id}")
    return of_conversation(found)


def person(tenant: Tenant, id_or_phone: str) -> Scope:
    """By the contact's id, or by any spelling of a whole phone. Raises Missing(`no_such_contact`) and Conflict when
    several are meant: nobody is erased by mistake."""
    digits = "".join(letter for letter in id_or_phone if letter.isdigit())
    known = ContactAddress.objects.filter(tenant=tenant, address__in=[*all_spellings([digits]), id_or_phone])
    mine = Q(pk=_uuid(id_or_phone)) | Q(pk__in=known.values("contact")) | (Q(phone=digits) if digits else Q(pk=None))
    found = list(Contact.objects.filter(mine, tenant=tenant)[:2])
    if not found:
        raise Missing("no_such_contact", f"{tenant.slug} has no such contact")
    if len(found) > 1:
        raise Conflict("several_contacts", f"Several contacts have it: name one of {[str(one.pk) for one in found]}.")
    return of_contact(found[0])


def of_conversation(row: Conversation) -> Scope:
    return Scope(row.tenant_id, frozenset({row.pk}))


def of_contact(contact: Contact) -> Scope:
    conversations = Conversation.objects.filter(contact=contact).values_list("pk", flat=True)
    told = ContactAddress.objects.filter(contact=contact).values_list("address", flat=True)
    addresses = all_spellings([*told, *([contact.phone] if contact.phone else [])])
    return Scope(contact.tenant_id, frozenset(conversations), contact, tuple(addresses))


def look(scope: Scope) -> Found:
    """What `erase` would do."""
    marks = scope.marks()
    webhooks, waiting = mentions.search(scope.tenant_id, marks).count()
    return _found(scope, len(log.find(scope.tenant_id, marks.is_in_frame)), webhooks, waiting)


def erase(scope: Scope) -> Found:
    """Raises Conflict(`hand_over_in_progress`) while a message is with the gateway, TryLater while storage or cache
    is away or something new keeps coming."""
    tenant_id, marks = scope.tenant_id, scope.marks()
    _check_nothing_is_leaving(scope)
    # What takes long comes first: while the conversations are locked only what came meanwhile is searched.
    newest = log.newest(tenant_id)
    frames, spoken = dict(log.find(tenant_id, marks.is_in_frame)), mentions.search(tenant_id, marks)
    _remove_files(scope)
    with log.unit(tenant_id):
        touched = _lock(scope)
        _lock_what_may_leave(scope)
        _check_nothing_is_leaving(scope)
        _check_nothing_came(scope, marks)
        spoken = mentions.search(tenant_id, marks, known=spoken)
        frames |= log.find(tenant_id, marks.is_in_frame, after_seq=newest)
        webhooks, waiting = mentions.blank_webhooks(tenant_id, spoken, marks)
        found = _found(scope, log.blank(frames.items()), webhooks, waiting)
        mentions.black_out(scope.messages(), tenant_id, marks)
        _delete_rows(scope, marks)
        forgotten.remember(tenant_id, marks.provider_ids | spoken.provider_ids)
        _look_again_later(scope)
        _find_last_messages(touched)
        log.publish(wire.Erased(conversation_ids=[str(key) for key in touched]))
    logger.warning("erased", extra={"tenant_id": tenant_id, "messages": found.messages, "files": found.files})
    return found


def _found(scope: Scope, events: int, webhooks: int, waiting: int) -> Found:
    files = list(scope.files().values_list("size_bytes", flat=True))
    return Found(
        conversations=len(scope.conversation_ids),
        messages=scope.messages().count(),
        files=len(files),
        bytes=sum(files),
        events=events,
        webhooks=webhooks,
        waiting=waiting,
    )


def _remove_files(scope: Scope) -> None:
    """Nobody can read them from here on; objects that other rows refer to stay, theirs."""
    keys = list(scope.files().values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        some = Attachment.objects.filter(pk__in=keys[start : start + BATCH])
        some.update(status=Status.EXPIRED, pinned=False)
        for row in some.exclude(storage_key="", upload={}):
            _remove_upload(row)
            expiry.remove(row)
    for conversation_id in scope.conversation_ids:
        take_back(f"{scope.tenant_id}/{conversation_id}")
    _forget_what_is_near(scope)


def _forget_what_is_near(scope: Scope) -> None:
    """Last, when nothing is left of which it could be filled again."""
    hashes = list(scope.files().values_list("media_hash", flat=True))
    done = [media_cache().forget(hashes[start : start + BATCH]) for start in range(0, len(hashes), BATCH)]
    if scope.contact is not None:
        done.append(proxy.forget(scope.contact.photo_source))
    if not all(done):
        raise TryLater("cache_unavailable", "The cache is away, and may still have files: run it again.")


def _remove_upload(row: Attachment) -> None:
    storage, upload = media_storage(), row.upload
    if not upload:
        return
    if parts_id := upload.get("multipart_id"):
        storage.drop_parts(upload["key"], parts_id)
    if "key" in upload:
        storage.delete(upload["key"])
    Attachment.objects.filter(pk=row.pk).update(upload={})


def _check_nothing_is_leaving(scope: Scope) -> None:
    if scope.messages().filter(status="sending").exists():
        raise Conflict("hand_over_in_progress", "A message is with the gateway: run it again in a minute.")


def _check_nothing_came(scope: Scope, marks: Marks) -> None:
    left = scope.files().exclude(status=Status.EXPIRED, storage_key="", upload={})
    newer = Conversation.objects.filter(contact=scope.contact).exclude(pk__in=scope.conversation_ids)
    if scope.marks() != marks or left.exists() or (scope.contact and newer.exists()):
        raise TryLater("something_came", "A message or a file came meanwhile: run it again.")


def _lock(scope: Scope) -> list[UUID]:
    """The conversations that lose something, groups that the person wrote in too."""
    touched = Q(pk__in=scope.conversation_ids) | Q(pk__in=scope.messages().values("conversation"))
    rows = Conversation.objects.select_for_update().filter(touched, tenant_id=scope.tenant_id)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _lock_what_may_leave(scope: Scope) -> None:
    """Whoever takes a message to the gateway has taken it before, or finds it gone."""
    unsent = scope.messages().filter(status__in=("waiting", "queued", "sending")).order_by("pk")
    list(unsent.select_for_update(of=("self",)).values_list("pk", flat=True))


def _find_last_messages(conversation_ids: list[UUID]) -> None:
    """Of groups that lost their newest."""
    for row in Conversation.objects.filter(pk__in=conversation_ids, last_message=None):
        row.last_message = Message.objects.filter(conversation=row).order_by("-sent_at", "-pk").first()
        row.save(update_fields=["last_message"])


def _look_again_later(scope: Scope) -> None:
    """A job that stored a file meanwhile may have ended before it could take it back."""
    later = timezone.now() + LATER
    for conversation_id in scope.conversation_ids:
        subject = f"{scope.tenant_id}/{conversation_id}"
        queue.enqueue(work.TAKE_BACK, subject, tenant_id=scope.tenant_id, run_at=later)


def take_back(subject: str) -> None:
    """What lies there of a conversation that was erased. Subject: `{tenant}/{conversation}`. Raises TryLater."""
    orphans.remove_below(f"{retention.PREFIX}{subject}/")


def _delete_rows(scope: Scope, marks: Marks) -> None:
    files = list(scope.files().values_list("pk", flat=True))
    keys = list(scope.messages().values_list("pk", flat=True))
    Conversation.objects.filter(last_message__in=scope.messages()).update(last_message=None)
    for start in range(0, len(keys), BATCH):
        Message.objects.filter(pk__in=keys[start : start + BATCH]).delete()
    Conversation.objects.filter(pk__in=scope.conversation_ids).delete()
    if scope.contact is not None:
        Contact.objects.filter(pk=scope.contact.pk).delete()
    for start in range(0, len(files), BATCH):
        Attachment.objects.filter(pk__in=files[start : start + BATCH]).delete()
    ids = sorted(marks.ids)
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        Job.objects.filter(tenant_id=scope.tenant_id, subject__in=some, leased_until=None).delete()
        LogEntry.objects.filter(object_id__in=some).update(object_repr="erased", change_message="")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
