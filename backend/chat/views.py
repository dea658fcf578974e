"""The few answers that do not come from the JSON API."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from backend.realtime import wire

PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
NOT_BUILT = "The page is not built. Run `make run`, or `npm run build` in frontend/."


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The one page; its own router reads the path."""
    index = Path(settings.FRONTEND_DIST) / "index.html"
    try:
        return HttpResponse(index.read_bytes(), headers=PAGE_HEADERS)
    except FileNotFoundError:
        return HttpResponse(NOT_BUILT, status=503, content_type="text/plain")


def csrf_failed(request: HttpRequest, reason: str = "") -> JsonResponse:
    """A browser without its CSRF token: problem+json like every other refusal."""
    problem = wire.Problem(title="CSRF check failed", status=403, code="csrf_failed", detail=reason)
    return JsonResponse(problem.model_dump(), status=403, content_type="application/problem+json")
