"""What a webhook tells becomes rows: one verb for each happening, all inside the caller's unit."""

import mimetypes
from datetime import datetime, timedelta
from functools import singledispatch

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from backend.chat import outbox, pictures, present, receipts, reconcile, threads, work
from backend.chat.desk import Desk, Letter
from backend.chat.models import Contact, Conversation, Message
from backend.gateways.base import (
    ConnectionChanged,
    ContactSeen,
    Happening,
    MediaOffer,
    MessageDeleted,
    MessageEdited,
    MessageSeen,
    PresenceSeen,
    Reacted,
    ReceiptSeen,
)
from backend.jobs.queue import enqueue
from backend.media.models import Attachment
from backend.realtime import bell, log, wire
from backend.tenants.models import Instance

CLOCK_TOLERANCE = timedelta(days=1)
"""A message from further ahead would stay the newest for ever: its time is not believed."""
ECHO_PATIENCE = timedelta(hours=1)
PRESENCE_SECONDS = 15
ADOPTED = ["provider_id", "status", "error_code", "error_detail", "text", "edited_at", "deleted_at", "reactions"]
UNKNOWN_TYPE = "application/octet-stream"
_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "video/mp4": ".mp4",
    "application/was": ".was",
}


def receive(desk: Desk, letter: Letter) -> None:
    """Do what the letter tells, in its order."""
    for happening in letter.happenings():
        _receive(happening, desk, letter)


@singledispatch
def _receive(happening: Happening, desk: Desk, letter: Letter) -> None:
    """Ignored and Unreadable need nothing here: the lane marks the event."""


@_receive.register(ReceiptSeen)
@_receive.register(MessageEdited)
@_receive.register(MessageDeleted)
@_receive.register(Reacted)
def _news(happening: receipts.News, desk: Desk, letter: Letter) -> None:
    receipts.receive(desk, letter.instance_id, happening, letter.received_at)


@_receive.register
def _message(seen: MessageSeen, desk: Desk, letter: Letter) -> None:
    """A message that we know is only moved forward; one of ours that is being handed over is recognised by its echo."""
    known = desk.message(letter.instance_id, seen.provider_id)
    if known is not None:
        if seen.from_me and seen.progress:
            news = ReceiptSeen(seen.provider_id, seen.progress, from_me=True)
            receipts.receive(desk, letter.instance_id, news, letter.received_at)
        return
    contact = desk.meet(seen.chat)
    if seen.is_echo and _adopt(seen, contact, desk, letter):
        return
    pictures.seen(contact)
    sender = desk.recognise(seen.sender) if seen.sender else None
    _add(seen, desk.conversation_with(letter.instance_id, contact), sender, desk, letter)


def _adopt(seen: MessageSeen, contact: Contact, desk: Desk, letter: Letter) -> bool:
    """The echo may come before the gateway's answer, or instead of it: an unanswered message that says the same is it.

    The one in hand-over first, else one that was given up within ECHO_PATIENCE because nobody knew what became of it.
    """
    candidates = present.messages().filter(
        Q(status="sending") | Q(error_code=outbox.MAY_HAVE_BEEN_SENT),
        handed_at__gte=letter.received_at - ECHO_PATIENCE,
        instance_id=letter.instance_id,
        conversation__contact=contact,
        direction=Message.Direction.OUTGOING,
        provider_id="",
        kind=seen.kind,
        text=seen.text,
    )
    mine = candidates.select_for_update(of=("self",)).order_by("-status", "sent_at", "pk").first()
    if mine is None:
        return False
    mine.conversation = desk.conversation_of(mine)
    mine.provider_id, mine.status, mine.error_code, mine.error_detail = (
        seen.provider_id,
        seen.progress or "sent",
        "",
        "",
    )
    receipts.absorb(mine, desk.parked(letter.instance_id, seen.provider_id))
    mine.save(update_fields=ADOPTED)
    desk.remember(mine)
    log.publish(_told(receipts.with_attachment(mine)))
    return True


def _add(seen: MessageSeen, conversation: Conversation, sender: Contact | None, desk: Desk, letter: Letter) -> None:
    waiting = desk.parked(letter.instance_id, seen.provider_id)
    is_unread = not seen.from_me and not receipts.is_read_elsewhere(waiting)
    message = _written(seen, conversation, sender, desk, letter)
    receipts.absorb(message, waiting)
    if seen.media:
        message.attachment = _attachment(seen.media, message)
        message.attachment.save(force_insert=True)
    message.save(force_insert=True)
    if message.attachment:
        enqueue(work.DOWNLOAD_MEDIA, message.attachment.pk, tenant_id=message.tenant_id)
    desk.remember(message)
    threads.append(conversation, message, is_unread=is_unread)
    log.publish(_told(message))


def _written(
    seen: MessageSeen, conversation: Conversation, sender: Contact | None, desk: Desk, letter: Letter
) -> Message:
    """The row, not yet saved. `sender` is who wrote it in a group, if we know them."""
    quoted = desk.message(letter.instance_id, seen.quote.provider_id) if seen.quote else None
    return Message(
        tenant_id=desk.tenant_id,
        instance_id=letter.instance_id,
        conversation=conversation,
        direction=Message.Direction.OUTGOING if seen.from_me else Message.Direction.INCOMING,
        kind=seen.kind,
        status=(seen.progress or "sent") if seen.from_me else "received",
        text=seen.text,
        provider_id=seen.provider_id,
        sender_name=seen.sender.name or (sender.name if sender else "") if seen.sender else "",
        sender_phone=seen.sender.phone or (sender.phone if sender else "") if seen.sender else "",
        quoted=quoted,
        quote={"provider_id": seen.quote.provider_id, "kind": seen.quote.kind, "text": seen.quote.text}
        if seen.quote
        else None,
        data=dict(seen.data),
        source=seen.source,
        sent_at=believed(seen.sent_at, letter.received_at),
    )


def believed(sent_at: datetime | None, received_at: datetime) -> datetime:
    """When the message was sent; when it was received, if what the payload says cannot be."""
    return sent_at if sent_at and sent_at <= received_at + CLOCK_TOLERANCE else received_at


def _told(message: Message) -> wire.Durable:
    shape, about = present.message(message), present.conversation(message.conversation)
    if message.direction == Message.Direction.INCOMING:
        return wire.MessageReceived(message=shape, conversation=about)
    return wire.MessageSent(message=shape, conversation=about)


def _attachment(offer: MediaOffer, message: Message) -> Attachment:
    """Everything that the payload already tells, so that the first event paints."""
    mimetype = offer.mimetype.partition(";")[0].strip().lower()
    ending = _ENDINGS.get(mimetype) or mimetypes.guess_extension(mimetype) or ""
    return Attachment(
        tenant_id=message.tenant_id,
        file_name=offer.file_name or f"{offer.kind}-{message.sent_at:%Y%m%d-%H%M%S}{ending}",
        file_type=mimetype if "/" in mimetype else UNKNOWN_TYPE,
        size_bytes=offer.size_bytes or 0,
        storage_type=settings.MEDIA_STORAGE,
        content_sha256=offer.sha256.hex() if offer.sha256 else "",
        metadata=_metadata(offer),
    )


def _metadata(offer: MediaOffer) -> dict[str, object]:
    known = {
        "width": offer.width,
        "height": offer.height,
        "duration": offer.duration,
        "pages": offer.pages,
        "waveform": list(offer.waveform) if offer.waveform else None,
        "preview": present.preview(offer.preview) if offer.preview else None,
        "animated": offer.is_animated or None,
    }
    return {name: value for name, value in known.items() if value is not None}


@_receive.register
def _contact(seen: ContactSeen, desk: Desk, letter: Letter) -> None:
    """A new name, or a picture to copy."""
    contact = desk.meet(seen.party)
    if seen.picture_url:
        pictures.seen(contact, seen.picture_url)


@_receive.register
def _connection(seen: ConnectionChanged, desk: Desk, letter: Letter) -> None:
    """Said of the instance only when it is news: a gateway without a network says `connecting` 80 times a second."""
    instance = desk.instance(letter.instance_id)
    rows = Instance.objects.filter(pk=instance.pk)
    if seen.address and seen.address != instance.address:
        instance.address = seen.address
        rows.update(address=seen.address)
    if instance.state == seen.state:
        return
    news = rows.filter(state_since__lte=letter.received_at).exclude(state=seen.state)
    if news.update(state=seen.state, state_since=letter.received_at):
        instance.state, instance.state_since = seen.state, letter.received_at
        log.publish(wire.InstanceUpdated(instance=present.instance(instance)))
        if seen.state == "open":
            outbox.instance_is_back(instance)
            reconcile.want(instance)


@_receive.register
def _presence(seen: PresenceSeen, desk: Desk, letter: Letter) -> None:
    """Passed on while it is fresh, to whoever looks at the conversation."""
    contact = desk.people.find(seen.chat)
    conversation = desk.open_conversation(letter.instance_id, contact) if contact else None
    is_fresh = timezone.now() - letter.received_at < timedelta(seconds=PRESENCE_SECONDS)
    if contact is None or conversation is None or not is_fresh:
        return
    who = wire.Typist(kind="contact", id=str(contact.pk), name=contact.name)
    state = seen.state if seen.state in {"composing", "recording"} else "paused"
    bell.pass_on(desk.tenant_id, wire.Typing(conversation_id=str(conversation.pk), who=who, state=state))
