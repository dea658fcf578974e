"""The life of the WhatsApp socket, as the gateway tells it: tests/contract/evolution.md 3, connection.update."""

import base64
import io
import random
import secrets
from typing import Literal

from backend.sandbox.registry import paired
from backend.sandbox.rows import Instance, Json
from backend.sandbox.wire import iso
from backend.sandbox.world import World

LOGGED_OUT = 401
SOMEBODY = "5517300000000"


def change(
    world: World, instance: Instance, to: Literal["open", "connecting", "logged_out"], *, owner: str = ""
) -> Instance:
    if to == "open":
        return opened(world, instance, owner=owner)
    if to == "connecting":
        lost = world.store.save_instance(instance.model_copy(update={"state": "connecting"}))
        _tell(world, lost, "connection.update", {"instance": lost.name, "state": "connecting", "statusReason": 200})
        return lost
    return logged_out(world, instance)


def opened(world: World, instance: Instance, *, owner: str = "") -> Instance:
    """Paired with the phone of `owner`, or back after a loss."""
    open_instance = world.store.save_instance(paired(instance, number=owner or instance.number or SOMEBODY))
    data = {
        "instance": instance.name,
        "wuid": open_instance.jid,
        "profileName": open_instance.profile_name,
        "profilePictureUrl": f"{world.base_url}/pps/owner.jpg",
        "state": "open",
        "statusReason": 200,
    }
    _tell(world, open_instance, "connection.update", data)
    return open_instance


def logged_out(world: World, instance: Instance) -> Instance:
    """The owner removed the linked device: close with 401, then status.instance."""
    closed = world.store.save_instance(instance.model_copy(update={"state": "close"}))
    _tell(world, closed, "connection.update", {"instance": closed.name, "state": "close", "statusReason": LOGGED_OUT})
    at = iso(world.clock.now())
    status: Json = {"instance": closed.name, "status": "closed", "disconnectionAt": at}
    status |= {"disconnectionReasonCode": LOGGED_OUT, "disconnectionObject": '{"error":{"data":{"reason":"401"}}}'}
    _tell(world, closed, "status.instance", status)
    return closed


def qr_code(instance: Instance, *, with_number: bool) -> Json:
    """The shape of a code that nobody can scan; `with_number` adds a pairing code."""
    code = f"2@{secrets.token_urlsafe(36)},{secrets.token_urlsafe(24)},{secrets.token_urlsafe(24)}"
    png = base64.b64encode(_squares(code)).decode()
    pairing = secrets.token_hex(4).upper() if with_number else None
    return {"instance": instance.name, "pairingCode": pairing, "code": code, "base64": f"data:image/png;base64,{png}"}


def _squares(code: str) -> bytes:
    from PIL import Image  # noqa: PLC0415  (first use)

    target = io.BytesIO()
    dots = Image.frombytes("1", (32, 32), random.Random(code).randbytes(128))
    dots.resize((220, 220)).save(target, "PNG")
    return target.getvalue()


def _tell(world: World, instance: Instance, event: str, data: Json) -> None:
    async def news() -> None:
        world.post(instance.name, event, data)

    world.hear(instance.name, news)
