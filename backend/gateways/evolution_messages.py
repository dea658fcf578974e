"""Evolution's messages and what it says of them later. tests/contract/evolution.md 2 and 3."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from backend.gateways import evolution_content as content
from backend.gateways import evolution_wire as wire
from backend.gateways.base import (
    Happening,
    Ignored,
    MessageDeleted,
    MessageEdited,
    MessageSeen,
    Party,
    Progress,
    Reacted,
    ReceiptSeen,
    Unreadable,
)
from backend.gateways.evolution_wire import Fields

ID_LIMIT = 120
EMOJI_LIMIT = 16
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


class Letter:
    """One webhook: its data, and what its envelope says of us."""

    def __init__(self, envelope: Fields, event_id: int | None) -> None:
        self.data = envelope.get("data")
        self.own = wire.address(envelope.get("sender"))
        self.event_id = event_id
        self.told_at = wire.written_moment(envelope.get("date_time"))

    def entries(self) -> Iterator[Fields]:
        """`data` as a list of objects, whichever of the two it is."""
        return (wire.fields(entry) for entry in wire.items(self.data))


def messages(letter: Letter) -> Iterator[Happening]:
    for entry in letter.entries():
        listed = entry.get("messages")
        for one in listed if isinstance(listed, list) else [entry]:
            yield _message(wire.fields(one), letter, is_echo=False)


def echoes(letter: Letter) -> Iterator[Happening]:
    return (_message(entry, letter, is_echo=True) for entry in letter.entries())


def _message(entry: Fields, letter: Letter, *, is_echo: bool) -> Happening:
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
    if "senderKeyDistributionMessage" in inner and not set(inner) - content.NOT_CONTENT:
        return Ignored("key_distribution")
    if "albumMessage" in inner:
        return Ignored("album")  # it only announces pictures, each of which comes as a message of its own
    return _seen(provider_id, chat, entry, message, letter, is_echo=is_echo)


def _seen(
    provider_id: str, chat: Party, entry: Fields, message: Fields, letter: Letter, *, is_echo: bool
) -> MessageSeen:
    key = wire.fields(entry.get("key"))
    from_me = is_echo or wire.flag(key.get("fromMe"))
    name = "" if from_me else wire.shown(entry.get("pushName"))
    told = content.read(message, outer_context=entry.get("contextInfo"))
    media = replace(told.media, inline_base64=None) if told.media else None
    is_inline = told.media is not None and told.media.inline_base64 is not None
    return MessageSeen(
        provider_id=provider_id,
        chat=Party(chat.addresses, "" if chat.is_group else name),
        from_me=from_me,
        kind=told.kind,
        text=told.text,
        sent_at=wire.moment(entry.get("messageTimestamp")),
        progress=progress_of(entry.get("status")) or "sent" if from_me else None,
        sender=Party(_writer(key), name) if chat.is_group and not from_me else None,
        quote=told.quote,
        media=media,  # the bytes stay in the stored body: `source` says in which
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
    fields = ("participant", "participantAlt", "participantPn", "senderPn", "senderLid")
    found = wire.addresses(*(key.get(name) for name in fields))
    return tuple(sorted(found, key=lambda one: not one.isdigit()))


def progress_of(value: object) -> Progress | None:
    """A status in any of its spellings."""
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
        by=Party(by, wire.shown(entry.get("pushName"))),
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


def _edit(target: str, edited: Fields, at: object, *, told_at: datetime | None = None) -> Happening:
    """An update does not say when: a late one must not undo a newer edit, so the envelope's time counts for it."""
    if not target:
        return Unreadable("no_id")
    text = content.read(edited).text
    return MessageEdited(target, text, wire.moment(at) or told_at) if text else Unreadable("no_content")


def edits(letter: Letter) -> Iterator[Happening]:
    for entry in letter.entries():
        wrapped = wire.fields(content.unwrap(wire.fields(entry.get("message"))).message.get("protocolMessage"))
        yield _protocol(wrapped or entry)


def updates(letter: Letter) -> Iterator[Happening]:
    """A receipt; with a message in it, an edit. A status DELETED here is only an old default: contract 3."""
    for entry in letter.entries():
        key = wire.fields(entry.get("key"))
        target = wire.first_words(entry, "keyId", "id", limit=ID_LIMIT) or wire.words(key.get("id"), limit=ID_LIMIT)
        if not target:
            yield Unreadable("no_id")
            continue
        if edited := wire.fields(wire.fields(wire.fields(entry.get("message")).get("editedMessage")).get("message")):
            yield _edit(target, edited, entry.get("timestampMs"), told_at=letter.told_at)
        update = wire.fields(entry.get("update"))
        progress = progress_of(entry.get("status", update.get("status")))
        from_me = wire.flag(entry.get("fromMe", key.get("fromMe")))
        if progress is None or (not from_me and progress not in {"read", "played"}):
            yield Ignored("status")
        else:
            yield ReceiptSeen(target, progress, from_me)


def deletions(letter: Letter) -> Iterator[Happening]:
    for entry in letter.entries():
        target = wire.words(wire.fields(entry.get("key")).get("id"), limit=ID_LIMIT) or wire.words(
            entry.get("id"), limit=ID_LIMIT
        )
        yield MessageDeleted(target) if target else Unreadable("no_id")
