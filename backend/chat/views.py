"""The few answers that do not come from the JSON API."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from backend.media.storages import media_storage
from backend.realtime import wire

PAGE_HEADERS = {"Cache-Control": "no-cache", "Referrer-Policy": "same-origin"}
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' ws: wss: {uploads}; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 500: "internal_error"}
PROBLEM = "application/problem+json"
NOT_BUILT = "The page is not built. Run `make run`, or `npm run build` in frontend/."


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The one page; its own router reads the path."""
    index = Path(settings.FRONTEND_DIST) / "index.html"
    try:
        headers = PAGE_HEADERS | {"Content-Security-Policy": _page_policy()}
        return HttpResponse(index.read_bytes(), headers=headers)
    except FileNotFoundError:
        return HttpResponse(NOT_BUILT, status=503, content_type="text/plain")


@cache
def _page_policy() -> str:
    """Browsers PUT files to the storage itself, wherever that is."""
    return PAGE_POLICY.format(uploads=media_storage().upload_origin).replace("  ", " ").replace(" ;", ";")


def api_problems(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: whatever refuses below /api/ (Django, a foreign Host, a wrong method) does so as problem+json."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_ours = response.headers.get("Content-Type", "").startswith(("application/", "image/"))
        if response.status_code < 400 or is_ours or not request.path.startswith("/api/"):
            return response
        title = response.reason_phrase
        problem = wire.Problem(
            title=title, status=response.status_code, code=CODES.get(response.status_code, "refused"), detail=title
        )
        answer = HttpResponse(
            problem.model_dump_json(), status=response.status_code, content_type="application/problem+json"
        )
        if "Allow" in response.headers:
            answer["Allow"] = response["Allow"]
        return answer

    return middleware


def csrf_failed(request: HttpRequest, reason: str = "") -> JsonResponse:
    """A browser without its CSRF token: problem+json like every other refusal."""
    problem = wire.Problem(title="CSRF check failed", status=403, code="csrf_failed", detail=reason)
    return JsonResponse(problem.model_dump(), status=403, content_type=PROBLEM)
