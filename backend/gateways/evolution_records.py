"""What the gateway's own database remembers, read back: to settle a send that nobody answered, and to reconcile.

findMessages gives the newest first. It is asked for all chats: 2.3.7 keeps a chat under the LID while it tells us the
phone, and its filter compares the stored name only. tests/contract/evolution.md 2.4, 4.5.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from backend.gateways import evolution_messages as messages
from backend.gateways import evolution_wire as wire
from backend.gateways.base import MessageKind, MessageSeen, Progress, Reacted, Record
from backend.gateways.evolution_base64 import GatewayAccess
from backend.gateways.evolution_rest import Call, call, instance_path
from backend.gateways.evolution_wire import Fields
from backend.lib.text import shown_name

PAGE = 100
PAGE_SECONDS = 60.0
CLOCK_TOLERANCE = timedelta(seconds=5)
"""The gateway writes whole seconds of its own clock."""
_KEPT = ("contextInfo", "instanceId", "key", "message", "messageTimestamp", "messageType", "pushName", "source")
_PHONES = {"android", "ios"}
_ORDER: tuple[Progress, ...] = ("failed", "sent", "delivered", "read", "played")


def find_records(
    gateway: GatewayAccess, *, addresses: Collection[str] | None = None, since: datetime, limit: int = 500
) -> Iterator[Record]:
    """Messages newest first, until one is older than `since` or `limit` were given. None for `addresses`: every chat.

    `addresses` are all names of one chat: the gateway may keep it under a LID that we never wrote to. Each page is
    asked for when the iterator gets there. Raises Refused and TryLater like every call.
    """
    given: set[str] = set()
    for entry in _entries(gateway):
        at = wire.moment(entry.get("messageTimestamp"))
        if at is not None and at < since:
            return
        record = _record(entry, at)
        if record is None or record.provider_id in given:
            continue  # what came meanwhile has moved the pages on
        if addresses is None or not set(addresses).isdisjoint(record.addresses):
            given.add(record.provider_id)
            yield record
        if len(given) >= limit:
            return


def settle(
    records: Iterable[Record], kind: MessageKind, said: str, after: datetime, *, known: Collection[str] = ()
) -> Record | None:
    """The record of a message of ours that nobody answered for: the oldest that says the same, handed over `after`.

    `said` is its text or caption, or else the name of its file. `known` are ids that belong to other messages already.
    What was typed on the phone settles nothing.
    """
    found = [
        record
        for record in records
        if record.from_me
        and not record.is_typed
        and record.provider_id not in known
        and record.kind == kind
        and _says(record, said)
        and record.at is not None
        and record.at >= after - CLOCK_TOLERANCE
    ]
    return found[-1] if found else None


def _says(record: Record, said: str) -> bool:
    """Pictures, films and voice lose their file's name; a document's gains an ending if it had none."""
    if record.text.strip():
        return record.text.strip() == said.strip()
    if record.file_name:
        return record.file_name.startswith(shown_name(said))
    return record.kind != "text"


def _entries(gateway: GatewayAccess) -> Iterator[Fields]:
    page = 0
    while True:
        page += 1
        body = {"where": {}, "page": page, "offset": PAGE}
        answer = call(gateway, Call("POST", instance_path("chat/findMessages", gateway), body, seconds=PAGE_SECONDS))
        told = wire.items(wire.fields(wire.fields(answer).get("messages")).get("records"))
        yield from (wire.fields(entry) for entry in told)
        if len(told) < PAGE:
            return


def _record(entry: Fields, at: datetime | None) -> Record | None:
    """None for what can never be shown."""
    data = {name: entry[name] for name in _KEPT if entry.get(name) is not None}
    happening = next(messages.messages(messages.Letter({"data": data}, None)), None)
    key = wire.fields(entry.get("key"))
    progress = _progress(entry) if wire.flag(key.get("fromMe")) else None
    seen = happening if isinstance(happening, MessageSeen) else None
    if seen is None and not isinstance(happening, Reacted):
        return None
    if seen is not None and progress is not None:
        data["status"] = _STATUSES[progress]
    return Record(
        provider_id=wire.words(key.get("id"), limit=messages.ID_LIMIT),
        from_me=wire.flag(key.get("fromMe")),
        kind=seen.kind if seen else "unsupported",
        text=seen.text if seen else "",
        file_name=seen.media.file_name if seen and seen.media else "",
        at=at,
        addresses=seen.chat.addresses if seen else wire.addresses(key.get("remoteJid"), key.get("remoteJidAlt")),
        is_typed=wire.words(entry.get("source"), limit=20).lower() in _PHONES,
        raw=json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
        progress=progress,
    )


_STATUSES: dict[Progress, str] = {
    "failed": "ERROR",
    "sent": "SERVER_ACK",
    "delivered": "DELIVERY_ACK",
    "read": "READ",
    "played": "PLAYED",
}


def _progress(entry: Fields) -> Progress | None:
    """The furthest of the receipts that the gateway has kept."""
    updates = (wire.fields(one).get("status") for one in wire.items(entry.get("MessageUpdate")))
    told = [progress for status in updates if (progress := messages.progress_of(status))]
    return max(told, key=_ORDER.index) if told else None
