"""The forms of Evolution 2.3.7 on the wire: tests/contract/evolution.md 1.1, 2.1, 2.2."""

import base64
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from backend.sandbox.rows import Customer, Instance, Json

TWO_DAYS_SECONDS = 172_800
CDN = "https://mmg.whatsapp.net"


def byte_map(data: bytes) -> dict[str, int]:
    """Bytes as 2.3.6 and later write them: an object keyed by index."""
    return {str(index): value for index, value in enumerate(data)}


def long(value: int, *, unsigned: bool = True) -> Json:
    """A 64-bit integer as Long.js prints it; `low` is signed whatever `unsigned` says."""
    low = value & 0xFFFF_FFFF
    return {"low": low - (1 << 32) if low >= 1 << 31 else low, "high": value >> 32, "unsigned": unsigned}


def read_bytes(value: object) -> bytes:
    """Any of the three forms bytes travel in; empty when it is none of them."""
    if isinstance(value, str):
        return base64.b64decode(value)
    if isinstance(value, dict) and value.get("type") == "Buffer":
        return bytes(value["data"])
    if isinstance(value, dict) and all(key.isdigit() for key in value):
        return bytes(value[key] for key in sorted(value, key=int))
    return b""


def as_stored(value: Any) -> Any:
    """The same tree with base64 texts for bytes, as findMessages and messages.delete show it."""
    if isinstance(value, dict):
        if value and all(key.isdigit() for key in value):
            return base64.b64encode(read_bytes(value)).decode()
        return {key: as_stored(item) for key, item in value.items()}
    return [as_stored(item) for item in value] if isinstance(value, list) else value


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_iso(at: float) -> str:
    """Local wall clock with a false Z, as `date_time` in the envelope (contract 1.1)."""
    return datetime.fromtimestamp(at).isoformat(timespec="milliseconds") + "Z"  # noqa: DTZ006  (local on purpose)


def cuid() -> str:
    """The shape of a Prisma row id: `c` and 24 more."""
    return "cm" + "".join(secrets.choice("0123456789abcdefghijklmnopqrstuvwxyz") for _ in range(23))


def message_id(device: str) -> str:
    """The shape tells the sender's platform, and Evolution's `source` is read from it."""
    if device == "ios":
        return "3A" + secrets.token_hex(9).upper()
    if device == "web":
        return "3EB0" + secrets.token_hex(9).upper()
    return "AC" + secrets.token_hex(15).upper()


def envelope(instance: Instance, *, event: str, data: Any, server_url: str, at: float) -> Json:
    body: Json = {"event": event, "instance": instance.name, "data": data}
    body["destination"] = instance.webhook.url if instance.webhook else ""
    body["date_time"] = local_iso(at)
    if instance.was_connected and instance.number:
        body["sender"] = instance.jid
    if server_url:
        body["server_url"] = server_url
    body["apikey"] = instance.token
    return body


def message_key(
    chat: Customer, *, message_id: str, from_me: bool, author: Customer | None = None, own_jid: str = ""
) -> Json:
    """The key of an event (contract 2.4): in a LID chat with a known phone, 2.3.7 writes the phone twice.

    In a group `author` speaks, or the instance itself (`own_jid`).
    """
    key: Json = {"remoteJid": chat.jid}
    if chat.is_group:
        return key | {"fromMe": from_me, "id": message_id} | _participant(chat, author, own_jid)
    if chat.addressing == "lid" and chat.phone:
        key["remoteJidAlt"] = chat.jid
    elif chat.phone and chat.lid:
        key["remoteJidAlt"] = f"{chat.lid}@lid"
    return key | {"fromMe": from_me, "id": message_id, "participant": "", "addressingMode": chat.addressing}


def _participant(group: Customer, author: Customer | None, own_jid: str) -> Json:
    """Who speaks, under the identity the group goes by; the other one, if it is known, as participantAlt."""
    if author is None:
        return {"participant": own_jid, "addressingMode": group.addressing}
    mode = "lid" if group.addressing == "lid" or not author.phone else "pn"
    phone = f"{author.phone}@s.whatsapp.net" if author.phone else ""
    lid = f"{author.lid}@lid" if author.lid else ""
    shown, other = (lid or phone, phone) if mode == "lid" else (phone, lid)
    alternative = {"participantAlt": other} if other and other != shown else {}
    return {"participant": shown, **alternative, "addressingMode": mode}


def context_of_device() -> Json:
    """messageContextInfo of a message from a phone."""
    now = int(time.time())
    devices = {
        "senderKeyIndexes": [],
        "recipientKeyIndexes": [],
        "senderKeyHash": byte_map(secrets.token_bytes(10)),
        "senderTimestamp": long(now - 1_000_000),
        "recipientKeyHash": byte_map(secrets.token_bytes(10)),
        "recipientTimestamp": long(now - 999_999),
    }
    return {
        "threadId": [],
        "deviceListMetadata": devices,
        "deviceListMetadataVersion": 2,
        "messageSecret": byte_map(secrets.token_bytes(32)),
    }


def received_context(**more: Any) -> Json:
    """contextInfo of a message from a customer that replies, forwards or expires."""
    return {"mentionedJid": [], "groupMentions": [], "statusAttributions": [], **more}


def sent_context(*, at: float, attributed: bool = False) -> Json:
    """contextInfo of a message sent through the gateway; voice notes and stickers say one thing more."""
    context: Json = {"mentionedJid": [], "groupMentions": []}
    if attributed:
        context["statusAttributions"] = []
    context["ephemeralSettingTimestamp"] = long(int(at) - TWO_DAYS_SECONDS, unsigned=False)
    return context | {"disappearingMode": {"initiator": 0}}
