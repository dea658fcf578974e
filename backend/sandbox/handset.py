"""What people do on the other side: write, edit, delete, react, read, type; and what Evolution posts of it."""

import time

from backend.lib.errors import Conflict, Missing, Refused
from backend.sandbox import contents, cupboard, quotes
from backend.sandbox.contents import FAMILY, Content
from backend.sandbox.cupboard import File
from backend.sandbox.drafts import Draft
from backend.sandbox.rows import Customer, Instance, Json, Message, Status
from backend.sandbox.wire import context_of_device, cuid, long, message_id, message_key
from backend.sandbox.world import World


def say(world: World, instance: Instance, chat: Customer, draft: Draft, *, file: File | None = None) -> Message:
    """Puts one message into the chat and on its way; raises Missing for an unknown quote or participant."""
    if draft.message_id and (known := world.store.message(instance.name, draft.message_id)):
        world.hear(instance.name, lambda: _tell(world, instance, chat, known))
        return known
    at, family = draft.at or world.clock.now(), FAMILY.get(draft.kind, draft.kind)
    author = _author(world, instance, chat, draft)
    context = quotes.context_of(world, instance, draft)
    media = cupboard.put(world.store, instance.name, file=file, family=family) if file else None
    content = contents.build(draft, media=media, file=file, context=context, at=at)
    message = _written(instance, chat, draft, author=author, content=content, at=at)
    return _send(world, instance, chat, message.model_copy(update={"media_id": media.id if media else ""}))


def react(
    world: World, instance: Instance, chat: Customer, target: Message, emoji: str, *, participant: str = ""
) -> Message:
    """An emoji on a message; an empty text takes it away."""
    at, draft = world.clock.now(), Draft(text=emoji, quoted=target.id, participant=participant)
    author = _author(world, instance, chat, draft)
    key = {"remoteJid": chat.jid, "fromMe": target.from_me, "id": target.id, "participant": ""}
    if chat.is_group and not target.from_me:
        key["participant"] = target.data["key"].get("participant", "")
    fields = {"key": key, "text": emoji, "senderTimestampMs": long(int(at * 1000), unsigned=False)}
    content = Content({"reactionMessage": fields, "messageContextInfo": context_of_device()}, "reactionMessage")
    message = _written(instance, chat, draft, author=author, content=content, at=at)
    keep_reaction(world, target, (author or chat).id, emoji)
    return _send(world, instance, chat, message.model_copy(update={"kind": "reaction"}))


def keep_reaction(world: World, target: Message, who: str, emoji: str) -> None:
    reactions = {name: value for name, value in target.reactions.items() if name != who}
    if emoji:
        reactions[who] = emoji
    world.store.save_message(target.model_copy(update={"reactions": reactions}))


def edit(world: World, instance: Instance, chat: Customer, target: Message, text: str) -> Message:
    """messages.edited in the sender's perspective, awaited as Evolution does, then messages.update (contract 3)."""
    if target.is_deleted:
        raise Conflict("message_deleted", "A deleted message cannot be edited.")
    edited = world.store.save_message(
        target.model_copy(update={"text": text, "is_edited": True, "data": with_text(target.data, text)})
    )
    new_content = edited_content(target, text)
    own_key = {"remoteJid": chat.jid, "fromMe": True, "id": target.id}
    if not target.from_me:
        own_key["remoteJid"] = chat.jid if chat.is_group else instance.jid
    raw = {"key": own_key, "type": "MESSAGE_EDIT", "editedMessage": new_content, "timestampMs": _now_ms()}

    async def news() -> None:
        await_first = world.post(instance.name, "messages.edited", raw, message_id=target.id)
        if await_first is not None:
            await await_first
        update = {
            "keyId": target.id,
            "remoteJid": chat.raw_jid,
            "fromMe": target.from_me,
            "status": "SERVER_ACK",
            "message": {"editedMessage": {"message": new_content}},
            "instanceId": instance.id,
            "messageId": target.cuid,
        }
        world.post(instance.name, "messages.update", update, message_id=target.id)

    world.hear(instance.name, news)
    return edited


def delete(world: World, instance: Instance, chat: Customer, target: Message) -> Message:
    """Delete for everyone: messages.edited with type REVOKE, then messages.delete with a flat key."""
    deleted = world.store.save_message(target.model_copy(update={"is_deleted": True}))
    own_key = {"remoteJid": chat.jid if chat.is_group else instance.jid, "fromMe": True, "id": target.id}
    if target.from_me:
        own_key["remoteJid"] = chat.jid

    async def news() -> None:
        first = world.post(instance.name, "messages.edited", {"key": own_key, "type": "REVOKE"}, message_id=target.id)
        if first is not None:
            await first
        data = target.data["key"] | {"status": "DELETED"}
        if not target.is_hidden:
            world.post(instance.name, "messages.delete", data, message_id=target.id)

    world.hear(instance.name, news)
    return deleted


def read(world: World, instance: Instance, chat: Customer, *, played: bool = True) -> int:
    """The customer opens the chat: what agents sent becomes READ, voice notes PLAYED if they are listened to."""
    seen = 0
    for _, message in list(world.store.messages(instance.name, chat=chat.id)):
        if not message.from_me or message.is_deleted or message.status == "ERROR":
            continue
        world.receipt(message, "READ")
        if played and message.kind == "voice":
            world.receipt(message, "PLAYED")
        seen += 1
    return seen


def presence(world: World, instance: Instance, chat: Customer, what: str, *, participant: str = "") -> None:
    """available, unavailable, composing, recording or paused, keyed by the address WhatsApp uses."""
    who = _author(world, instance, chat, Draft(participant=participant)) or chat
    known: Json = {"lastKnownPresence": what}
    if what == "unavailable":
        known["lastSeen"] = int(world.clock.now())
    data = {"id": chat.raw_jid, "presences": {who.raw_jid: known}}

    async def news() -> None:
        world.post(instance.name, "presence.update", data)

    world.hear(instance.name, news)


def person(world: World, instance: Instance, who: str) -> Customer:
    """By id, JID or digits; raises Missing."""
    found = world.store.customer(instance.name, who) or world.store.customer_at(instance.name, who)
    if found is None:
        raise Missing("no_such_customer", "No customer of this instance has that id or address.")
    return found


def edited_content(target: Message, text: str) -> Json:
    """The new content: a text stays a text, a caption a caption."""
    message_type = target.data["messageType"]
    if message_type in ("imageMessage", "videoMessage", "documentMessage"):
        return {message_type: {"caption": text}}
    return {"conversation": text}


def with_text(data: Json, text: str) -> Json:
    """The prepared object with its text or caption replaced."""
    message, message_type = dict(data["message"]), data["messageType"]
    if isinstance(message.get(message_type), dict):
        message[message_type] = message[message_type] | {"caption": text}
    else:
        message["conversation"] = text
    return data | {"message": message}


def show_picture(world: World, instance: Instance, chat: Customer) -> None:
    """Another profile picture, or none: what Evolution says when WhatsApp tells it (contract 3, contacts.*)."""

    async def tell() -> None:
        told = {"remoteJid": chat.raw_jid, "profilePicUrl": world.picture_url(chat), "instanceId": instance.id}
        world.post(instance.name, "contacts.update", [told])

    world.hear(instance.name, tell)


def _send(world: World, instance: Instance, chat: Customer, message: Message) -> Message:
    is_new = not world.store.has_messages(instance.name, chat.id)
    world.store.save_message(message)
    world.hear(instance.name, lambda: _tell(world, instance, chat, message, is_new=is_new))
    return message


async def _tell(world: World, instance: Instance, chat: Customer, message: Message, *, is_new: bool = False) -> None:
    """The three or four posts of one message (contract 1.4), in the order Evolution starts them."""
    fresh = world.store.instance(instance.name)
    if fresh is None or (chat.is_group and fresh.settings.get("groupsIgnore")):
        return
    world.post(instance.name, "messages.upsert", world.with_base64(fresh, message), message_id=message.id)
    picture = world.picture_url(chat)
    # After a message of our own, and for groups, pushName is not the chat's name: contract 3, contacts.*
    contact = {"remoteJid": chat.jid, "pushName": "" if message.from_me else message.data["pushName"]}
    contact |= {"profilePicUrl": picture, "instanceId": instance.id}
    world.post(instance.name, "contacts.upsert" if is_new else "contacts.update", contact, message_id=message.id)
    in_list = {"remoteJid": chat.raw_jid, "profilePicUrl": picture, "instanceId": instance.id}
    listed: Json = {"remoteJid": chat.raw_jid, "instanceId": instance.id}
    if is_new:
        named = {"name": chat.name} if chat.name else {}
        world.post(instance.name, "chats.upsert", [listed | named | {"unreadMessages": 1}], message_id=message.id)
        return
    world.post(instance.name, "contacts.update", [in_list], message_id=message.id)
    world.post(instance.name, "chats.update", [listed], message_id=message.id)


def _written(
    instance: Instance, chat: Customer, draft: Draft, *, author: Customer | None, content: Content, at: float
) -> Message:
    """The ledger's line, with the data of messages.upsert (contract 2.1) in it."""
    is_own, speaker = draft.from_owner, author or chat
    device = "ios" if is_own else speaker.device
    status: Status = "SERVER_ACK" if is_own else "DELIVERY_ACK"
    new_id = draft.message_id or message_id(device)
    key = message_key(chat, message_id=new_id, from_me=is_own, author=author, own_jid=instance.jid)
    data: Json = {"key": key, "pushName": instance.profile_name if is_own else speaker.name, "status": status}
    data |= {"message": content.message, "messageType": content.message_type, "messageTimestamp": int(at)}
    data |= {"instanceId": instance.id, "source": device}
    if content.context is not ...:
        data["contextInfo"] = content.context
    return Message(
        instance=instance.name,
        chat=chat.id,
        id=new_id,
        cuid=cuid(),
        from_me=is_own,
        author=author.id if author else "",
        kind=draft.kind,
        text=draft.text,
        quoted_id=draft.quoted,
        extra=_extra(draft),
        status=status,
        sent_at=at,
        data=data,
    )


def _author(world: World, instance: Instance, chat: Customer, draft: Draft) -> Customer | None:
    """Who speaks in a group: the named participant, else the first one."""
    if not chat.is_group or draft.from_owner:
        return None
    who = draft.participant or (chat.participants[0] if chat.participants else "")
    if not who:
        raise Refused("no_participant", "The group has nobody who could speak.")
    return person(world, instance, who)


def _extra(draft: Draft) -> Json:
    """What a phone shows beside text and file."""
    if draft.kind == "location":
        return draft.model_dump(include={"latitude", "longitude", "place", "address"})
    if draft.kind == "contact":
        return draft.model_dump(include={"contacts"}, mode="json")
    return draft.model_dump(include={"options"}, mode="json") if draft.kind == "poll" else {}


def _now_ms() -> str:
    return str(int(time.time() * 1000))
