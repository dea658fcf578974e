"""Events for the sockets, rung as any Channels program can ring: `group_send` on the pub/sub layer, from a process of
its own. A frame is as long as that of a real text message, and says when it was sent."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

Ring = Callable[[str, int], Awaitable[None]]
"""`await ring(tenant, number)`."""
MOMENT = "2026-11-19T14:53:21.000Z"


def _message() -> dict[str, Any]:
    """The rest of a `message_received`: the same fields, in the same lengths, as a real one has."""
    message: dict[str, Any] = dict.fromkeys(
        ("author", "sender", "quoted", "attachment", "edited_at", "deleted_at", "error")
    )
    message |= {"id": "0" * 36, "conversation_id": "0" * 36, "direction": "incoming", "kind": "text", "data": {}}
    message |= {"text": "Boa tarde, tem horário amanhã?", "status": "received", "sent_at": MOMENT, "reactions": []}
    message |= {"client_id": "", "provider_id": "0" * 32}
    contact = {"id": "0" * 36, "name": "Maria Souza", "phone": "5517999990001", "profile_pic_url": ""}
    about: dict[str, Any] = {"id": "0" * 36, "instance_id": "0" * 36, "contact": contact | {"is_group": False}}
    about |= {"profile_pic_url": "", "status": "open", "assignee": None, "unread": 1, "last_message_at": MOMENT}
    return {"message": message, "conversation": about | {"last_message": message}}


_BODY = _message()
_TAIL = json.dumps(_BODY, separators=(",", ":"), ensure_ascii=False)[1:]


class Ringer:
    """Both sides' events carry the same content over the same layer."""

    def __init__(self, redis_url: str) -> None:
        self._layer = RedisPubSubChannelLayer(hosts=[redis_url])

    async def hub(self, tenant_id: str, number: int) -> None:
        """Ours: the frame as text with its number, which follows the tenant's last one."""
        frame = f'{{"type":"message_received","seq":{number},"sent":{time.monotonic_ns()},{_TAIL}'
        await self._layer.group_send(f"chat_tenant_{tenant_id}", {"type": "event", "seq": number, "frame": frame})

    async def group(self, room: str, number: int) -> None:
        """The tutorial's: the message as an object, which each consumer encodes."""
        message = {"type": "message_received", "seq": number, "sent": time.monotonic_ns(), **_BODY}
        await self._layer.group_send(f"chat_{room}", {"type": "chat_message", "message": message})

    async def close(self) -> None:
        await self._layer.flush()


class Numbers:
    """The next number of each tenant."""

    def __init__(self, tenants: list[str]) -> None:
        self.tenants = tenants
        self._last = 0

    async def ring_all(self, ring: Ring) -> None:
        """One event for every tenant."""
        self._last += 1
        for tenant in self.tenants:
            await ring(tenant, self._last)


async def ring_paced(numbers: Numbers, ring: Ring, *, seconds: float, every_seconds: float) -> None:
    """One event for every tenant, all at once, every so often."""
    began, turn = time.monotonic(), 0
    while turn * every_seconds < seconds:
        await asyncio.sleep(max(0.0, began + turn * every_seconds - time.monotonic()))
        await numbers.ring_all(ring)
        turn += 1
