"""The cache of a program that runs alone: the process's own memory, with the same cap and the same terms as Redis."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

ENTRY_BYTES = 256
"""What an entry costs beside its bytes."""


class MemoryShelf:
    """`cache.Shelf`, least recently used out first."""

    def __init__(self, max_bytes: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_bytes, self._clock = max_bytes, clock
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        with self._lock:
            found = self._entries.get(name)
            if found is None:
                return None
            if found[0] < self._clock():
                self._drop(name)
                return None
            self._entries.move_to_end(name)
            return found[1]

    def put(self, name: str, value: bytes, seconds: int) -> None:
        with self._lock:
            self._drop(name)
            until = self._clock() + seconds if seconds else float("inf")
            self._entries[name] = (until, value)
            self._bytes += len(value) + ENTRY_BYTES
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))

    def forget(self, names: Iterable[str]) -> bool:
        wanted = list(names)
        with self._lock:
            for known in list(self._entries):
                if any(known == name or known.startswith(f"{name}:") for name in wanted):
                    self._drop(known)
        return True

    def bytes_used(self) -> int | None:
        return self._bytes

    def on_loop(self) -> "MemoryLoopShelf":
        return MemoryLoopShelf(self)

    def _drop(self, name: str) -> None:
        found = self._entries.pop(name, None)
        if found is not None:
            self._bytes -= len(found[1]) + ENTRY_BYTES


class MemoryLoopShelf:
    """`cache.LoopShelf`: nothing here ever waits."""

    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf

    async def get(self, name: str) -> bytes | None:
        return self._shelf.get(name)

    async def put(self, name: str, value: bytes, seconds: int) -> None:
        self._shelf.put(name, value, seconds)

    async def close(self) -> None:
        pass
