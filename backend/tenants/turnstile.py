"""So many requests a minute from one address: counted in the cache for all processes, and here while that is away."""

import ipaddress
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from django.core.cache import cache

from backend.lib.breaker import Breaker
from backend.lib.errors import TryLater

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
REST_SECONDS = 2.0
"""So often is a cache that hangs asked whether it is back, by one who waits for it; the others are counted here."""
IPV6_NETWORK = 64
"""One customer's line: whoever has it has all of its addresses."""


class TooMany(TryLater):
    """Come again in the next minute."""

    status = 429


class Turnstile:
    """One for each thing that is counted. From any thread."""

    def __init__(self, name: str, *, a_minute: int, clock: Callable[[], float] = time.time) -> None:
        self._name, self._a_minute, self._clock = name, a_minute, clock
        self._breaker = Breaker(rest_seconds=REST_SECONDS)
        self._lock = threading.Lock()
        self._minute, self._own = 0, Counter[str]()

    def let_through(self, address: str) -> None:
        """Counts. Raises TooMany."""
        now = self._clock()
        minute, who = int(now // WINDOW_SECONDS), _network(address)
        if self._counted(minute, who) > self._a_minute:
            after_seconds = WINDOW_SECONDS - now % WINDOW_SECONDS
            raise TooMany("too_many_requests", f"At most {self._a_minute} a minute.", after_seconds=after_seconds)

    def _counted(self, minute: int, who: str) -> int:
        here = self._counted_here(minute, who)
        if not self._breaker.lets_through():
            return here
        key = f"turnstile:{self._name}:{who}:{minute}"
        try:
            cache.add(key, 0, 2 * WINDOW_SECONDS)
            counted = cache.incr(key)
        except Exception as error:  # whatever the cache's client raises: then this process's own count has to do
            if self._breaker.failed():
                logger.warning("requests not counted", extra={"reason": type(error).__name__})
            return here
        self._breaker.worked()
        return max(here, counted)

    def _counted_here(self, minute: int, who: str) -> int:
        with self._lock:
            if minute != self._minute:
                self._minute, self._own = minute, Counter()
            self._own[who] += 1
            return self._own[who]


def _network(address: str) -> str:
    """Some proxies tell the port as well."""
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), IPV6_NETWORK), strict=False))
