"""Nobody waits twice for what is away."""

import threading
import time
from collections.abc import Callable


class Breaker:
    """After `failures` in a row nobody is let through for `rest_seconds`; then one is, to see whether it is back."""

    def __init__(self, *, rest_seconds: float, failures: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest_seconds, self._allowed_failures, self._clock = rest_seconds, failures, clock
        self._failures = 0
        self._shut_until = 0.0
        self._lock = threading.Lock()

    def lets_through(self) -> bool:
        with self._lock:
            if self._failures < self._allowed_failures:
                return True
            if self._clock() < self._shut_until:
                return False
            self._shut_until = self._clock() + self._rest_seconds  # whoever comes next waits for this one's news
            return True

    def worked(self) -> None:
        self._failures = 0

    def failed(self) -> bool:
        """True when this failure is the one that shut it."""
        with self._lock:
            self._failures += 1
            self._shut_until = self._clock() + self._rest_seconds
            return self._failures == self._allowed_failures
