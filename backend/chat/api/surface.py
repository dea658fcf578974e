"""The JSON API: who may ask, and how it says no. The routes are in the modules beside this one.

Every error is problem+json with a stable `code`; another tenant's thing is always 404.
"""

import logging
from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.utils import check_csrf

from backend.chat.api import documented
from backend.lib.errors import ChatError, Missing, Refused, TryLater
from backend.realtime import wire
from backend.tenants import access
from backend.tenants.access import Caller

logger = logging.getLogger(__name__)


class Api(NinjaAPI):
    """Its documentation names the addresses of files too, which are answered before Django."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        schema["paths"].update(documented.PATHS)
        return schema


api = Api(title="ALREA Sense Chat", version="1", docs_url="/docs", urls_namespace="api")

TITLES = {
    400: "Bad request",
    401: "Not logged in",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Payload too large",
    422: "Refused",
    429: "Too many requests",
    503: "Try later",
}


class Asked(HttpRequest):
    """A request after `who_asks`: it knows its caller."""

    caller: Caller


def who_asks(request: HttpRequest) -> Caller:
    """The bearer token alone where there is one, else the session with its CSRF token."""
    authorization = request.headers.get("Authorization", "")
    if authorization:
        caller = access.caller_by_token(authorization)
    else:
        caller = access.caller_by_user(request.user)
        if check_csrf(request) is not None:
            raise Refused("csrf_failed", "The CSRF token is missing or wrong.", status=403)
    cast(Asked, request).caller = caller
    return caller


def caller_of(request: HttpRequest) -> Caller:
    return cast(Asked, request).caller


def tenant_of(request: HttpRequest) -> UUID:
    """The tenant that a list or a creation is about."""
    return caller_of(request).tenant_id(request.headers.get("X-Tenant", ""))


def uuid_or_missing(value: str, code: str) -> UUID:
    """An id from a path or a query; what is no UUID names nothing."""
    try:
        return UUID(value)
    except ValueError:
        raise Missing(code) from None


def problem(request: HttpRequest, error: ChatError) -> HttpResponse:
    """The answer that says no."""
    answer = _answer(error.status, error.code, error.detail)
    if isinstance(error, TryLater):
        answer["Retry-After"] = str(int(error.after_seconds or 5))
    if error.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def _answer(status: int, code: str, detail: str) -> HttpResponse:
    shape = wire.Problem(title=TITLES.get(status, "Error"), status=status, code=code, detail=detail)
    return HttpResponse(shape.model_dump_json(), status=status, content_type="application/problem+json")


@api.exception_handler(ChatError)
def _refused(request: HttpRequest, error: ChatError | type[ChatError]) -> HttpResponse:
    return problem(request, cast(ChatError, error))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError | type[ValidationError]) -> HttpResponse:
    """Which field, and what is wrong with it; never the value, which may be a secret."""
    faults = cast(ValidationError, error).errors
    detail = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults[:5])
    return _answer(422, "invalid", detail)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError | type[HttpError]) -> HttpResponse:
    known = cast(HttpError, error)
    code = {400: "bad_request", 413: "body_too_large"}.get(known.status_code, "refused")
    return _answer(known.status_code, code, str(known))


@api.exception_handler(Exception)
def _bug(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """Ours: the log line has the traceback, the caller learns nothing."""
    logger.error("request raised", exc_info=cast(Exception, error), extra={"path": request.path})
    return _answer(500, "internal_error", "Something went wrong on our side.")


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404 | type[Http404]) -> HttpResponse:
    return _answer(404, "not_found", "There is nothing here.")
