"""What agents do to messages that are there: edit, delete for everyone, react, and tell that they were read.

The gateway is asked first, outside any transaction; only what it took is written down.
"""

from datetime import timedelta
from uuid import UUID

from django.db import close_old_connections
from django.utils import timezone

from backend.chat import parcels, present, receipts, work
from backend.chat.downloads import access_to
from backend.chat.models import Conversation, Message
from backend.gateways import evolution_send
from backend.gateways.base import MessageKey
from backend.gateways.evolution_base64 import GatewayAccess
from backend.jobs import queue
from backend.lib.errors import Conflict, Missing, Refused, TryLater
from backend.lib.text import clean
from backend.realtime import log, wire
from backend.tenants.models import User

EDIT_WITHIN = timedelta(minutes=15)
DELETE_WITHIN = timedelta(hours=60)
"""WhatsApp's own terms."""
EDITABLE = {"text", "image", "video"}
"""tests/contract/evolution.md 4.5, updateMessage."""
EMOJI_LIMIT = 32
READ_AT_ONCE = 20


def edit(message: Message, text: str) -> wire.Message:
    """Raises Refused `not_editable`, `empty_message` and Conflict `too_late`."""
    text = clean(text, limit=65_536)
    if not text.strip():
        raise Refused("empty_message", "There is nothing to send.")
    if message.direction != Message.Direction.OUTGOING or message.kind not in EDITABLE or message.deleted_at:
        raise Refused("not_editable", "Only our own texts and captions can be edited.")
    _check_term(message, EDIT_WITHIN)
    evolution_send.edit_text(*_at_the_gateway(message), text)
    with log.unit(message.tenant_id):
        row = _locked(message)
        receipts.edit(row, text, timezone.now())
        row.save(update_fields=["text", "edited_at"])
        shape = present.message(receipts.with_attachment(row))
        log.publish(wire.MessageEdited(message=shape))
    return shape


def delete(message: Message) -> wire.Message:
    """For everyone. Raises Refused `not_editable` for a customer's message and Conflict `too_late`."""
    if message.direction != Message.Direction.OUTGOING:
        raise Refused("not_editable", "Only our own messages can be deleted for everyone.")
    _check_term(message, DELETE_WITHIN)
    evolution_send.delete_for_everyone(*_at_the_gateway(message))
    with log.unit(message.tenant_id):
        row = _locked(message)
        receipts.delete(row, timezone.now())
        row.save(update_fields=["deleted_at"])
        shape = present.message(row)
        log.publish(wire.MessageDeleted(message=shape))
    return shape


def react(message: Message, emoji: str, author: User) -> wire.Message:
    """Put our side's one reaction on a message, or take it away (empty)."""
    emoji = clean(emoji).strip()
    if len(emoji) > EMOJI_LIMIT:
        raise Refused("not_an_emoji", "A reaction is one emoji.")
    if not message.provider_id or message.deleted_at:
        raise Conflict("too_late", "This message cannot be reacted to.")
    evolution_send.react(*_at_the_gateway(message), emoji)
    with log.unit(message.tenant_id):
        row = _locked(message)
        receipts.react(row, emoji, by=author.name, addresses=(receipts.ME,), at=timezone.now())
        row.save(update_fields=["reactions"])
        shape = present.message(receipts.with_attachment(row))
        log.publish(wire.MessageReacted(message=shape))
    return shape


def want_read(conversation: Conversation) -> None:
    """Inside a unit: WhatsApp will be told that the customer was read."""
    queue.enqueue(work.MARK_READ, conversation.pk, tenant_id=conversation.tenant_id)


def mark_read(conversation_id: str) -> None:
    """Best effort, by the gateway's own terms: blue ticks for the customer's newest messages."""
    found = (
        Conversation.objects.select_related("instance", "contact").filter(pk=UUID(conversation_id), unread=0).first()
    )
    if found is None:
        return
    incoming = parcels.messages().filter(conversation=found, direction=Message.Direction.INCOMING)
    newest = incoming.exclude(provider_id="").order_by("-sent_at")[:READ_AT_ONCE]
    keys = [parcels.key_of(message) for message in newest]
    if not keys:
        return
    try:
        evolution_send.mark_read(access_to(found.instance), keys)
    except TryLater:
        return  # not worth a retry: the customer's next message brings the next occasion


def _check_term(message: Message, term: timedelta) -> None:
    if not message.provider_id:
        raise Conflict("too_late", "This message has not been sent; cancel it instead.")
    if timezone.now() - message.sent_at > term:
        raise Conflict("too_late", "WhatsApp's term for this has passed.")


def _locked(message: Message) -> Message:
    Conversation.objects.select_for_update().get(pk=message.conversation_id)
    row = present.messages().select_for_update(of=("self",)).filter(pk=message.pk).first()
    if row is None:
        raise Missing("no_such_message")
    return row


def _at_the_gateway(message: Message) -> tuple[GatewayAccess, MessageKey]:
    """How it is reached there. Others need the database while a gateway thinks, for half a minute perhaps."""
    reached = access_to(message.instance), parcels.key_of(message)
    close_old_connections()
    return reached
