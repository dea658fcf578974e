"""The control API: tests, benchmarks, the demo and the phone page all act through it. The table is in `__init__`."""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from backend.lib.errors import ChatError, Missing, Refused
from backend.sandbox import answers, cast, connection, handset, registry, samples
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
from backend.sandbox.cupboard import File
from backend.sandbox.drafts import FILE_KINDS, Draft
from backend.sandbox.faults import Faults
from backend.sandbox.looks import look_at
from backend.sandbox.rest import world_of
from backend.sandbox.rows import Customer, Instance, Message
from backend.sandbox.world import World

Body = TypeVar("Body", bound=BaseModel)
Call = Callable[[Request], Awaitable[Response]]

IDLE_SECONDS = 30.0


def control(call: Call) -> Call:
    """Our own errors as JSON: `{code, detail}`."""

    @functools.wraps(call)
    async def endpoint(request: Request) -> Response:
        try:
            return await call(request)
        except ChatError as error:
            return JSONResponse({"code": error.code, "detail": error.detail}, error.status)
        except ValidationError as error:
            return JSONResponse(
                {"code": "bad_body", "detail": error.errors(include_url=False, include_context=False)}, 422
            )

    return endpoint


async def state(request: Request) -> Response:
    world = world_of(request)
    instances = [shown_instance(instance) for instance in world.store.instances()]
    facts = {"time_scale": world.clock.scale, "webhook_timeout_seconds": world.deliverer.timeout_seconds}
    return JSONResponse({"instances": instances, "samples": samples.names(), **facts, "is_idle": world.is_idle})


async def put_instance(request: Request) -> Response:
    world, body = world_of(request), await _read(request, InstanceBody)
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
    world, instance = _instance(request)
    world.store.forget(instance.name)
    return Response(status_code=204)


async def customers(request: Request) -> Response:
    world, instance = _instance(request)
    return JSONResponse([shown_customer(customer) for customer in world.store.customers(instance.name)])


async def put_customer(request: Request) -> Response:
    world, instance = _instance(request)
    body = await _read(request, CustomerBody)
    if not (body.phone or body.lid):
        raise Refused("no_address", "A customer needs a phone or a lid.")
    facts = body.model_dump(exclude={"id"} if not body.id else set())
    customer = registry.add_customer(world.store, instance.name, **facts, is_group=bool(body.participants))
    return JSONResponse(shown_customer(customer), 201)


async def change_customer(request: Request) -> Response:
    world, _, chat = _chat(request)
    changes = await _read(request, CustomerChanges)
    changed = world.store.save_customer(chat.model_copy(update=changes.model_dump(exclude_unset=True)))
    return JSONResponse(shown_customer(changed))


async def say(request: Request) -> Response:
    world, instance, chat = _chat(request)
    draft, upload = await _draft(request)
    if draft.kind == "album":
        photos = [await _file(draft, None, photo) for photo in samples.album() * (draft.count // 8 + 1)][: draft.count]
        said = []
        for number, photo in enumerate(photos):
            single = draft.model_copy(
                update={"kind": "image", "text": draft.text if number == 0 else "", "message_id": ""}
            )
            said.append(handset.say(world, instance, chat, single, file=photo))
        return JSONResponse([shown_message(world, message) for message in said], 201)
    message = handset.say(world, instance, chat, draft, file=await _file(draft, upload, None))
    return JSONResponse(shown_message(world, message), 201)


async def edit(request: Request) -> Response:
    world, instance, chat, target = _message(request)
    body = await _read(request, EditBody)
    return JSONResponse(shown_message(world, handset.edit(world, instance, chat, target, body.text)))


async def delete(request: Request) -> Response:
    world, instance, chat, target = _message(request)
    return JSONResponse(shown_message(world, handset.delete(world, instance, chat, target)))


async def react(request: Request) -> Response:
    world, instance, chat, target = _message(request)
    body = await _read(request, ReactionBody)
    message = handset.react(world, instance, chat, target, body.emoji, participant=body.participant)
    return JSONResponse(shown_message(world, message), 201)


async def receipt(request: Request) -> Response:
    world, instance, _, target = _message(request)
    body = await _read(request, ReceiptBody)
    world.receipt(target, body.status, is_forced=True)
    return JSONResponse(shown_message(world, world.store.message(instance.name, target.id) or target))


async def read(request: Request) -> Response:
    world, instance, chat = _chat(request)
    body = await _read(request, ReadBody)
    return JSONResponse({"messages": handset.read(world, instance, chat, played=body.played)})


async def presence(request: Request) -> Response:
    world, instance, chat = _chat(request)
    body = await _read(request, PresenceBody)
    handset.presence(world, instance, chat, body.presence, participant=body.participant)
    return JSONResponse({})


async def change_connection(request: Request) -> Response:
    world, instance = _instance(request)
    body = await _read(request, ConnectionBody)
    return JSONResponse(shown_instance(connection.change(world, instance, body.state)))


async def post_event(request: Request) -> Response:
    """Posts anything as it is: shapes that only other versions or rare devices make."""
    world, instance = _instance(request)
    body = await _read(request, EventBody)
    world.deliverer.post(instance, body.event, body.data, server_url=world.base_url, extra=body.extra)
    return JSONResponse({}, 202)


async def faults(request: Request) -> Response:
    world, instance = _instance(request)
    if request.method == "PUT":
        world.dice.set(instance.name, await _read(request, Faults))
    return JSONResponse(world.dice.of(instance.name).model_dump())


async def ledger(request: Request) -> Response:
    """Everything that went through WhatsApp, oldest first; ?customer=, ?after= (seq)."""
    world, instance = _instance(request)
    who = request.query_params.get("customer")
    chat = handset.person(world, instance, who).id if who else None
    rows = world.store.messages(instance.name, chat=chat, after_seq=_number(request, "after", 0))
    return JSONResponse([shown_message(world, message, seq=seq) for seq, message in rows])


async def deliveries(request: Request) -> Response:
    """?event= (wire name), ?message= (WhatsApp id), ?after= (delivery id), ?limit=, ?bodies=1."""
    world, instance = _instance(request)
    query = request.query_params
    found = world.store.deliveries(
        instance.name,
        event=query.get("event"),
        message_id=query.get("message"),
        after_id=_number(request, "after", 0),
        limit=_number(request, "limit", 500),
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
    world, body = world_of(request), await _read(request, ClockBody)
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


def _instance(request: Request) -> tuple[World, Instance]:
    world = world_of(request)
    instance = world.store.instance(request.path_params["instance"])
    if instance is None:
        raise Missing("no_such_instance", "The sandbox holds no instance of that name.")
    return world, instance


def _chat(request: Request) -> tuple[World, Instance, Customer]:
    world, instance = _instance(request)
    return world, instance, handset.person(world, instance, request.path_params["customer"])


def _message(request: Request) -> tuple[World, Instance, Customer, Message]:
    world, instance = _instance(request)
    message = world.store.message(instance.name, request.path_params["message"])
    if message is None:
        raise Missing("no_such_message", "The ledger holds no message of that id.")
    return world, instance, handset.person(world, instance, message.chat), message


async def _read(request: Request, model: type[Body]) -> Body:
    return model.model_validate_json(await request.body() or b"{}")


async def _draft(request: Request) -> tuple[Draft, File | None]:
    """JSON, or multipart: a field `draft` with that JSON (or single text fields) and a field `file`."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await _read(request, Draft), None
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    draft = Draft.model_validate_json(fields["draft"]) if "draft" in fields else Draft.model_validate(fields)
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        return draft, None
    return draft, File(await upload.read(), upload.content_type or "application/octet-stream", upload.filename or "")


async def _file(draft: Draft, upload: File | None, ready: File | None) -> File | None:
    """The file of the message, looked at in a thread before it is needed; None for kinds without one."""
    if draft.kind not in FILE_KINDS and ready is None:
        return None
    found = ready or upload
    if found is None and draft.base64:
        found = File(answers.decode(draft.base64), "application/octet-stream")
    if found is None:
        found = samples.sample(draft.sample or samples.DEFAULTS[draft.kind])
    file = File(found.data, draft.mimetype or found.mimetype, draft.file_name or found.name)
    await asyncio.to_thread(look_at, file.data, mimetype=file.mimetype)
    return file


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, "")
    return int(value) if value.isdigit() else default


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
        ("GET", f"{ONE}/deliveries", deliveries),
    )
]
