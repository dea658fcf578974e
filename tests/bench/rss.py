"""How much memory a process has, watched while something happens."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

MB = 1_000_000
LOOK_SECONDS = 0.01
_PAGE = 4096


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / MB


class Watch:
    """`with Watch(pid) as watch:` and then `watch.growth_mb`: the highest that it was, less what it was before."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = self._highest = resident_mb(pid)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    @property
    def growth_mb(self) -> float:
        return self._highest - self._before

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            self._highest = max(self._highest, resident_mb(self._pid))
