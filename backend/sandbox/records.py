"""The gateway's own database as its find routes show it: tests/contract/evolution.md 4.5."""

from collections.abc import Iterator
from datetime import datetime

from backend.sandbox.rows import Customer, Instance, Json, Message
from backend.sandbox.wire import as_stored, iso
from backend.sandbox.world import World

PAGE_SIZE = 50


def messages(world: World, instance: Instance, body: Json) -> Json:
    """Newest first; `offset` is the size of a page. Hidden records are not there."""
    where = body.get("where") or {}
    found = [message for message in _matching(world, instance, where) if not message.is_hidden]
    found.sort(key=lambda message: message.sent_at, reverse=True)
    page, size = int(body.get("page") or 1), int(body.get("offset") or PAGE_SIZE)
    records = [_record(world, message) for message in found[(page - 1) * size : page * size]]
    pages = -(-len(found) // size)
    return {"messages": {"total": len(found), "pages": pages, "currentPage": page, "records": records}}


def statuses(world: World, instance: Instance, body: Json) -> list[Json]:
    where = body.get("where") or {}
    message = world.store.message(instance.name, str(where.get("id", "")))
    if message is None or message.is_hidden:
        return []
    shared = {"keyId": message.id, "remoteJid": message.data["key"]["remoteJid"], "fromMe": message.from_me}
    shared |= {"participant": None, "pollUpdates": None, "messageId": message.cuid, "instanceId": instance.id}
    return [
        {"id": row_id, "status": status} | shared for row_id, status in world.store.receipts(instance.name, message.id)
    ]


def contacts(world: World, instance: Instance, body: Json) -> list[Json]:
    asked = (body.get("where") or {}).get("remoteJid")
    return [_contact(world, instance, person) for person in _people(world, instance, asked)]


def chats(world: World, instance: Instance, body: Json) -> list[Json]:
    """Only people one has written with."""
    asked, shown = (body.get("where") or {}).get("remoteJid"), []
    for person in _people(world, instance, asked):
        talk = [message for _, message in world.store.messages(instance.name, chat=person.id)]
        if talk:
            contact = _contact(world, instance, person)
            unread = sum(not message.from_me and message.status == "DELIVERY_ACK" for message in talk)
            shown.append(contact | {"lastMessage": _record(world, talk[-1]), "unreadCount": unread})
    return shown


def deleted_row(message: Message, instance: Instance) -> Json:
    """messages.delete after a delete through the API: the whole row."""
    kept = ("messageType", "source", "messageTimestamp", "pushName")
    row = {"id": message.cuid, "instanceId": instance.id, "key": message.data["key"], "status": "DELETED"}
    return row | {name: message.data[name] for name in kept} | {"participant": None, "message": _stored(message)}


def _matching(world: World, instance: Instance, where: Json) -> Iterator[Message]:
    key, times = where.get("key") or {}, where.get("messageTimestamp") or {}
    earliest, latest = _epoch(times.get("gte")), _epoch(times.get("lte"))
    chat = world.store.customer_at(instance.name, str(key["remoteJid"])) if key.get("remoteJid") else None
    if key.get("remoteJid") and chat is None:
        return
    for message in _candidates(world, instance, chat, key):
        if chat is not None and message.chat != chat.id:
            continue
        if key.get("fromMe") not in (None, message.from_me):
            continue
        if (earliest is None or message.sent_at >= earliest) and (latest is None or int(message.sent_at) <= latest):
            yield message


def _candidates(world: World, instance: Instance, chat: Customer | None, key: Json) -> list[Message]:
    if key.get("id"):
        known = world.store.message(instance.name, str(key["id"]))
        return [known] if known else []
    return [message for _, message in world.store.messages(instance.name, chat=chat.id if chat else None)]


def _record(world: World, message: Message) -> Json:
    data = message.data
    record = {
        name: data[name] for name in ("key", "pushName", "messageType", "messageTimestamp", "instanceId", "source")
    }
    record |= {"id": message.cuid, "message": _stored(message), "contextInfo": as_stored(data.get("contextInfo"))}
    updates = [{"status": status} for _, status in world.store.receipts(message.instance, message.id)]
    return record | {"MessageUpdate": updates}


def _stored(message: Message) -> Json:
    stored: Json = as_stored(message.data["message"])
    return stored


def _people(world: World, instance: Instance, jid: object) -> list[Customer]:
    if not jid:
        return world.store.customers(instance.name)
    found = world.store.customer_at(instance.name, str(jid))
    return [found] if found else []


def _contact(world: World, instance: Instance, person: Customer) -> Json:
    return {
        "id": f"cm{person.id:0<23.23}",
        "remoteJid": person.jid,
        "pushName": person.name,
        "profilePicUrl": world.picture_url(person),
        "createdAt": instance.created_at,
        "updatedAt": iso(world.clock.now()),
        "instanceId": instance.id,
        "isGroup": person.is_group,
        "isSaved": True,
        "type": "group" if person.is_group else "contact",
    }


def _epoch(text: object) -> float | None:
    """Evolution takes ISO texts here; a number is taken as seconds."""
    if isinstance(text, int | float):
        return float(text)
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
