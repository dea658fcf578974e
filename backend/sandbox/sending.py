"""An agent's message on its way to WhatsApp: the answer, the echo, the ticks."""

import asyncio
from dataclasses import dataclass, replace

from backend.sandbox import cupboard
from backend.sandbox.answers import GatewayError, bad_request, bare, connection_closed
from backend.sandbox.contents import Content
from backend.sandbox.faults import GatewayFaults
from backend.sandbox.numbers import jid_of, nobody, on_whatsapp
from backend.sandbox.quotes import author_jid, quoted_message
from backend.sandbox.rows import Customer, Instance, Json, Media, Message
from backend.sandbox.wire import cuid, message_id, sent_context
from backend.sandbox.world import World

SERVER_ACK_SECONDS, DELIVERY_SECONDS, AUTO_READ_SECONDS = 0.3, 0.8, 2.5
NEVER_CONNECTED = "Cannot read properties of undefined (reading '{}')"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be sent, checked and prepared."""

    kind: str
    content: Content
    text: str = ""
    media: Media | None = None
    extra: Json | None = None
    quoted_id: str = ""
    quoted: Json | None = None
    quoted_by: str = ""
    delay_ms: int = 0


async def recipient(world: World, instance: Instance, number: str) -> Customer:
    """The chat behind `number`, after the questions Evolution asks WhatsApp first."""
    if not instance.was_connected:
        raise bare(500, NEVER_CONNECTED.format("onWhatsApp"))
    known = world.store.customer_at(instance.name, jid_of(number))
    if instance.state != "open":
        # Evolution remembers numbers it wrote to; only a new one needs the socket for the question (contract 4.1).
        raise _closed(is_cached=known is not None and world.store.has_messages(instance.name, known.id))
    return on_whatsapp(world.store, instance, number)


async def send(world: World, instance: Instance, chat: Customer, parcel: Parcel) -> Json:
    """The prepared object, as the REST answer shows it. May hang, or raise, if a gateway fault strikes."""
    trouble = world.dice.gateway(instance.name, has_file=parcel.media is not None)
    await _before(world, chat, parcel, trouble)
    if parcel.delay_ms:
        world.show_typing(instance.name, chat.id, "composing", seconds=parcel.delay_ms / 1000)
        await world.clock.wait(parcel.delay_ms / 1000)
    message = _message(world, instance, chat, parcel)
    faults = world.dice.of(instance.name).gateway
    message = world.store.save_message(message.model_copy(update={"is_hidden": faults.hide_record}))
    fresh = world.store.instance(instance.name) or instance
    data = world.with_base64(fresh, message)
    if not faults.hide_echo:
        world.post(instance.name, "send.message", data, message_id=message.id)
    _schedule_receipts(world, chat, message)
    if trouble is not None and trouble.mode == "accept_then_hang":
        await asyncio.sleep(trouble.seconds)
    return data


async def _before(world: World, chat: Customer, parcel: Parcel, trouble: GatewayFaults | None) -> None:
    if trouble is None:
        return
    if trouble.mode == "slow":
        await asyncio.sleep(trouble.seconds)
    elif trouble.mode == "disconnected":
        raise _closed(is_cached=world.store.has_messages(chat.instance, chat.id))
    elif trouble.mode == "upload_failed":
        status = 400 if parcel.kind in ("voice", "sticker") else 500
        raise GatewayError(status, ["Error: Media upload failed on all hosts"])
    elif trouble.mode == "not_on_whatsapp":
        raise nobody(chat.jid, chat.phone)
    elif trouble.mode == "status":
        raise bare(trouble.status, f"Request failed with status code {trouble.status}")


def _closed(*, is_cached: bool) -> GatewayError:
    return bad_request("Error: Connection Closed") if is_cached else connection_closed()


def _message(world: World, instance: Instance, chat: Customer, parcel: Parcel) -> Message:
    at, new_id = world.clock.now(), message_id("web")
    content = _with_context(parcel, chat, at)
    key = {"remoteJid": chat.jid, "fromMe": True, "id": new_id}
    data: Json = {"key": key, "pushName": "Você", "status": "PENDING", "message": content.message}
    if content.context is not ...:
        data["contextInfo"] = content.context
    data |= {"messageType": content.message_type, "messageTimestamp": int(at)}
    return Message(
        instance=instance.name,
        chat=chat.id,
        id=new_id,
        cuid=cuid(),
        from_me=True,
        by_agent=True,
        kind=parcel.kind,
        text=parcel.text,
        media_id=parcel.media.id if parcel.media else "",
        quoted_id=parcel.quoted_id,
        extra=parcel.extra or {},
        status="PENDING",
        sent_at=at,
        data=data | {"instanceId": instance.id, "source": "web"},
    )


def _with_context(parcel: Parcel, chat: Customer, at: float) -> Content:
    """contextInfo goes beside a text and into everything else; groups have none unless something is quoted."""
    if parcel.kind == "reaction" or (chat.is_group and not parcel.quoted):
        return parcel.content
    context = sent_context(at=at, attributed=parcel.kind in ("voice", "sticker"))
    if parcel.quoted is not None:
        context |= {"participant": parcel.quoted_by, "stanzaId": parcel.quoted_id, "quotedMessage": parcel.quoted}
    message, name = dict(parcel.content.message), parcel.content.message_type
    if parcel.kind == "poll":
        message["messageContextInfo"] = message["messageContextInfo"] | {"contextInfo": context}
        return replace(parcel.content, message=message)
    if isinstance(message.get(name), dict):
        message[name] = message[name] | {"contextInfo": context}
    return replace(parcel.content, message=message, context=context)


def quote(world: World, instance: Instance, parcel: Parcel, asked: object) -> Parcel:
    """`quoted` of the request: looked up by id, or inline; an unknown id is sent without a quote, and no error."""
    if not isinstance(asked, dict) or not isinstance(asked.get("key"), dict):
        return parcel
    key, inline = asked["key"], asked.get("message")
    if isinstance(inline, dict):
        by = instance.jid if key.get("fromMe") else str(key.get("participant") or key.get("remoteJid") or "")
        return replace(parcel, quoted_id=str(key.get("id", "")), quoted=inline, quoted_by=by)
    known = world.store.message(instance.name, str(key.get("id", "")))
    if known is None or known.is_hidden:
        return parcel
    by = author_jid(world, instance, known)
    return replace(parcel, quoted_id=known.id, quoted=quoted_message(known), quoted_by=by)


def _schedule_receipts(world: World, chat: Customer, message: Message) -> None:
    world.later(SERVER_ACK_SECONDS, lambda: world.receipt(message, "SERVER_ACK"))
    if not chat.is_online:
        return
    world.later(DELIVERY_SECONDS, lambda: world.receipt(message, "DELIVERY_ACK"))
    if chat.auto_read:
        world.later(AUTO_READ_SECONDS, lambda: world.receipt(message, "READ"))


def file_of(world: World, instance: Instance, file: cupboard.File, family: str) -> Media:
    """Uploads to WhatsApp's media host, which needs a connection: the failures differ from a text's (contract 4.1)."""
    if not instance.was_connected:
        raise GatewayError(500, ["TypeError: " + NEVER_CONNECTED.format("waUploadToServer")])
    if instance.state != "open":
        raise GatewayError(500, ["Error: Connection Closed"])
    return cupboard.put(world.store, instance.name, file=file, family=family)
