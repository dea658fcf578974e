"""The gateway's HTTP edge: who may speak, what a body is, and how errors leave. tests/contract/evolution.md 4.1."""

import json
from collections.abc import Awaitable, Callable

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend.sandbox.answers import GatewayError, bare
from backend.sandbox.cupboard import File
from backend.sandbox.rows import Instance, Json
from backend.sandbox.world import World

BODY_LIMIT_BYTES = 136 * 1024 * 1024
GLOBAL_KEY = "sandbox-global-key"

InstanceCall = Callable[[World, Instance, Request], Awaitable[Response]]
GlobalCall = Callable[[World, Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def world_of(request: Request, *, is_from_caller: bool = False) -> World:
    """The application's world, which learns here under which address it is reached."""
    world: World = request.app.state.world
    world.learn_address(address_of(request), is_from_caller=is_from_caller)
    return world


def address_of(request: Request) -> str:
    """Where this request found the sandbox, its mount included (Starlette's base_url leaves out its own mounts)."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}".rstrip("/")


def for_instance(call: InstanceCall) -> Endpoint:
    """Instance before key: an unknown name is 404 even without a key."""

    async def endpoint(request: Request) -> Response:
        world, name = world_of(request), request.path_params["instance"]
        try:
            instance = world.store.instance(name)
            if instance is None:
                raise GatewayError(404, [f'The "{name}" instance does not exist'])
            if request.headers.get("apikey") not in (GLOBAL_KEY, instance.token):
                raise GatewayError(401, "Unauthorized")
            world_of(request, is_from_caller=True)
            return await call(world, instance, request)
        except GatewayError as error:
            return answer(error.body, error.status)

    return endpoint


def for_anyone(call: GlobalCall) -> Endpoint:
    """Routes without an instance in the path: the global key, or any instance's own."""

    async def endpoint(request: Request) -> Response:
        world = world_of(request)
        try:
            keys = {GLOBAL_KEY, *(instance.token for instance in world.store.instances())}
            if request.headers.get("apikey") not in keys:
                raise GatewayError(401, "Unauthorized")
            return await call(world, request)
        except GatewayError as error:
            return answer(error.body, error.status)

    return endpoint


async def body_of(request: Request) -> Json:
    """The JSON object, or an empty one where there is no body."""
    raw = await request.body()
    if len(raw) > BODY_LIMIT_BYTES:
        raise bare(413, "request entity too large")
    if not raw:
        return {}
    try:
        parsed = json.loads(raw)
    except ValueError as error:
        raise bare(400, str(error)) from error
    return parsed if isinstance(parsed, dict) else {}


async def body_and_file(request: Request) -> tuple[Json, File | None]:
    """JSON, or multipart with one field `file`; multipart fields are texts."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await body_of(request), None
    form = await request.form()
    body: Json = {name: value for name, value in form.items() if isinstance(value, str)}
    files = {name: value for name, value in form.items() if isinstance(value, UploadFile)}
    if any(name != "file" for name in files):
        raise bare(500, "Unexpected field")
    if "file" not in files:
        return body, None
    upload = files["file"]
    return body, File(await upload.read(), upload.content_type or "", upload.filename or "")


def answer(body: object, status: int = 200) -> Response:
    return JSONResponse(body, status)


async def unknown_route(request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405 in Evolution's words."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status not in (404, 405):
        return answer({"error": str(error)}, status)
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    message = f"Cannot {request.method} {path}"
    return answer({"status": 404, "error": "Not Found", "response": {"message": [message]}}, 404)
