"""How often files were found nearby, over all processes and days: each adds what it has counted every minute.

Kept in the shared cache for a week. Without Redis it is this process's own, and another (a command) sees nothing of it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock

from django.core.cache import cache
from django.utils import timezone

from backend.media.cache import media_cache

KEPT_DAYS = 8
_writing = Lock()
_written = {"hits": 0, "misses": 0}


@dataclass(frozen=True, slots=True)
class Tally:
    hits: int
    misses: int

    @property
    def rate(self) -> float | None:
        """Percent; None where nothing was asked for."""
        asked = self.hits + self.misses
        return round(100 * self.hits / asked, 1) if asked else None


def write() -> None:
    """Adds what this process has counted since it last did. Raises what the cache raises; then nothing is lost."""
    figures = media_cache().figures
    with _writing:
        for name, counted in (("hits", figures.hits), ("misses", figures.misses)):
            if new := counted - _written[name]:
                key = _key(name, timezone.now().date())
                cache.add(key, 0, KEPT_DAYS * 24 * 3600)
                cache.incr(key, new)
                _written[name] = counted


def read(days: int = 7) -> Tally:
    """Of today and the days before, `days` in all."""
    today = timezone.now().date()
    found = {
        name: sum(cache.get_many([_key(name, today - timedelta(days=back)) for back in range(days)]).values())
        for name in ("hits", "misses")
    }
    return Tally(**found)


def _key(name: str, day: date) -> str:
    return f"media-{name}:{day.isoformat()}"
