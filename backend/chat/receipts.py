"""What WhatsApp says of a message after it was said: how far it came, edits, deletions, reactions.

News only moves a message forward, whatever order it comes in. News of a message that we do not know yet is parked, and
settled when the message comes: here for the inbox, by `settle` for whoever learns a message's provider id otherwise.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Literal
from uuid import UUID

from django.db import transaction
from pydantic import JsonValue

from backend.chat import present
from backend.chat.desk import Desk
from backend.chat.models import Conversation, Message, Parked
from backend.chat.people import all_spellings
from backend.gateways.base import MessageDeleted, MessageEdited, Party, Progress, Reacted, ReceiptSeen
from backend.media.models import Attachment
from backend.realtime import log, wire

Kind = Literal["receipt", "edit", "delete", "reaction"]
News = ReceiptSeen | MessageEdited | MessageDeleted | Reacted
RANK = {"sent": 1, "delivered": 2, "read": 3, "played": 4}
MAY_FAIL = {"queued", "sending", "sent"}
UNSEEN = ["edited_at"]
"""Of what news changes: an edit to the text that is there already, which older edits must not overrule."""
ME = "me"
"""The address under which our own side's reaction is kept."""


# --- What news does to a message, in memory ---------------------------------------------------------------------------


def advance(message: Message, progress: Progress) -> bool:
    """Move an outgoing message's status forward; a proof of delivery also revives one that was given up."""
    if message.direction != Message.Direction.OUTGOING:
        return False
    if progress == "failed":
        if message.status not in MAY_FAIL:
            return False
        message.status, message.error_code = "failed", "not_delivered"
        message.error_detail = "WhatsApp reported an error for this message"
        return True
    if message.status == "failed" and (progress == "sent" or message.error_code == "media_refused"):
        return False  # a file that arrived without its bytes is delivered and read, and still not there
    if RANK[progress] <= RANK.get(message.status, 0):
        return False
    message.status, message.error_code, message.error_detail = progress, "", ""
    return True


def edit(message: Message, text: str, at: datetime) -> bool:
    """Change the text, unless a newer edit did already. One that changes nothing is newer all the same."""
    if message.deleted_at or (message.edited_at and message.edited_at >= at):
        return False
    is_another = message.text != text
    message.text, message.edited_at = text, at
    return is_another


def delete(message: Message, at: datetime) -> bool:
    if message.deleted_at:
        return False
    message.deleted_at = at
    return True


def react(message: Message, emoji: str, *, by: str, addresses: Sequence[str], at: datetime) -> bool:
    """One reaction for each person; an older one never overrules. A reaction taken away leaves its time behind, also
    when it is the first that we hear of it."""
    known = all_spellings(addresses)
    moment = int(at.timestamp() * 1000)
    mine = next((one for one in message.reactions if one["address"] in known), None)
    if mine and (mine.get("at", 0) > moment or (mine.get("at", 0) == moment and mine["emoji"] == emoji)):
        return False
    others = [one for one in message.reactions if one["address"] not in known]
    message.reactions = [*others, {"emoji": emoji, "by": by, "address": addresses[0], "at": moment}]
    return True


# --- News as it comes -------------------------------------------------------------------------------------------------


def receive(desk: Desk, instance_id: UUID, news: News, received_at: datetime) -> None:
    """Apply one piece of news to its message, or park it."""
    message = desk.message(instance_id, news.provider_id)
    if message is None:
        _park(desk, instance_id, news, received_at)
    elif isinstance(news, ReceiptSeen) and not news.from_me:
        _read_elsewhere(desk.conversation_of(message), message)
    elif changed := _apply(message, news, received_at):
        message.save(update_fields=changed)
        if changed != UNSEEN:
            log.publish(_event(message, news))


def catch_up(instance_id: UUID, provider_id: str) -> None:
    """Outside any unit. While a message became known its news may have been parked, each unseen by the other: whoever
    has committed one of the two looks once more for the other."""
    if not Parked.objects.filter(instance_id=instance_id, provider_id=provider_id).exists():
        return
    known = Message.objects.filter(instance_id=instance_id, provider_id=provider_id)
    found = known.values_list("pk", "tenant_id", "conversation").first()
    if found is None:
        return
    pk, tenant_id, conversation_id = found
    with log.unit(tenant_id):
        Conversation.objects.select_for_update().get(pk=conversation_id)
        rows = present.messages().select_related("conversation__contact").select_for_update(of=("self",))
        settle(rows.get(pk=pk))


def settle(message: Message) -> bool:
    """Apply what was parked for a saved message whose provider id has just become known. Inside a unit.

    True when something changed; it is saved and published.
    """
    rows = Parked.objects.filter(instance_id=message.instance_id, provider_id=message.provider_id).order_by("pk")
    waiting = list(rows)
    applied = absorb(message, waiting)
    if applied:
        message.save(update_fields=sorted({field for _, changed in applied for field in changed}))
        for news, changed in applied:
            if changed != UNSEEN:
                log.publish(_event(message, news))
    return bool(applied)


def absorb(message: Message, waiting: list[Parked]) -> list[tuple[News, list[str]]]:
    """Change `message` in memory by everything in `waiting`, oldest first and deletions last, and empty the list.

    Returns what made a difference, with the fields that it changed.
    """
    if not waiting:
        return []
    news = [(_unparked(row), row.created_at) for row in sorted(waiting, key=_settling_order)]
    Parked.objects.filter(pk__in=[row.pk for row in waiting]).delete()
    waiting.clear()
    applied = ((one, _apply(message, one, parked_at)) for one, parked_at in news)
    return [(one, changed) for one, changed in applied if changed]


def is_read_elsewhere(waiting: list[Parked]) -> bool:
    """Whether one of these receipts says that we read the message on the phone."""
    return any(row.kind == "receipt" and not row.content["from_me"] for row in waiting)


def _apply(message: Message, news: News, at: datetime) -> list[str]:
    """Change `message` in memory. Returns the fields that changed."""
    if isinstance(news, ReceiptSeen):
        moved = news.from_me and advance(message, news.progress)
        return ["status", "error_code", "error_detail"] if moved else []
    if isinstance(news, MessageEdited):
        before = message.edited_at
        is_another = edit(message, news.text, news.at or at)
        return ["text", "edited_at"] if is_another else UNSEEN if message.edited_at != before else []
    if isinstance(news, MessageDeleted):
        return ["deleted_at"] if delete(message, at) else []
    contact = message.conversation.contact
    by = news.by.name or ("" if news.from_me else contact.name or contact.phone)
    addresses = (ME,) if news.from_me else news.by.addresses or (ME,)
    return ["reactions"] if react(message, news.emoji, by=by, addresses=addresses, at=news.at or at) else []


def _event(message: Message, news: News) -> wire.Durable:
    if isinstance(news, ReceiptSeen):
        return present.message_status(message)
    if isinstance(news, MessageDeleted):
        return wire.MessageDeleted(message=present.message(message))
    shape = present.message(with_attachment(message))
    return wire.MessageEdited(message=shape) if isinstance(news, MessageEdited) else wire.MessageReacted(message=shape)


def with_attachment(message: Message) -> Message:
    """With its attachment as it is now, locked: `attachment_ready` is told before us or after, never undone."""
    if message.attachment_id:
        message.attachment = Attachment.objects.select_for_update().get(pk=message.attachment_id)
    return message


def _read_elsewhere(conversation: Conversation, message: Message) -> None:
    """We read this customer's message on the phone: only what came after it is still unread."""
    if not conversation.unread or message.direction != Message.Direction.INCOMING:
        return
    newer = Message.objects.filter(
        conversation=conversation, direction=Message.Direction.INCOMING, sent_at__gt=message.sent_at
    ).count()
    if newer < conversation.unread:
        conversation.unread = newer
        conversation.save(update_fields=["unread"])
        log.publish(wire.ConversationUpdated(conversation=present.conversation(conversation)))


# --- The parking place ------------------------------------------------------------------------------------------------


def _park(desk: Desk, instance_id: UUID, news: News, received_at: datetime) -> None:
    """Keep it until its message comes; the same news twice is kept once."""
    kind, content = _written(news)
    waiting = desk.parked(instance_id, news.provider_id)
    if any(row.kind == kind and row.content == content for row in waiting):
        return
    row = Parked(
        tenant_id=desk.tenant_id,
        instance_id=instance_id,
        provider_id=news.provider_id,
        kind=kind,
        content=content,
        created_at=received_at,
    )
    row.save(force_insert=True)
    waiting.append(row)
    transaction.on_commit(partial(catch_up, instance_id, news.provider_id), robust=True)


def _written(news: News) -> tuple[Kind, dict[str, JsonValue]]:
    if isinstance(news, ReceiptSeen):
        return "receipt", {"progress": news.progress, "from_me": news.from_me}
    if isinstance(news, MessageEdited):
        return "edit", {"text": news.text, "at": _written_time(news.at)}
    if isinstance(news, MessageDeleted):
        return "delete", {}
    return "reaction", {
        "emoji": news.emoji,
        "name": news.by.name,
        "addresses": [*news.by.addresses],
        "from_me": news.from_me,
        "at": _written_time(news.at),
    }


def _unparked(row: Parked) -> News:
    content = row.content
    if row.kind == "receipt":
        return ReceiptSeen(row.provider_id, content["progress"], content["from_me"])
    if row.kind == "edit":
        return MessageEdited(row.provider_id, content["text"], _read_time(content["at"]))
    if row.kind == "delete":
        return MessageDeleted(row.provider_id)
    by = Party(tuple(content["addresses"]), content["name"])
    return Reacted(row.provider_id, content["emoji"], by, content["from_me"], _read_time(content["at"]))


def _settling_order(row: Parked) -> tuple[bool, datetime]:
    return row.kind == "delete", _read_time(row.content.get("at")) or row.created_at


def _written_time(at: datetime | None) -> float | None:
    return at.timestamp() if at else None


def _read_time(at: float | None) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if at is not None else None
