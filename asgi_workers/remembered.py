"""What was found is believed for a few seconds, and who asks meanwhile waits for the one who is asking already."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Only what was found: whatever `find` raises is raised to all who wait, and asked anew by the next.

    The seconds begin when the question was put, so that nothing older is ever believed.
    """

    def __init__(self, *, seconds: float, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._limit, self._clock = seconds, limit, clock
        self._known: dict[Key, tuple[float, Value]] = {}
        self._asking: dict[Key, asyncio.Task[Value]] = {}

    def known(self, key: Key) -> Value | None:
        found = self._known.get(key)
        return found[1] if found is not None and found[0] > self._clock() else None

    async def get(self, key: Key, find: Callable[[], Awaitable[Value]]) -> Value:
        found = self.known(key)
        if found is not None:
            return found
        if key not in self._asking:
            task = self._asking[key] = asyncio.create_task(self._ask(key, find))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # the last asker may have left
        return await asyncio.shield(self._asking[key])

    def forget_if(self, is_so: Callable[[Value], bool]) -> None:
        for key in [key for key, (_, value) in self._known.items() if is_so(value)]:
            del self._known[key]

    async def _ask(self, key: Key, find: Callable[[], Awaitable[Value]]) -> Value:
        until = self._clock() + self._seconds
        try:
            found = await find()
        finally:
            del self._asking[key]
        while len(self._known) >= self._limit:
            del self._known[next(iter(self._known))]
        self._known.pop(key, None)
        self._known[key] = (until, found)
        return found
