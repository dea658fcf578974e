"""A message as the gateway takes it: to whom, what, and the bytes or where to fetch them."""

import ipaddress
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import close_old_connections
from django.db.models import QuerySet

from backend.chat import present, receipts
from backend.chat.downloads import access_to
from backend.chat.models import Contact, ContactAddress, Conversation, Message
from backend.gateways import evolution_send
from backend.gateways.base import Accepted, FileToSend, MediaKind, MessageKey, MessageKind, QuotedRef
from backend.lib.errors import Refused
from backend.media.storages import media_storage
from backend.realtime import wire
from backend.tenants.models import Instance

BYTES_ONLY_SECONDS = 3600
ALWAYS_BYTES = {"voice", "sticker"}
"""The gateway appends `?timestamp=` to their addresses before it fetches them: tests/contract/evolution.md 4.4."""


def messages() -> QuerySet[Message]:
    """With everything that a hand-over needs."""
    return present.messages().select_related("instance", "conversation__contact")


def with_message(pk: UUID, do: Callable[[Message], None]) -> None:
    """`do` it with the message, unless that is gone: erased since somebody looked."""
    found = messages().filter(pk=pk).first()
    if found is not None:
        do(found)


def hand_over(message: Message) -> Accepted:
    """One call. Raises Refused (never sent), TryLater (not sent) and Uncertain (nobody knows)."""
    gateway, to, quoted = access_to(message.instance), address_of(message), _quoted(message)
    close_old_connections()  # a gateway may think for half a minute, and others need the database
    if message.attachment is None:
        return evolution_send.send_text(gateway, to, message.text, quoted)
    return evolution_send.send_file(gateway, to, _file(message), quoted)


def address_of(message: Message) -> str:
    """Where the customer is written to: their phone, else their LID; a group by its own address."""
    contact: Contact = message.conversation.contact
    if contact.phone and not contact.is_group:
        return contact.phone
    ending = "@g.us" if contact.is_group else "@lid"
    found = ContactAddress.objects.filter(contact=contact, address__endswith=ending).order_by("pk").first()
    if found is None:
        raise Refused("no_address", "Nothing is known of where this contact can be written to.")
    return found.address


def addresses_of(message: Message) -> list[str]:
    """Every address of the contact, the one that is written to first."""
    first = address_of(message)
    known = ContactAddress.objects.filter(contact=message.conversation.contact_id).values_list("address", flat=True)
    return [first, *(address for address in known if address != first)]


def kind_of(message: Message) -> MessageKind:
    return cast(MessageKind, message.kind)


def key_of(message: Message) -> MessageKey:
    """The message as the gateway names it."""
    return MessageKey(
        provider_id=message.provider_id,
        address=address_of(message),
        from_me=message.direction == Message.Direction.OUTGOING,
        participant=message.sender_phone if message.conversation.contact.is_group else "",
    )


def mark_of(message: Message) -> str:
    """What tells this message from another of its kind in the gateway's records."""
    if message.text or message.attachment is None:
        return message.text
    return message.attachment.file_name


def send_bytes_from_now_on(instance: Instance) -> None:
    """The gateway could not fetch our address: for an hour it gets the bytes themselves."""
    cache.set(_bytes_only_key(instance), 1, BYTES_ONLY_SECONDS)


def is_sent_bytes(instance: Instance) -> bool:
    """Whether the gateway was seen unable to fetch from us within the hour."""
    return bool(cache.get(_bytes_only_key(instance)))


def lock(message: Message) -> Conversation:
    """Inside a unit: its conversation, locked. What is told of the message tells of the conversation as it then is."""
    rows = Conversation.objects.select_related("contact", "assignee").select_for_update(of=("self",))
    return rows.get(pk=message.conversation_id)


def told(message: Message, conversation: Conversation) -> wire.MessageSent:
    if conversation.last_message_id == message.pk:
        conversation.last_message = message
    elif conversation.last_message_id is not None:
        conversation.last_message = present.messages().get(pk=conversation.last_message_id)
    shape = present.message(receipts.with_attachment(message))
    return wire.MessageSent(message=shape, conversation=present.conversation(conversation))


def gone(message: Message) -> wire.MessageDeleted:
    return wire.MessageDeleted(message=present.message(message))


def _file(message: Message) -> FileToSend:
    attachment = message.attachment
    assert attachment is not None
    key = attachment.storage_key
    is_fetched = message.kind not in ALWAYS_BYTES and can_be_fetched() and not is_sent_bytes(message.instance)
    return FileToSend(
        kind=cast(MediaKind, message.kind),
        mimetype=attachment.file_type,
        file_name=attachment.file_name,
        caption=message.text,
        size_bytes=attachment.size_bytes,
        url=f"{settings.PUBLIC_BASE_URL}/media/{attachment.media_hash}" if is_fetched else "",
        read=lambda: b"".join(media_storage(attachment.storage_type).read_range(key)),
    )


def can_be_fetched() -> bool:
    """Whether a gateway can reach us by name: PUBLIC_BASE_URL is set, its host has a dot and is not this machine."""
    host = urlsplit(settings.PUBLIC_BASE_URL).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "." in host and not host.endswith(".localhost")


def _quoted(message: Message) -> QuotedRef | None:
    quoted = message.quoted
    if quoted is None or not quoted.provider_id:
        return None
    return QuotedRef(
        provider_id=quoted.provider_id,
        address=address_of(message),
        from_me=quoted.direction == Message.Direction.OUTGOING,
        text=quoted.text,
        participant=quoted.sender_phone if message.conversation.contact.is_group else "",
    )


def _bytes_only_key(instance: Instance) -> str:
    return f"gateway-bytes-only:{instance.pk}"
