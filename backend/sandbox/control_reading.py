"""How the control API reads its requests, and says no."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend.lib.errors import ChatError, Missing
from backend.sandbox import answers, handset, samples
from backend.sandbox.cupboard import File
from backend.sandbox.drafts import FILE_KINDS, Draft
from backend.sandbox.looks import look_at
from backend.sandbox.rest import world_of
from backend.sandbox.rows import Customer, Instance, Message
from backend.sandbox.world import World

Body = TypeVar("Body", bound=BaseModel)
Call = Callable[[Request], Awaitable[Response]]


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


def instance_of(request: Request) -> tuple[World, Instance]:
    world = world_of(request)
    instance = world.store.instance(request.path_params["instance"])
    if instance is None:
        raise Missing("no_such_instance", "The sandbox holds no instance of that name.")
    return world, instance


def chat_of(request: Request) -> tuple[World, Instance, Customer]:
    world, instance = instance_of(request)
    return world, instance, handset.person(world, instance, request.path_params["customer"])


def message_of(request: Request) -> tuple[World, Instance, Customer, Message]:
    world, instance = instance_of(request)
    message = world.store.message(instance.name, request.path_params["message"])
    if message is None:
        raise Missing("no_such_message", "The ledger holds no message of that id.")
    return world, instance, handset.person(world, instance, message.chat), message


async def read_body(request: Request, model: type[Body]) -> Body:
    return model.model_validate_json(await request.body() or b"{}")


async def draft_of(request: Request) -> tuple[Draft, File | None]:
    """JSON, or multipart: a field `draft` with that JSON (or single text fields) and a field `file`."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await read_body(request, Draft), None
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    draft = Draft.model_validate_json(fields["draft"]) if "draft" in fields else Draft.model_validate(fields)
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        return draft, None
    return draft, File(await upload.read(), upload.content_type or "application/octet-stream", upload.filename or "")


async def file_of(draft: Draft, upload: File | None, ready: File | None) -> File | None:
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


def number_of(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, "")
    return int(value) if value.isdigit() else default
