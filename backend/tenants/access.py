"""Who is asking: a program by its bearer token, a browser by its session. One rule for HTTP and websockets.

An Authorization header decides alone: a bad token is `invalid_token` whatever cookie comes with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http.cookie import parse_cookie

from backend.lib.errors import Missing, Refused
from backend.tenants.models import ApiToken, Membership, Tenant, User, hash_token


class NotLoggedIn(Refused):
    """401: nobody, or a token that is not one of ours."""

    def __init__(self, code: str = "not_logged_in") -> None:
        super().__init__(code, status=401)


class NotYours(Refused):
    """403, on a websocket 4403. The HTTP API says Missing instead: a stranger learns nothing."""

    def __init__(self) -> None:
        super().__init__("not_yours", status=403)


@dataclass(frozen=True, slots=True)
class Caller:
    """A person (or a program in a person's name) and the tenants that they may speak for, oldest membership first."""

    user: User
    roles: dict[UUID, str]
    by_token: bool = False

    def role_in(self, tenant_id: UUID) -> str:
        """Raises NotYours."""
        if tenant_id not in self.roles:
            raise NotYours
        return self.roles[tenant_id]

    def tenant_id(self, wanted: str = "") -> UUID:
        """The tenant that a request is about: `X-Tenant`, else the first. Raises Missing for a stranger's."""
        if not wanted:
            return next(iter(self.roles))
        try:
            chosen = UUID(wanted)
        except ValueError:
            raise Missing("no_such_tenant") from None
        if chosen not in self.roles:
            raise Missing("no_such_tenant")
        return chosen

    def tenants(self) -> list[Tenant]:
        """In the order of `roles`."""
        found = Tenant.objects.in_bulk(list(self.roles))
        return [found[tenant_id] for tenant_id in self.roles]


def caller_of(headers: Mapping[bytes, bytes]) -> Caller:
    """From an ASGI scope's headers. Raises NotLoggedIn."""
    authorization = headers.get(b"authorization", b"").decode("latin1")
    if authorization:
        return caller_by_token(authorization)
    cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin1"))  # as forgiving as the website's
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore(cookies.get(settings.SESSION_COOKIE_NAME))
    user = get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]  # it reads the session only
    return caller_by_user(user)


def caller_by_token(authorization: str) -> Caller:
    """`Bearer <token>`. Raises NotLoggedIn("invalid_token")."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotLoggedIn("invalid_token")
    found = ApiToken.objects.select_related("user").filter(hash=hash_token(token.strip()), user__is_active=True).first()
    if found is None:
        raise NotLoggedIn("invalid_token")
    role = Membership.objects.filter(tenant_id=found.tenant_id, user_id=found.user_id).values_list("role", flat=True)
    if not role:
        raise NotLoggedIn("invalid_token")
    return Caller(found.user, {found.tenant_id: role[0]}, by_token=True)


def caller_by_user(user: User | AnonymousUser | Any) -> Caller:
    """A session's person. Raises NotLoggedIn for nobody, and for somebody who works nowhere (any more)."""
    if not isinstance(user, User) or not user.is_active:
        raise NotLoggedIn
    roles = dict(Membership.objects.filter(user=user).order_by("created_at", "pk").values_list("tenant_id", "role"))
    if not roles:
        raise NotLoggedIn
    return Caller(user, roles)
