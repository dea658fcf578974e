"""The few objects that everybody is looking at now, in the process's own memory for seconds."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

SECONDS = 20.0


class Hot:
    """At most `max_bytes`, least recently used out first. Each entry goes after SECONDS, so that the cache behind it
    learns what is in use. From any thread."""

    def __init__(self, max_bytes: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_bytes, self._clock = max_bytes, clock
        self._entries: OrderedDict[str, tuple[float, str, bytes]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, name: str, etag: str) -> bytes | None:
        with self._lock:
            found = self._entries.get(name)
            if found is None:
                return None
            until, of, data = found
            if until < self._clock() or of != etag:
                self._drop(name)
                return None
            self._entries.move_to_end(name)
            return data

    def put(self, name: str, etag: str, data: bytes) -> None:
        with self._lock:
            self._drop(name)
            self._entries[name] = (self._clock() + SECONDS, etag, data)
            self._bytes += len(data)
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))

    def forget(self, names: Iterable[str]) -> None:
        """These, and everything whose name begins with one of them and a colon."""
        gone = set(names)
        with self._lock:
            for name in [name for name in self._entries if name in gone or name.rpartition(":")[0] in gone]:
                self._drop(name)

    def _drop(self, name: str) -> None:
        found = self._entries.pop(name, None)
        if found is not None:
            self._bytes -= len(found[2])
