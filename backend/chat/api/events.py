"""The durable events by polling: the same frames as the websocket, for who cannot keep one open."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from backend.chat.api.surface import tenant_of
from backend.lib.errors import Conflict, Refused
from backend.realtime import log

router = Router(tags=["events"])

PAGE = 200
After = Annotated[str, Query()]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.get("/events/")
def events(request: HttpRequest, after: After, limit: Limit = PAGE) -> HttpResponse:
    """`{"results": [frame, …], "next": "<after>"|null}`; 400 `bad_cursor`; 409 `resync` when older than we keep."""
    if not after.isdecimal() or len(after) > 18:
        raise Refused("bad_cursor", "`after` is the number of the last event you have.", status=400)
    tenant_id = tenant_of(request)
    if not log.reaches_back_to(tenant_id, int(after)):
        raise Conflict("resync", "What you ask for is older than we keep: load afresh.")
    found = log.since(tenant_id, int(after), limit=limit + 1)
    page = found[:limit]
    following = f'"{page[-1][0]}"' if len(found) > limit else "null"
    frames = ",".join(frame for _, frame in page)
    return HttpResponse(f'{{"results":[{frames}],"next":{following}}}', content_type="application/json")
