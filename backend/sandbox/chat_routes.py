"""/chat/<name>/{instance}: what is done to messages and people that are there."""

import asyncio
import re
import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.sandbox import gateway_files, handset, records
from backend.sandbox.answers import GatewayError, bad_request, require
from backend.sandbox.numbers import jid_of
from backend.sandbox.rest import answer, body_of, for_instance
from backend.sandbox.rows import Instance, Json, Message
from backend.sandbox.sending import NEVER_CONNECTED, recipient
from backend.sandbox.wire import message_id
from backend.sandbox.world import World

EDITABLE = ("conversation", "imageMessage", "videoMessage")
PRESENCES = ("unavailable", "available", "composing", "recording", "paused")
NOT_OPEN = {
    "data": None,
    "isBoom": True,
    "isServer": False,
    "output": {
        "statusCode": 428,
        "payload": {"statusCode": 428, "error": "Precondition Required", "message": "Connection Closed"},
        "headers": {},
    },
}


async def get_base64(world: World, instance: Instance, request: Request) -> Response:
    body = await body_of(request)
    return answer(await gateway_files.as_base64(world, instance, body), 201)


async def mark_read(world: World, instance: Instance, request: Request) -> Response:
    """@lid keys are dropped and still "success" (2.3.7)."""
    body = await body_of(request)
    require(body, "readMessages")
    _need_socket(instance, "Read messages fail", "readMessages")
    for key in body["readMessages"]:
        known = world.store.message(instance.name, str(key.get("id")))
        if known and not known.from_me and not str(key.get("remoteJid")).endswith("@lid"):
            world.store.save_message(known.model_copy(update={"status": "READ"}))
    return answer({"message": "Read messages", "read": "success"}, 201)


async def delete_for_everyone(world: World, instance: Instance, request: Request) -> Response:
    body = await body_of(request)
    require(body, "id", "fromMe", "remoteJid")
    _need_socket(instance, "Error while deleting message for everyone", "sendMessage")
    key = {"remoteJid": body["remoteJid"], "fromMe": body["fromMe"], "id": body["id"]}
    known = world.store.message(instance.name, str(body["id"]))
    if known is not None:
        world.store.save_message(known.model_copy(update={"is_deleted": True}))
        if not known.is_hidden:
            world.post(instance.name, "messages.delete", records.deleted_row(known, instance), message_id=known.id)
    return answer(_protocol_answer(key, {"type": "REVOKE"}), 201)


async def update_message(world: World, instance: Instance, request: Request) -> Response:
    """Only text, image and video, and only in the chat it belongs to."""
    body = await body_of(request)
    require(body, "number", "text", "key")
    known = world.store.message(instance.name, str(body["key"].get("id")))
    if known is None or known.is_hidden or known.data["messageType"] not in EDITABLE:
        raise bad_request("Message not compatible")
    chat = world.store.customer_at(instance.name, jid_of(str(body["number"])))
    if chat is None or chat.id != known.chat:
        raise bad_request("RemoteJid does not match")
    await recipient(world, instance, str(body["number"]))
    key = {"remoteJid": chat.jid, "fromMe": True, "id": known.id}
    content, at_ms = _new_content(known, body["text"]), int(time.time() * 1000)
    data = handset.with_text(known.data, body["text"])
    world.store.save_message(known.model_copy(update={"text": body["text"], "is_edited": True, "data": data}))
    event: Json = {"key": key, "editedMessage": content, "timestampMs": at_ms, "type": 14}
    world.post(instance.name, "send.message.update", event, message_id=known.id)
    return answer(_protocol_answer(key, {"type": "MESSAGE_EDIT", "editedMessage": content, "timestampMs": str(at_ms)}))


async def send_presence(world: World, instance: Instance, request: Request) -> Response:
    """Blocks for `delay` milliseconds, while the phone shows that somebody types."""
    body = await body_of(request)
    require(body, "number", "presence", "delay")
    if body["presence"] not in PRESENCES:
        raise bad_request([f"presence is not one of enum values: {','.join(PRESENCES)}"])
    if not instance.was_connected:
        raise bad_request(f"TypeError: {NEVER_CONNECTED.format('onWhatsApp')}")
    chat = await recipient(world, instance, str(body["number"]))
    delay_seconds = int(body["delay"]) / 1000
    world.show_typing(instance.name, chat.id, body["presence"], seconds=delay_seconds)
    await world.clock.wait(delay_seconds)
    return answer({"presence": body["presence"]}, 201)


async def whatsapp_numbers(world: World, instance: Instance, request: Request) -> Response:
    """Its failures are not in the usual envelope: contract 4.1."""
    body = await body_of(request)
    if not instance.was_connected:
        raise GatewayError(400, "", body={})
    if instance.state != "open":
        raise GatewayError(400, "", body=NOT_OPEN)
    return answer([_number(world, instance, str(number)) for number in body.get("numbers", [])])


async def picture_url(world: World, instance: Instance, request: Request) -> Response:
    """null when hidden, when there is none, and when the socket is away."""
    number = str((await body_of(request)).get("number", ""))
    person = world.store.customer_at(instance.name, jid_of(number)) if instance.state == "open" else None
    wuid = person.jid if person else jid_of(number)
    return answer({"wuid": wuid, "profilePictureUrl": world.picture_url(person)})


async def find_messages(world: World, instance: Instance, request: Request) -> Response:
    body = await body_of(request)
    return answer(await asyncio.to_thread(records.messages, world, instance, body))


async def find_status(world: World, instance: Instance, request: Request) -> Response:
    return answer(records.statuses(world, instance, await body_of(request)))


async def find_contacts(world: World, instance: Instance, request: Request) -> Response:
    return answer(records.contacts(world, instance, await body_of(request)))


async def find_chats(world: World, instance: Instance, request: Request) -> Response:
    return answer(records.chats(world, instance, await body_of(request)))


def _need_socket(instance: Instance, what: str, function: str) -> None:
    if not instance.was_connected:
        raise GatewayError(500, [what, f"TypeError: {NEVER_CONNECTED.format(function)}"])
    if instance.state != "open":
        raise GatewayError(500, [what, "Error: Connection Closed"])


def _protocol_answer(key: Json, fields: Json) -> Json:
    """Raw protobuf JSON, also in 2.3.7: contract 2.2."""
    return {
        "key": {"remoteJid": key["remoteJid"], "fromMe": True, "id": message_id("web")},
        "message": {"protocolMessage": {"key": key, **fields}},
        "messageTimestamp": str(int(time.time())),
        "status": "PENDING",
    }


def _new_content(known: Message, text: str) -> Json:
    message_type = known.data["messageType"]
    if message_type == "conversation":
        return {"extendedTextMessage": {"text": text}}
    return {message_type: {"caption": text}}


def _number(world: World, instance: Instance, number: str) -> Json:
    jid = jid_of(number)
    person = world.store.customer_at(instance.name, jid)
    if jid.endswith("@lid"):
        return {"jid": jid, "exists": True, "number": number, "name": person.name if person else None, "lid": "lid"}
    if person is None or person.is_group != jid.endswith("@g.us"):
        return {"jid": jid, "exists": False, "number": re.sub(r"\s", "", number)}
    return {"jid": person.jid, "exists": True, "number": number, "name": person.name}


ROUTES = [
    Route(f"/chat/{name}/{{instance}}", for_instance(call), methods=[method])
    for method, name, call in (
        ("POST", "getBase64FromMediaMessage", get_base64),
        ("POST", "markMessageAsRead", mark_read),
        ("DELETE", "deleteMessageForEveryone", delete_for_everyone),
        ("POST", "updateMessage", update_message),
        ("POST", "sendPresence", send_presence),
        ("POST", "whatsappNumbers", whatsapp_numbers),
        ("POST", "fetchProfilePictureUrl", picture_url),
        ("POST", "findMessages", find_messages),
        ("POST", "findStatusMessage", find_status),
        ("POST", "findContacts", find_contacts),
        ("POST", "findChats", find_chats),
    )
]
