"""The phone page and what it needs: files as they lie, no build."""

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from backend.sandbox.page import PAGE_DIR
from backend.sandbox.rest import address_of, world_of
from backend.sandbox.samples import SAMPLES_DIR, names

PAGE_FILES = frozenset(path.name for path in PAGE_DIR.iterdir() if path.suffix in (".css", ".js"))


async def page(request: Request) -> Response:
    world_of(request)
    return FileResponse(PAGE_DIR / "index.html", headers={"Cache-Control": "no-cache"})


async def without_slash(request: Request) -> Response:
    """The page's addresses are relative: it has to end in a slash."""
    return RedirectResponse(f"{address_of(request)}/phone/")


async def page_file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in PAGE_FILES:
        return Response(status_code=404)
    return FileResponse(PAGE_DIR / name, headers={"Cache-Control": "no-cache"})


async def sample_file(request: Request) -> Response:
    name = request.path_params["name"]
    return FileResponse(SAMPLES_DIR / name) if name in names() else Response(status_code=404)


ROUTES = [
    Route("/phone", without_slash),
    Route("/phone/", page),
    Route("/phone/samples/{name}", sample_file),
    Route("/phone/{name}", page_file),
]
