"""What a gateway sends, in tests: the recorded payloads, small ones made up, and their way through the door."""

import json
from itertools import count
from pathlib import Path
from typing import Any

from backend.chat import lane, webhooks
from backend.tenants.models import Instance

PAYLOADS = Path(__file__).parent / "payloads"
MARIA = "5517999990001@s.whatsapp.net"
MARIA_LID = "120000000000001@lid"
FIRST_SECOND = 1_795_100_000
"""2026-11-19 14:53:20 UTC: when the recorded messages begin."""

_serial = count(1)


def payload(name: str) -> bytes:
    """A recorded webhook, as it travelled."""
    return (PAYLOADS / name).read_bytes()


def stored(instance: Instance, *bodies: bytes, suffix: str = "") -> None:
    """Put the bodies through the door; nobody looks at them yet."""
    deliveries = [webhooks.Delivery(instance.secret, suffix, body) for body in bodies]
    assert webhooks.store(deliveries) == [webhooks.Outcome.STORED] * len(bodies)


def deliver(instance: Instance, *bodies: bytes) -> None:
    """Put the bodies through the door and run the lane."""
    stored(instance, *bodies)
    lane.run_inbox(str(instance.tenant_id))


def event(name: str, data: Any) -> bytes:
    """A webhook of our own making. Each is another delivery, even of the same data."""
    return json.dumps({"event": name, "data": data, "date_time": f"#{next(_serial)}"}).encode()


def upsert(
    provider_id: str,
    text: str = "oi",
    *,
    chat: str = MARIA,
    from_me: bool = False,
    name: str | None = "Maria Souza",
    at: object = FIRST_SECOND,
    message: dict[str, Any] | None = None,
    kind: str = "messages.upsert",
    **key: Any,
) -> bytes:
    """A message; `message` instead of a text, `key` for further fields of its key."""
    return event(
        kind,
        {
            "key": {"id": provider_id, "remoteJid": chat, "fromMe": from_me, **key},
            "pushName": name,
            "message": {"conversation": text} if message is None else message,
            "messageTimestamp": at,
        },
    )


def receipt(provider_id: str, status: object, *, from_me: bool = True) -> bytes:
    return event("messages.update", {"keyId": provider_id, "remoteJid": MARIA, "fromMe": from_me, "status": status})


def edit(provider_id: str, text: str, *, at_ms: object = None) -> bytes:
    data = {"key": {"id": provider_id}, "type": "MESSAGE_EDIT", "editedMessage": {"conversation": text}}
    return event("messages.edited", data if at_ms is None else {**data, "timestampMs": at_ms})


def deletion(provider_id: str) -> bytes:
    return event("messages.delete", {"id": provider_id, "remoteJid": MARIA, "fromMe": False, "status": "DELETED"})


def reaction(
    provider_id: str,
    emoji: str,
    *,
    at_ms: int,
    chat: str = MARIA,
    from_me: bool = False,
    name: str = "Maria Souza",
    **key: Any,
) -> bytes:
    told = {"key": {"id": provider_id, "remoteJid": chat}, "text": emoji, "senderTimestampMs": at_ms}
    return upsert(f"R{next(_serial)}", chat=chat, from_me=from_me, name=name, message={"reactionMessage": told}, **key)
