"""How a password is checked, whatever door it comes through: the page's log-in, and the operators'."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from backend.lib.errors import Refused
from backend.tenants import throttle
from backend.tenants.models import User


class ThrottledBackend(ModelBackend):
    """Django's own, with attempts counted."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        email = (username or kwargs.get("email") or "").strip().lower()
        if request is not None:
            try:
                throttle.check(request, email)
            except Refused as error:
                raise PermissionDenied from error
            throttle.count(request, email)
        found = super().authenticate(request, username=email, password=password)
        if isinstance(found, User) and request is not None:
            throttle.forget(request, email)
        return found if isinstance(found, User) else None
