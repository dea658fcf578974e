"""The control API: tests, benchmarks, the demo and the phone page all act through it. The table is in `__init__`."""

import asyncio
import json

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from backend.lib.errors import Missing, Refused
from backend.sandbox import cast, connection, handset, registry, samples
from backend.sandbox.control_bodies import (
    ClockBody,
    ConnectionBody,
    CustomerBody,
    CustomerChanges,
    EditBody,
    EventBody,
    InstanceBody,
    PresenceBody,
    ReactionBody,
    ReadBody,
    ReceiptBody,
    shown_customer,
    shown_instance,
    shown_message,
)
from backend.sandbox.control_reading import (
    chat_of,
    control,
    draft_of,
    file_of,
    instance_of,
    message_of,
    number_of,
    read_body,
)
from backend.sandbox.faults import Faults
from backend.sandbox.rest import world_of

IDLE_SECONDS = 30.0


async def state(request: Request) -> Response:
    world = world_of(request)
    instances = [shown_instance(instance) for instance in world.store.instances()]
    facts = {"time_scale": world.clock.scale, "webhook_timeout_seconds": world.deliverer.timeout_seconds}
    return JSONResponse({"instances": instances, "samples": samples.names(), **facts, "is_idle": world.is_idle})


async def put_instance(request: Request) -> Response:
    world, body = world_of(request), await read_body(request, InstanceBody)
    hook = {"by_events": body.by_events, "base64": body.base64, "headers": body.headers or None, "events": body.events}
    instance = registry.wire(
        world.store,
        body.name,
        api_key=body.api_key,
        webhook_url=body.webhook_url,
        owner=body.owner,
        profile_name=body.profile_name,
        at=world.clock.now(),
        **hook,
    )
    if body.with_cast:
        cast.people(world.store, instance.name)
    return JSONResponse(shown_instance(instance), 201)


async def forget_instance(request: Request) -> Response:
    world, instance = instance_of(request)
    world.store.forget(instance.name)
    return Response(status_code=204)


async def customers(request: Request) -> Response:
    world, instance = instance_of(request)
    return JSONResponse([shown_customer(customer) for customer in world.store.customers(instance.name)])


async def put_customer(request: Request) -> Response:
    body = await read_body(request, CustomerBody)
    world, instance = instance_of(request)
    if not (body.phone or body.lid):
        raise Refused("no_address", "A customer needs a phone or a lid.")
    facts = body.model_dump(exclude={"id"} if not body.id else set())
    customer = registry.add_customer(world.store, instance.name, **facts, is_group=bool(body.participants))
    return JSONResponse(shown_customer(customer), 201)


async def change_customer(request: Request) -> Response:
    changes = await read_body(request, CustomerChanges)
    world, instance, chat = chat_of(request)
    changed = world.store.save_customer(chat.model_copy(update=changes.model_dump(exclude_unset=True)))
    if changed.picture != chat.picture:
        handset.show_picture(world, instance, changed)
    return JSONResponse(shown_customer(changed))


async def say(request: Request) -> Response:
    world, instance, chat = chat_of(request)
    draft, upload = await draft_of(request)
    if draft.kind == "album":
        photos = [await file_of(draft, None, photo) for photo in samples.album() * (draft.count // 8 + 1)][
            : draft.count
        ]
        said = []
        for number, photo in enumerate(photos):
            single = draft.model_copy(
                update={"kind": "image", "text": draft.text if number == 0 else "", "message_id": ""}
            )
            said.append(handset.say(world, instance, chat, single, file=photo))
        return JSONResponse([shown_message(world, message) for message in said], 201)
    message = handset.say(world, instance, chat, draft, file=await file_of(draft, upload, None))
    return JSONResponse(shown_message(world, message), 201)


async def edit(request: Request) -> Response:
    body = await read_body(request, EditBody)
    world, instance, chat, target = message_of(request)
    return JSONResponse(shown_message(world, handset.edit(world, instance, chat, target, body.text)))


async def delete(request: Request) -> Response:
    world, instance, chat, target = message_of(request)
    return JSONResponse(shown_message(world, handset.delete(world, instance, chat, target)))


async def react(request: Request) -> Response:
    body = await read_body(request, ReactionBody)
    world, instance, chat, target = message_of(request)
    message = handset.react(world, instance, chat, target, body.emoji, participant=body.participant)
    return JSONResponse(shown_message(world, message), 201)


async def receipt(request: Request) -> Response:
    body = await read_body(request, ReceiptBody)
    world, instance, _, target = message_of(request)
    world.receipt(target, body.status, is_forced=True)
    return JSONResponse(shown_message(world, world.store.message(instance.name, target.id) or target))


async def read(request: Request) -> Response:
    body = await read_body(request, ReadBody)
    world, instance, chat = chat_of(request)
    return JSONResponse({"messages": handset.read(world, instance, chat, played=body.played)})


async def presence(request: Request) -> Response:
    body = await read_body(request, PresenceBody)
    world, instance, chat = chat_of(request)
    handset.presence(world, instance, chat, body.presence, participant=body.participant)
    return JSONResponse({})


async def change_connection(request: Request) -> Response:
    body = await read_body(request, ConnectionBody)
    world, instance = instance_of(request)
    return JSONResponse(shown_instance(connection.change(world, instance, body.state, owner=body.owner)))


async def post_event(request: Request) -> Response:
    """Posts anything as it is: shapes that only other versions or rare devices make."""
    body = await read_body(request, EventBody)
    world, instance = instance_of(request)
    world.deliverer.post(instance, body.event, body.data, server_url=world.base_url, extra=body.extra)
    return JSONResponse({}, 202)


async def faults(request: Request) -> Response:
    world, instance = instance_of(request)
    if request.method == "PUT":
        world.dice.set(instance.name, await read_body(request, Faults))
    return JSONResponse(world.dice.of(instance.name).model_dump())


async def ledger(request: Request) -> Response:
    """Everything that went through WhatsApp, oldest first; ?customer=, ?after= (seq)."""
    world, instance = instance_of(request)
    who = request.query_params.get("customer")
    chat = handset.person(world, instance, who).id if who else None
    rows = world.store.messages(instance.name, chat=chat, after_seq=number_of(request, "after", 0))
    return JSONResponse([shown_message(world, message, seq=seq) for seq, message in rows])


async def view(request: Request) -> Response:
    """All that the phone page shows, in one answer: what changed after ?revision=, and who is typing."""
    world, instance = instance_of(request)
    rows = world.store.changed_messages(instance.name, after_revision=number_of(request, "revision", 0))
    lines = [shown_message(world, message) | {"revision": revision} for revision, message in rows]
    people = [shown_customer(customer) for customer in world.store.customers(instance.name)]
    shown = {"instance": shown_instance(instance), "customers": people, "messages": lines}
    shown |= {"typing": world.typing(instance.name), "deliveries": world.store.delivery_counts(instance.name)}
    return JSONResponse(shown)


async def deliveries(request: Request) -> Response:
    """?event= (wire name), ?message= (WhatsApp id), ?after= (delivery id), ?limit=, ?bodies=1."""
    world, instance = instance_of(request)
    query = request.query_params
    found = world.store.deliveries(
        instance.name,
        event=query.get("event"),
        message_id=query.get("message"),
        after_id=number_of(request, "after", 0),
        limit=number_of(request, "limit", 500),
    )
    shown = [delivery.model_dump() for delivery in found]
    if query.get("bodies") == "1":
        for line in shown:
            line["body"] = json.loads(world.store.delivery_body(line["id"]) or b"null")
    return JSONResponse(shown)


async def media_file(request: Request) -> Response:
    """The plain file, for the phone page and for comparing digests."""
    world = world_of(request)
    media = world.store.media(request.path_params["media"])
    if media is None:
        raise Missing("no_such_media")
    return FileResponse(world.store.media_dir / f"{media.id}.plain", media_type=media.mimetype)


async def set_clock(request: Request) -> Response:
    world, body = world_of(request), await read_body(request, ClockBody)
    if body.time_scale is not None:
        world.clock.set_scale(body.time_scale)
    if body.webhook_timeout_seconds is not None:
        world.deliverer.timeout_seconds = body.webhook_timeout_seconds
    return await state(request)


async def idle(request: Request) -> Response:
    """Waits until nothing is on its way; `is_idle` false when ?seconds= were not enough."""
    world = world_of(request)
    try:
        await asyncio.wait_for(world.idle(), float(request.query_params.get("seconds", IDLE_SECONDS)))
    except TimeoutError:
        return JSONResponse({"is_idle": False})
    return JSONResponse({"is_idle": True})


async def reset(request: Request) -> Response:
    """Forgets every instance, message, file and fault. What is on its way is dropped."""
    world = world_of(request)
    await world.drop_everything()
    return Response(status_code=204)


ONE = "/control/instances/{instance}"
WHO = ONE + "/customers/{customer}"
WHAT = ONE + "/messages/{message}"
ROUTES = [
    Route(path, control(call), methods=[method])
    for method, path, call in (
        ("GET", "/control/state", state),
        ("PUT", "/control/clock", set_clock),
        ("GET", "/control/idle", idle),
        ("POST", "/control/reset", reset),
        ("GET", "/control/media/{media}", media_file),
        ("POST", "/control/instances", put_instance),
        ("DELETE", ONE, forget_instance),
        ("GET", f"{ONE}/customers", customers),
        ("POST", f"{ONE}/customers", put_customer),
        ("PATCH", WHO, change_customer),
        ("POST", f"{WHO}/messages", say),
        ("POST", f"{WHO}/read", read),
        ("POST", f"{WHO}/presence", presence),
        ("POST", f"{WHAT}/edit", edit),
        ("POST", f"{WHAT}/delete", delete),
        ("POST", f"{WHAT}/react", react),
        ("POST", f"{WHAT}/receipt", receipt),
        ("POST", f"{ONE}/connection", change_connection),
        ("POST", f"{ONE}/events", post_event),
        ("GET", f"{ONE}/faults", faults),
        ("PUT", f"{ONE}/faults", faults),
        ("GET", f"{ONE}/ledger", ledger),
        ("GET", f"{ONE}/view", view),
        ("GET", f"{ONE}/deliveries", deliveries),
    )
]
