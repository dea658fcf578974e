"""What a bench found, and the line that says so."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

RUNS = 3


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was really seen."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


@dataclass(frozen=True, slots=True)
class Target:
    """An absolute bound on the median, or one on its ratio to the peer's median."""

    at_most: float | None = None
    ratio_at_most: float | None = None
    ratio_at_least: float | None = None

    def __str__(self) -> str:
        if self.at_most is not None:
            return f"{self.at_most:g}"
        if self.ratio_at_most is not None:
            return f"{self.ratio_at_most:g} of peer"
        return f"{self.ratio_at_least:g} times peer"


@dataclass(slots=True)
class Measure:
    """One figure of each run, and the same figure of the peer, where there is one."""

    bench: str
    what: str
    unit: str
    target: Target
    peer: str = ""
    runs: list[float] = field(default_factory=list)
    peer_runs: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    @property
    def ratio(self) -> float:
        """Ours to the peer's."""
        peer = statistics.median(self.peer_runs) if self.peer_runs else 0.0
        return self.median / peer if peer else math.inf

    @property
    def is_met(self) -> bool:
        target = self.target
        return (
            (target.at_most is None or self.median <= target.at_most)
            and (target.ratio_at_most is None or self.ratio <= target.ratio_at_most)
            and (target.ratio_at_least is None or self.ratio >= target.ratio_at_least)
        )

    def line(self) -> str:
        mine = f"{self.what} {_number(self.median)} {self.unit}"
        words = [f"{self.bench:<8}{mine:<46}", f"{_spread(self.runs):<18}", f"target {self.target!s:<14}"]
        words.append("ok  " if self.is_met else "MISS")
        if self.peer_runs:
            peer = f"peer({self.peer}) {_number(statistics.median(self.peer_runs))} {self.unit}"
            words.append(f"  {peer} {_spread(self.peer_runs)}  ratio {self.ratio:.2f}")
        if self.note:
            words.append(f"  {self.note}")
        return " ".join(words).rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.1f}"


def _spread(values: Sequence[float]) -> str:
    return f"({_number(min(values))}–{_number(max(values))})"
