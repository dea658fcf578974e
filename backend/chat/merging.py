"""Two contacts turn out to be one person: everything of the younger moves to the older."""

from uuid import UUID

from django.db.models import QuerySet

from backend.chat import present, work
from backend.chat.models import Contact, ContactAddress, Conversation, Message
from backend.jobs.queue import enqueue
from backend.lib.errors import TryLater
from backend.media.models import Attachment
from backend.realtime import log, wire

RESOLVED = Conversation.Status.RESOLVED


def merge(kept: Contact, dropped: Contact) -> None:
    """Move addresses and conversations, fill what `kept` lacks, and let `dropped` go.

    Where both have an open conversation through the same number, the older takes the other's messages. Raises TryLater
    while a message of theirs is being handed over: its outcome is being written to where it is.
    """
    theirs = list(_locked(Conversation.objects.filter(contact__in=(kept, dropped))))
    open_ones = [one for one in theirs if one.status != RESOLVED]
    for mine in [one for one in open_ones if one.contact_id == kept.pk]:
        for other in [one for one in open_ones if one.contact_id == dropped.pk and one.instance_id == mine.instance_id]:
            _join(*sorted((mine, other), key=lambda one: (one.created_at, one.pk)))
    Conversation.objects.filter(contact=dropped).update(contact=kept)
    ContactAddress.objects.filter(contact=dropped).update(contact=kept)
    _inherit(kept, dropped)
    Contact.objects.filter(pk=dropped.pk).delete()
    if dropped.photo_id and dropped.photo_id != kept.photo_id:
        Attachment.objects.filter(pk=dropped.photo_id).delete()  # its object goes with the sweep of orphans
    for conversation in present.conversations().filter(contact=kept).exclude(status=RESOLVED):
        log.publish(wire.ConversationUpdated(conversation=present.conversation(conversation)))


def _locked(conversations: QuerySet[Conversation]) -> QuerySet[Conversation]:
    return conversations.select_for_update(of=("self",)).order_by("pk")


def _join(older: Conversation, younger: Conversation) -> None:
    """The younger conversation's messages move; browsers see it resolved, and then it is gone."""
    leaving = Message.objects.filter(conversation__in=(older, younger), status__in=("queued", "sending"))
    if "sending" in leaving.select_for_update().order_by("pk").values_list("status", flat=True):
        raise TryLater("hand_over_in_progress", after_seconds=5)
    Message.objects.filter(conversation=younger).update(conversation=older)
    newest = max((one for one in (older, younger) if one.last_message_at), key=_last_moment, default=older)
    older.last_message_id, older.last_message_at = newest.last_message_id, newest.last_message_at
    older.unread += younger.unread
    older.assignee_id = older.assignee_id or younger.assignee_id
    older.save(update_fields=["last_message", "last_message_at", "unread", "assignee"])
    enqueue(work.SEND, older.pk, tenant_id=older.tenant_id)  # what was queued in the younger one leaves from here
    _close(younger.pk)


def _last_moment(conversation: Conversation) -> float:
    return conversation.last_message_at.timestamp() if conversation.last_message_at else 0.0


def _close(conversation_id: UUID) -> None:
    Conversation.objects.filter(pk=conversation_id).update(status=RESOLVED, unread=0, last_message=None)
    emptied = present.conversations().get(pk=conversation_id)
    log.publish(wire.ConversationUpdated(conversation=present.conversation(emptied)))
    emptied.delete()


def _inherit(kept: Contact, dropped: Contact) -> None:
    kept.name = kept.name or dropped.name
    kept.phone = kept.phone or dropped.phone
    if kept.photo_id is None:
        kept.photo_id, kept.photo_source = dropped.photo_id, dropped.photo_source
        kept.photo_asked_at = dropped.photo_asked_at
    kept.save(update_fields=["name", "phone", "photo", "photo_source", "photo_asked_at"])
    if kept.photo_id is None and kept.photo_source:
        enqueue(work.PROFILE_PICTURE, kept.pk, tenant_id=kept.tenant_id)
