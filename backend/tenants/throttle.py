"""Guessing passwords is slow: attempts are counted for each address, and for each person at each address.

The count lives in the cache. Without a cache people must still be able to log in, so it fails open, with a log line.
"""

import logging

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from backend.lib.errors import Refused

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 15 * 60
OF_ONE_PERSON, OF_ONE_ADDRESS = 10, 60


def check(request: HttpRequest, email: str) -> None:
    """Raises Refused("too_many_attempts"), which is a 429."""
    counts = _read([key for key, _ in _limits(request, email)])
    if any(counts.get(key, 0) >= limit for key, limit in _limits(request, email)):
        raise Refused("too_many_attempts", "Too many attempts; wait a quarter of an hour.", status=429)


def count(request: HttpRequest, email: str) -> None:
    """One more attempt, right or wrong."""
    try:
        for key, _ in _limits(request, email):
            cache.add(key, 0, WINDOW_SECONDS)
            cache.incr(key)
    except Exception as error:  # redis away, or the key gone between the two calls
        logger.warning("log-in attempts not counted", extra={"reason": type(error).__name__})


def forget(request: HttpRequest, email: str) -> None:
    """They knew the password: what they mistyped before does not count."""
    try:
        cache.delete(_person(client_address(request), email))
    except Exception as error:  # whatever the cache's client raises: nothing is lost
        logger.warning("log-in count not cleared", extra={"reason": type(error).__name__})


def client_address(request: HttpRequest) -> str:
    """Where the request came from; behind a proxy what the proxy itself saw, which is the last it wrote down."""
    return address_of(request.headers.get("X-Forwarded-For", ""), str(request.META.get("REMOTE_ADDR", "")))


def address_of(forwarded: str, peer: str) -> str:
    """`client_address` by the header X-Forwarded-For and the connection's other end."""
    told = forwarded.rpartition(",")[-1].strip() if settings.TRUST_PROXY else ""
    return told or peer


def _person(address: str, email: str) -> str:
    return f"login:{address}:{email.strip().lower()[:254].encode().hex()}"


def _limits(request: HttpRequest, email: str) -> list[tuple[str, int]]:
    address = client_address(request)
    return [(_person(address, email), OF_ONE_PERSON), (f"login:{address}", OF_ONE_ADDRESS)]


def _read(keys: list[str]) -> dict[str, int]:
    try:
        return cache.get_many(keys)
    except Exception as error:  # as above: who cannot count must not lock out
        logger.warning("log-in attempts not read", extra={"reason": type(error).__name__})
        return {}
