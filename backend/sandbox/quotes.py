"""contextInfo: what a message replies to, that it is forwarded, how long it lasts. tests/contract/evolution.md 2.3."""

import time
from typing import Any

from backend.lib.errors import Missing
from backend.sandbox.drafts import Draft
from backend.sandbox.rows import Instance, Json, Message
from backend.sandbox.wire import long, received_context
from backend.sandbox.world import World


def context_of(world: World, instance: Instance, draft: Draft) -> Json | None:
    """None for a message that says nothing of the kind; raises Missing for an unknown quote."""
    more: dict[str, Any] = {}
    if draft.quoted:
        quoted = world.store.message(instance.name, draft.quoted)
        if quoted is None:
            raise Missing("no_such_message", "The quoted message is not in the ledger.")
        more |= {"stanzaId": quoted.id, "participant": author_jid(world, instance, quoted)}
        more["quotedMessage"] = quoted_message(quoted)
    if draft.expiration_seconds:
        more |= {
            "expiration": draft.expiration_seconds,
            "ephemeralSettingTimestamp": long(int(time.time()), unsigned=False),
        }
    if draft.is_forwarded:
        more |= {"forwardingScore": 1, "isForwarded": True}
    return received_context(**more) if more else None


def author_jid(world: World, instance: Instance, message: Message) -> str:
    """Who wrote `message`, as contextInfo.participant says it."""
    if message.from_me:
        return instance.jid
    writer = world.store.customer(instance.name, message.author or message.chat)
    return writer.jid if writer else ""


def quoted_message(quoted: Message) -> Json:
    """The quoted content without what belongs to its own delivery."""
    kept = {
        name: value for name, value in quoted.data["message"].items() if name not in ("messageContextInfo", "base64")
    }
    return {
        name: {key: item for key, item in value.items() if key != "contextInfo"} if isinstance(value, dict) else value
        for name, value in kept.items()
    }
