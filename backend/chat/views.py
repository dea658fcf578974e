"""The few answers that do not come from the JSON API."""

from django.http import HttpRequest, JsonResponse

from backend.realtime import wire


def csrf_failed(request: HttpRequest, reason: str = "") -> JsonResponse:
    """A browser without its CSRF token: problem+json like every other refusal."""
    problem = wire.Problem(title="CSRF check failed", status=403, code="csrf_failed", detail=reason)
    return JsonResponse(problem.model_dump(), status=403, content_type="application/problem+json")
