"""POST /message/<name>/{instance}."""

import asyncio
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.sandbox import parcels
from backend.sandbox.handset import keep_reaction
from backend.sandbox.rest import answer, body_and_file, body_of, for_instance
from backend.sandbox.rows import Instance, Json
from backend.sandbox.sending import Parcel, quote, recipient, send
from backend.sandbox.world import World


async def send_text(world: World, instance: Instance, request: Request) -> Response:
    body = await body_of(request)
    return await _hand_over(world, instance, body, parcels.text(body))


async def send_media(world: World, instance: Instance, request: Request) -> Response:
    body, upload = await body_and_file(request)
    return await _hand_over(world, instance, body, await parcels.media(world, instance, body, upload))


async def send_voice(world: World, instance: Instance, request: Request) -> Response:
    """`quoted` is ignored here up to 2.3.7."""
    body, upload = await body_and_file(request)
    parcel = await parcels.voice(world, instance, body, upload)
    return await _hand_over(world, instance, {**body, "quoted": None}, parcel)


async def send_sticker(world: World, instance: Instance, request: Request) -> Response:
    body, upload = await body_and_file(request)
    return await _hand_over(world, instance, body, await parcels.sticker(world, instance, body, upload))


async def send_location(world: World, instance: Instance, request: Request) -> Response:
    body = await body_of(request)
    return await _hand_over(world, instance, body, parcels.location(body))


async def send_contact(world: World, instance: Instance, request: Request) -> Response:
    """Takes neither delay nor quote."""
    body = await body_of(request)
    return await _hand_over(world, instance, {"number": body.get("number")}, parcels.contact(body))


async def send_poll(world: World, instance: Instance, request: Request) -> Response:
    body = await body_of(request)
    return await _hand_over(world, instance, body, parcels.poll(body))


async def send_reaction(world: World, instance: Instance, request: Request) -> Response:
    body = await body_of(request)
    parcel = parcels.reaction(body)
    chat = await recipient(world, instance, str(body["key"]["remoteJid"]))
    data = await send(world, instance, chat, parcel)
    if target := world.store.message(instance.name, parcel.quoted_id):
        keep_reaction(world, target, "agent", parcel.text)
    return answer(data, 201)


async def _hand_over(world: World, instance: Instance, body: Json, parcel: Parcel) -> Response:
    chat = await recipient(world, instance, body["number"])
    parcel = replace(parcel, delay_ms=int(body.get("delay") or 0))
    work = send(world, instance, chat, quote(world, instance, parcel, body.get("quoted")))
    # A caller that gives up does not call the message back: the send goes on without it.
    return answer(await asyncio.shield(world.keep(work)), 201)


ROUTES = [
    Route(f"/message/{name}/{{instance}}", for_instance(call), methods=["POST"])
    for name, call in {
        "sendText": send_text,
        "sendMedia": send_media,
        "sendWhatsAppAudio": send_voice,
        "sendSticker": send_sticker,
        "sendLocation": send_location,
        "sendContact": send_contact,
        "sendPoll": send_poll,
        "sendReaction": send_reaction,
    }.items()
]
