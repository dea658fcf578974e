"""Evolution's webhooks, in our words: `parse` is the only place that knows which event says what, and from whose side.

What it may be sent, by version and with every trap: tests/contract/evolution.md 1 to 3.
"""

import re
from collections.abc import Callable, Iterator
from typing import Literal

from backend.gateways import evolution_content as content
from backend.gateways import evolution_messages as messages
from backend.gateways import evolution_wire as wire
from backend.gateways.base import (
    ConnectionChanged,
    ContactSeen,
    Happening,
    Ignored,
    MediaOffer,
    Parsed,
    Party,
    PresenceSeen,
    Unreadable,
)
from backend.gateways.evolution_messages import Letter

_STATES: dict[str, Literal["open", "connecting", "closed"]] = {
    "open": "open",
    "connecting": "connecting",
    "close": "closed",
    "closed": "closed",
    "refused": "closed",
}
_PRESENCES: dict[str, Literal["composing", "recording", "paused", "available", "unavailable"]] = {
    "composing": "composing",
    "recording": "recording",
    "paused": "paused",
    "available": "available",
    "unavailable": "unavailable",
}


def parse(body: bytes, *, event: str = "", event_id: int | None = None) -> Parsed:
    """What the webhook tells. Never raises, whatever `body` is.

    `event` is its name from the URL, for a body that does not say. `event_id` is where the body is stored: the source
    of a message whose file travels inline remembers it.
    """
    envelope = wire.load(body)
    if isinstance(envelope, Unreadable):
        return envelope
    name = _event_name(wire.words(envelope.get("event"), limit=60) or event)
    if not name:
        return Unreadable("no_event")
    if name in _NEEDS_NOTHING:
        return (Ignored(name),)
    if name not in _READERS:
        return Unreadable("unknown_event")
    return tuple(_READERS[name](Letter(envelope, event_id))) or Unreadable("no_content")


def media_offer(source: str) -> MediaOffer | None:
    """The file that a stored `Message.source` speaks of; None when it speaks of none."""
    stored = wire.load(source.encode("utf-8", "replace"))
    if isinstance(stored, Unreadable):
        return None
    return content.read(wire.fields(stored.get("message"))).media


def inbound_event_of(source: str) -> int | None:
    """The InboundEvent whose body holds the file inline, if one does."""
    stored = wire.load(source.encode("utf-8", "replace"))
    return None if isinstance(stored, Unreadable) else wire.amount(stored.get("inbound_event"), most=2**62)


def inline_base64(body: bytes) -> str | None:
    """The file that travels inside a webhook's body, as base64 without a prefix."""
    envelope = wire.load(body)
    if isinstance(envelope, Unreadable):
        return None
    for entry in Letter(envelope, None).entries():
        media = content.read(wire.fields(entry.get("message"))).media
        if media and media.inline_base64:
            return media.inline_base64
    return None


def _event_name(name: str) -> str:
    """`messages.upsert`, `messages-upsert` and `MESSAGES_UPSERT` are one."""
    return re.sub(r"[._-]+", ".", name.strip().strip("/").lower())


# --- People, groups, the connection -----------------------------------------------------------------------------------


def _contacts(letter: Letter) -> Iterator[Happening]:
    for entry in letter.entries():
        found = wire.addresses(*(entry.get(name) for name in ("remoteJid", "id", "remoteJidAlt")))
        if not found:
            crowd = wire.is_crowd(wire.address(entry.get("remoteJid")))
            yield Ignored("status") if crowd else Unreadable("no_chat")
            continue
        is_group = found[0].endswith("@g.us")  # whose pushName is the sender's: contract 3
        name = "" if is_group or found[0] == letter.own else wire.shown(entry.get("pushName"))
        party = Party(found[:1] if is_group else found, name)
        yield ContactSeen(party, wire.web_address(entry, "profilePicUrl", "profilePictureUrl"))


def _groups(letter: Letter) -> Iterator[Happening]:
    for entry in letter.entries():
        group = wire.address(entry.get("id"))
        if not group.endswith("@g.us"):
            yield Unreadable("no_chat")
            continue
        yield ContactSeen(Party((group,), wire.words(entry.get("subject"), limit=wire.NAME_LIMIT).strip()))


def _connection(letter: Letter) -> Iterator[Happening]:
    data = wire.fields(letter.data)
    state = _STATES.get(wire.first_words(data, "state", "status", limit=20).lower())
    if state is None:
        yield Unreadable("no_state")
    else:
        yield ConnectionChanged(state, wire.address(data.get("wuid")))


def _closed(letter: Letter) -> Iterator[Happening]:
    yield ConnectionChanged("closed")


def _presence(letter: Letter) -> Iterator[Happening]:
    data = wire.fields(letter.data)
    chat = wire.addresses(data.get("id"))
    for who, told in wire.fields(data.get("presences")).items():
        state = _PRESENCES.get(wire.words(wire.fields(told).get("lastKnownPresence"), limit=20))
        if state and (found := wire.addresses(*chat, who)):
            yield PresenceSeen(Party(found), state)


_READERS: dict[str, Callable[[Letter], Iterator[Happening]]] = {
    "messages.upsert": messages.messages,
    "send.message": messages.echoes,
    "messages.edited": messages.edits,
    "send.message.update": messages.edits,
    "messages.update": messages.updates,
    "messages.delete": messages.deletions,
    "contacts.upsert": _contacts,
    "contacts.update": _contacts,
    "contacts.set": _contacts,
    "groups.upsert": _groups,
    "groups.update": _groups,
    "group.update": _groups,
    "connection.update": _connection,
    "status.instance": _connection,
    "logout.instance": _closed,
    "remove.instance": _closed,
    "instance.delete": _closed,
    "presence.update": _presence,
}
_NEEDS_NOTHING = frozenset(
    {
        "messages.set",
        "messaging.history.set",
        "chats.set",
        "chats.upsert",
        "chats.update",
        "chats.delete",
        "group.participants.update",
        "labels.edit",
        "labels.association",
        "call",
        "qrcode.updated",
        "instance.create",
        "application.startup",
        "typebot.start",
        "typebot.change.status",
        "new.jwt.token",
        "chama.ai.action",
    }
)
