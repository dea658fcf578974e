"""Logging in, logging out, and who am I."""

from typing import cast

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from ninja import Router, Schema, Status
from ninja.utils import check_csrf
from pydantic import Field

from backend.chat import present
from backend.chat.api.surface import caller_of, problem, tenant_of, who_asks
from backend.lib.errors import ChatError, Refused
from backend.media import sniff
from backend.realtime import log, wire
from backend.tenants import access, throttle
from backend.tenants.access import Caller
from backend.tenants.models import Instance, User

router = Router(tags=["session"])

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL takes no NUL, not even to look for it."""
LIMITED_KINDS = ("image", "video", "audio", "document")


class Credentials(Schema):
    email: str = Field(max_length=254, pattern=NO_NUL)
    password: str = Field(max_length=1024, pattern=NO_NUL)


@router.post("/auth/login/", response=wire.Me, auth=None)
def log_in(request: HttpRequest, sent: Credentials) -> wire.Me:
    """200 as /api/me/; 401 `invalid_credentials`; 429 `too_many_attempts`; needs the CSRF cookie's token."""
    if check_csrf(request) is not None:
        raise Refused("csrf_failed", "The CSRF token is missing or wrong.", status=403)
    throttle.check(request, sent.email)
    user = authenticate(request, username=sent.email, password=sent.password)
    if not isinstance(user, User):
        raise Refused("invalid_credentials", "The e-mail address or the password is wrong.", status=401)
    caller = access.caller_by_user(user)
    login(request, user)
    get_token(request)
    return me_of(caller, caller.tenant_id())


@router.post("/auth/logout/", response={204: None}, auth=None)
def log_out(request: HttpRequest) -> Status[None]:
    """204, also for somebody who was not logged in."""
    if request.user.is_authenticated:
        who_asks(request)
    logout(request)
    return Status(204, None)


@router.get("/me/", response=wire.Me, auth=None)
def me(request: HttpRequest) -> wire.Me | HttpResponse:
    """Who is asking; sets the CSRF cookie, also with its 401."""
    get_token(request)
    try:
        who_asks(request)
    except ChatError as error:
        return problem(request, error)
    return me_of(caller_of(request), tenant_of(request))


def me_of(caller: Caller, tenant_id: object) -> wire.Me:
    """`seq` is read before anything else: what happens after it comes through the socket."""
    tenants = caller.tenants()
    chosen = next(tenant for tenant in tenants if tenant.pk == tenant_id)
    seq = log.newest(chosen.pk)
    shapes = [wire.TenantShape(id=str(t.pk), name=t.name, role=cast(wire.Role, caller.roles[t.pk])) for t in tenants]
    return wire.Me(
        user=wire.UserShape(id=str(caller.user.pk), name=caller.user.name, email=caller.user.email),
        tenant=next(shape for shape in shapes if shape.id == str(chosen.pk)),
        tenants=shapes,
        instances=[present.instance(found) for found in Instance.objects.filter(tenant=chosen).order_by("name")],
        limits={kind: wire.Limit(max_bytes=sniff.limit_bytes(kind), types=_types_of(kind)) for kind in LIMITED_KINDS},
        seq=seq,
    )


def _types_of(kind: str) -> list[str]:
    """The MIME types that a message of this kind may hold; what can only be downloaded travels as a document."""
    allowed = settings.MEDIA_ALLOWED_TYPES
    found = (known.mime for known in sniff.TYPES.values() if sniff.kind_of(known.mime) == kind)
    return [mime for mime in found if not allowed or mime in allowed]
