"""WhatsApp's media host: ciphertext at /v/…, profile pictures at /pps/…, and all the ways the real one fails."""

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from backend.sandbox.faults import MediaFaults
from backend.sandbox.rest import world_of
from backend.sandbox.rows import Media
from backend.sandbox.samples import SAMPLES_DIR
from backend.sandbox.world import World

CHUNK_BYTES = 64 * 1024
SURPLUS_BYTES = 4096
CUT_EXTENSION = "sandbox.cut"
"""In the scope's extensions: a call that ends the connection. Without it a cut body just ends short of its length."""


async def ciphertext(request: Request) -> Response:
    """HEAD, GET and Range; the query (ccb, oh, oe) is not looked at."""
    world = world_of(request)
    media = world.store.media_at(f"/v/{request.path_params['path']}")
    if media is None:
        return Response("URL signature mismatch", 403, media_type="text/plain")
    trouble = world.dice.media(media.instance) if request.method == "GET" else None
    if trouble is None:
        return FileResponse(world.store.media_dir / f"{media.id}.enc", media_type="application/octet-stream")
    return await _troubled(world, media, trouble, request.scope.get("extensions", {}).get(CUT_EXTENSION, _nothing))


async def picture(request: Request) -> Response:
    """A customer's profile picture: plain, as pps.whatsapp.net serves it."""
    name = request.path_params["name"]
    path = SAMPLES_DIR / "faces" / name
    if "/" in name or not path.is_file():
        return Response("Not found", 404, media_type="text/plain")
    return FileResponse(path, media_type="image/jpeg")


async def _troubled(world: World, media: Media, trouble: MediaFaults, cut: Callable[[], None]) -> Response:
    if trouble.mode == "status":
        return Response(f"sandbox fault {trouble.status}", trouble.status, media_type="text/plain")
    if trouble.mode == "html":
        return HTMLResponse("<!doctype html><title>Sorry</title><p>This content is not available right now.")
    if trouble.mode == "redirect":
        return RedirectResponse(trouble.location, 302)
    if trouble.mode in ("delay", "hang"):
        await asyncio.sleep(trouble.seconds)
    body = (world.store.media_dir / f"{media.id}.enc").read_bytes()
    if trouble.mode in ("hang", "cut"):
        headers = {"Content-Length": str(len(body))}
        rest = body[: len(body) // 2] if trouble.mode == "cut" else b""
        return StreamingResponse(_broken(rest, cut), headers=headers, media_type="application/octet-stream")
    return StreamingResponse(_pieces(body, trouble), media_type="application/octet-stream")


async def _broken(body: bytes, cut: Callable[[], None]) -> AsyncIterator[bytes]:
    if body:
        yield body
    cut()


async def _pieces(body: bytes, trouble: MediaFaults) -> AsyncIterator[bytes]:
    """No Content-Length: what comes is more, less or other than the payload announced."""
    half = len(body) // 2
    if trouble.mode == "truncated":
        body = body[:half]
    elif trouble.mode == "longer":
        body += bytes(SURPLUS_BYTES)
    elif trouble.mode == "corrupt":
        body = body[:half] + bytes([body[half] ^ 0xFF]) + body[half + 1 :]
    size = min(CHUNK_BYTES, trouble.bytes_per_second) if trouble.mode == "slow" else CHUNK_BYTES
    for start in range(0, len(body), size):
        yield body[start : start + size]
        if trouble.mode == "slow":
            await asyncio.sleep(size / trouble.bytes_per_second)


def _nothing() -> None:
    pass


ROUTES = [Route("/v/{path:path}", ciphertext), Route("/pps/{name}", picture)]
