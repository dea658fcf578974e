"""Evolution's webhooks, in our words: `parse` is the only place that knows which event says what, and from whose side.

What it may be sent, by version and with every trap: tests/contract/evolution.md 1 to 3.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Literal

from backend.gateways import evolution_content as content
from backend.gateways import evolution_wire as wire
from backend.gateways.base import (
    ConnectionChanged,
    ContactSeen,
    Happening,
    Ignored,
    MediaOffer,
    MessageDeleted,
    MessageEdited,
    MessageSeen,
    Parsed,
    Party,
    PresenceSeen,
    Progress,
    Reacted,
    ReceiptSeen,
    Unreadable,
)
from backend.gateways.evolution_wire import Fields

ID_LIMIT = 120
NAME_LIMIT = 255
EMOJI_LIMIT = 16
URL_LIMIT = 4_000
SOURCE_LIMIT = 256 * 1024

_PROGRESS: dict[str, Progress] = {
    "0": "failed",
    "1": "sent",
    "2": "sent",
    "3": "delivered",
    "4": "read",
    "5": "played",
    "ERROR": "failed",
    "PENDING": "sent",
    "SERVER_ACK": "sent",
    "DELIVERY_ACK": "delivered",
    "READ": "read",
    "PLAYED": "played",
}
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

    `event` is its name from the URL, for a body that does not say. `event_id` is where the body is stored: the source of
    a message whose file travels inline remembers it.
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
    return tuple(_READERS[name](_Letter(envelope, event_id))) or Unreadable("no_content")


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
    for seen in _messages(_Letter(envelope, None)):
        if isinstance(seen, MessageSeen) and seen.media and seen.media.inline_base64:
            return seen.media.inline_base64
    return None


class _Letter:
    """One webhook: its data, and what its envelope says of us."""

    def __init__(self, envelope: Fields, event_id: int | None) -> None:
        self.data = envelope.get("data")
        self.own = wire.address(envelope.get("sender"))
        self.event_id = event_id

    def entries(self) -> Iterator[Fields]:
        """`data` as a list of objects, whichever of the two it is."""
        return (wire.fields(entry) for entry in wire.items(self.data))


def _event_name(name: str) -> str:
    """`messages.upsert`, `messages-upsert` and `MESSAGES_UPSERT` are one."""
    return re.sub(r"[._-]+", ".", name.strip().strip("/").lower())


# --- Messages -----------------------------------------------------------------------------------------------------


def _messages(letter: _Letter) -> Iterator[Happening]:
    for entry in letter.entries():
        listed = entry.get("messages")
        for one in listed if isinstance(listed, list) else [entry]:
            yield _message(wire.fields(one), letter, is_echo=False)


def _echoes(letter: _Letter) -> Iterator[Happening]:
    return (_message(entry, letter, is_echo=True) for entry in letter.entries())


def _message(entry: Fields, letter: _Letter, *, is_echo: bool) -> Happening:
    key, message = wire.fields(entry.get("key")), wire.fields(entry.get("message"))
    provider_id = wire.words(key.get("id"), limit=ID_LIMIT)
    if not provider_id:
        return Unreadable("no_id")
    chat = _chat(key, letter.own)
    if isinstance(chat, Ignored | Unreadable):
        return chat
    inner = content.unwrap(message).message
    if protocol := wire.fields(inner.get("protocolMessage")):
        return _protocol(protocol)
    if reaction := wire.fields(inner.get("reactionMessage")):
        return _reaction(reaction, entry, chat)
    if content.says_nothing(message):
        return Unreadable("no_content")
    if not set(inner) - {"messageContextInfo", "senderKeyDistributionMessage"} and "senderKeyDistributionMessage" in inner:
        return Ignored("key_distribution")
    if "albumMessage" in inner:
        return Ignored("album")  # it only announces pictures, each of which comes as a message of its own
    return _seen(provider_id, chat, entry, message, letter, is_echo=is_echo)


def _seen(
    provider_id: str, chat: Party, entry: Fields, message: Fields, letter: _Letter, *, is_echo: bool
) -> MessageSeen:
    key = wire.fields(entry.get("key"))
    from_me = is_echo or wire.flag(key.get("fromMe"))
    name = "" if from_me else _name(entry.get("pushName"))
    told = content.read(message, outer_context=entry.get("contextInfo"))
    is_inline = told.media is not None and told.media.inline_base64 is not None
    return MessageSeen(
        provider_id=provider_id,
        chat=Party(chat.addresses, "" if chat.is_group else name),
        from_me=from_me,
        kind=told.kind,
        text=told.text,
        sent_at=wire.moment(entry.get("messageTimestamp")),
        progress=_progress(entry.get("status")) or "sent" if from_me else None,
        sender=Party(_writer(key), name) if chat.is_group and not from_me else None,
        quote=told.quote,
        media=told.media,
        data=told.data,
        source=_source(key, message, letter.event_id if is_inline else None)
        if told.media or told.kind == "unsupported"
        else "",
        is_echo=is_echo,
    )


def _source(key: Fields, message: Fields, event_id: int | None) -> str:
    """The provider's message without its bytes; without anything if it is still absurdly long."""
    kept = {"key": wire.safe_json(key), "message": wire.safe_json(message)}
    if event_id is not None:
        kept["inbound_event"] = event_id
    written = json.dumps(kept, separators=(",", ":"))
    return written if len(written) <= SOURCE_LIMIT else ""


def _chat(key: Fields, own: str) -> Party | Ignored | Unreadable:
    """Who the chat is with. Every field that may hold another identity of the same person is read (contract 2.4)."""
    main = wire.address(key.get("remoteJid"))
    if main.endswith("@broadcast") and main != "status@broadcast" and not wire.flag(key.get("fromMe")):
        main = wire.address(key.get("participant"))  # a customer wrote to a list of theirs that we are on
    if not main:
        return Unreadable("no_chat")
    if wire.is_crowd(main):
        return Ignored(main.partition("@")[2])
    if main.endswith("@g.us"):
        return Party((main,))
    others = [key.get("remoteJidAlt"), key.get("previousRemoteJid")]
    if not wire.flag(key.get("fromMe")):
        others += [key.get("senderPn"), key.get("senderLid"), key.get("participantAlt")]
    found = wire.addresses(main, *others)
    return Party(tuple(one for one in found if one == main or (one != own and not one.endswith("@g.us"))))


def _writer(key: Fields) -> tuple[str, ...]:
    """The addresses of a group's member, the phone first."""
    found = wire.addresses(
        key.get("participant"), key.get("participantAlt"), key.get("participantPn"), key.get("senderPn"), key.get("senderLid")
    )
    return tuple(sorted(found, key=lambda one: not one.isdigit()))


def _name(value: object) -> str:
    """A profile name; digits alone are the gateway's stand-in for a missing one."""
    name = wire.words(value, limit=NAME_LIMIT).strip()
    return "" if name.isdigit() else name


def _progress(value: object) -> Progress | None:
    return _PROGRESS.get(wire.words(value, limit=20).upper())


# --- News of messages -----------------------------------------------------------------------------------------------


def _reaction(reaction: Fields, entry: Fields, chat: Party) -> Happening:
    key = wire.fields(entry.get("key"))
    target = wire.words(wire.fields(reaction.get("key")).get("id"), limit=ID_LIMIT)
    if not target:
        return Unreadable("no_id")
    by = _writer(key) if chat.is_group else chat.addresses
    return Reacted(
        provider_id=target,
        emoji=wire.words(reaction.get("text"), limit=EMOJI_LIMIT),
        by=Party(by, _name(entry.get("pushName"))),
        from_me=wire.flag(key.get("fromMe")),
        at=wire.moment(reaction.get("senderTimestampMs")) or wire.moment(entry.get("messageTimestamp")),
    )


def _protocol(protocol: Fields) -> Happening:
    """An edit or a deletion. Its key is in the sender's perspective: only the id counts."""
    target = wire.words(wire.fields(protocol.get("key")).get("id"), limit=ID_LIMIT)
    kind = wire.words(protocol.get("type"), limit=40).upper()
    edited = wire.fields(protocol.get("editedMessage"))
    if kind in {"REVOKE", "0"}:
        return MessageDeleted(target) if target else Unreadable("no_id")
    if kind in {"MESSAGE_EDIT", "14"} or (not kind and edited):
        return _edit(target, edited, protocol.get("timestampMs"))
    return Ignored("protocol")


def _edit(target: str, edited: Fields, at: object) -> Happening:
    if not target:
        return Unreadable("no_id")
    text = content.read(edited).text
    return MessageEdited(target, text, wire.moment(at)) if text else Unreadable("no_content")


def _edits(letter: _Letter) -> Iterator[Happening]:
    for entry in letter.entries():
        wrapped = wire.fields(content.unwrap(wire.fields(entry.get("message"))).message.get("protocolMessage"))
        yield _protocol(wrapped or entry)


def _updates(letter: _Letter) -> Iterator[Happening]:
    """A receipt; with a message in it, an edit. A status DELETED here is only an old default: contract 3."""
    for entry in letter.entries():
        key = wire.fields(entry.get("key"))
        target = wire.first_words(entry, "keyId", "id", limit=ID_LIMIT) or wire.words(key.get("id"), limit=ID_LIMIT)
        if not target:
            yield Unreadable("no_id")
            continue
        if edited := wire.fields(wire.fields(wire.fields(entry.get("message")).get("editedMessage")).get("message")):
            yield _edit(target, edited, entry.get("timestampMs"))
        update = wire.fields(entry.get("update"))
        progress = _progress(entry.get("status", update.get("status")))
        from_me = wire.flag(entry.get("fromMe", key.get("fromMe")))
        if progress is None or (not from_me and progress not in {"read", "played"}):
            yield Ignored("status")
        else:
            yield ReceiptSeen(target, progress, from_me)


def _deletions(letter: _Letter) -> Iterator[Happening]:
    for entry in letter.entries():
        target = wire.words(wire.fields(entry.get("key")).get("id"), limit=ID_LIMIT) or wire.words(
            entry.get("id"), limit=ID_LIMIT
        )
        yield MessageDeleted(target) if target else Unreadable("no_id")


# --- People, groups, the connection -----------------------------------------------------------------------------------


def _contacts(letter: _Letter) -> Iterator[Happening]:
    for entry in letter.entries():
        found = wire.addresses(*(entry.get(name) for name in ("remoteJid", "id", "remoteJidAlt", "lid", "phoneNumber")))
        if not found:
            crowd = wire.is_crowd(wire.address(entry.get("remoteJid")))
            yield Ignored("status") if crowd else Unreadable("no_chat")
            continue
        is_group = found[0].endswith("@g.us")  # whose pushName is the sender's: contract 3
        picture = wire.first_words(entry, "profilePicUrl", "profilePictureUrl", limit=URL_LIMIT)
        name = "" if is_group or found[0] == letter.own else _name(entry.get("pushName"))
        yield ContactSeen(Party(found[:1] if is_group else found, name), picture if picture.startswith("https://") else "")


def _groups(letter: _Letter) -> Iterator[Happening]:
    for entry in letter.entries():
        group = wire.address(entry.get("id"))
        if not group.endswith("@g.us"):
            yield Unreadable("no_chat")
            continue
        yield ContactSeen(Party((group,), wire.words(entry.get("subject"), limit=NAME_LIMIT).strip()))


def _connection(letter: _Letter) -> Iterator[Happening]:
    data = wire.fields(letter.data)
    state = _STATES.get(wire.first_words(data, "state", "status", limit=20).lower())
    if state is None:
        yield Unreadable("no_state")
    else:
        yield ConnectionChanged(state, wire.address(data.get("wuid")))


def _closed(letter: _Letter) -> Iterator[Happening]:
    yield ConnectionChanged("closed")


def _presence(letter: _Letter) -> Iterator[Happening]:
    data = wire.fields(letter.data)
    chat = wire.addresses(data.get("id"))
    for who, told in wire.fields(data.get("presences")).items():
        state = _PRESENCES.get(wire.words(wire.fields(told).get("lastKnownPresence"), limit=20))
        if state and (found := wire.addresses(*chat, who)):
            yield PresenceSeen(Party(found), state)


_READERS: dict[str, Callable[[_Letter], Iterator[Happening]]] = {
    "messages.upsert": _messages,
    "send.message": _echoes,
    "messages.edited": _edits,
    "send.message.update": _edits,
    "messages.update": _updates,
    "messages.delete": _deletions,
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
