"""Time that a test can speed up: waits are multiplied by a scale, which may change while they are under way."""

import asyncio
import time


class Clock:
    """`wait(300)` at scale 0.001 takes a third of a second; at 0 it only yields once."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self._changed: asyncio.Event | None = None

    def now(self) -> float:
        """Seconds since the epoch, never scaled: payloads carry real times."""
        return time.time()

    def set_scale(self, scale: float) -> None:
        """Whoever is waiting waits out what is left of its time at the new scale."""
        self.scale = scale
        if self._changed is not None:
            self._changed.set()
        self._changed = None

    async def wait(self, seconds: float) -> None:
        if seconds * self.scale <= 0:
            await asyncio.sleep(0)
        while seconds * self.scale > 0:
            scale, started, changed = self.scale, time.monotonic(), self._change()
            try:
                await asyncio.wait_for(changed.wait(), seconds * scale)
            except TimeoutError:
                return
            seconds -= (time.monotonic() - started) / scale

    def _change(self) -> asyncio.Event:
        if self._changed is None:
            self._changed = asyncio.Event()
        return self._changed
