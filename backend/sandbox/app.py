"""The ASGI application. It needs no lifespan (Daphne has none): what runs beside requests starts with the first one."""

from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from backend.sandbox import chat_routes, control, instance_routes, media_host, message_routes, phone
from backend.sandbox.clock import Clock
from backend.sandbox.faults import Dice
from backend.sandbox.rest import address_of, answer, unknown_route, world_of
from backend.sandbox.store import Store
from backend.sandbox.world import World

VERSION = "2.3.7"


def create_app(
    database: Path, *, time_scale: float = 1.0, transport: httpx.AsyncBaseTransport | None = None
) -> Starlette:
    """A sandbox on `database`, mountable under any prefix. `transport` carries webhooks and downloads in tests."""
    store = Store(database)
    store.lose_pending()
    routes = [
        Route("/", root, methods=["GET"]),
        *message_routes.ROUTES,
        *chat_routes.ROUTES,
        *instance_routes.ROUTES,
        *media_host.ROUTES,
        *control.ROUTES,
        *phone.ROUTES,
    ]
    app = Starlette(routes=routes, exception_handlers={404: unknown_route, 405: unknown_route})
    app.router.redirect_slashes = False
    app.state.world = World(store, clock=Clock(time_scale), dice=Dice(), transport=transport)
    return app


async def close(app: Starlette) -> None:
    """Ends every delivery and closes the database. Call it on the loop the application ran on."""
    world: World = app.state.world
    await world.aclose()


async def root(request: Request) -> Response:
    """Evolution's greeting; a browser is taken to the phone."""
    world = world_of(request)
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"{address_of(request)}/phone/")
    return answer(
        {
            "status": 200,
            "message": "Welcome to the Evolution API, it is working!",
            "version": VERSION,
            "clientName": "sandbox",
            "manager": f"{world.base_url}/manager",
            "documentation": "https://doc.evolution-api.com",
            "whatsappWebVersion": "2.3000.1027934701",
        }
    )
