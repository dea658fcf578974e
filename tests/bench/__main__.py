"""`python -m tests.bench [names]`: run the named benches, or all, and print what they found."""

import signal
import sys
import time
from collections.abc import Callable
from importlib import import_module

from tests.bench.figures import Measure
from tests.bench.rig import Rig, private_rig

NAMES = ("webhook", "latency", "hub", "memory", "burst", "answering", "sends")


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(NAMES)
    if unknown:
        sys.stderr.write(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}\n")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exit that stops the servers
    began = time.monotonic()
    with private_rig() as rig:
        for name in wanted or NAMES:
            _show(name, rig)
    print(f"{'all':<8}{time.monotonic() - began:.0f} s", flush=True)
    return 0


def _show(name: str, rig: Rig) -> None:
    run: Callable[[Rig], list[Measure]] = import_module(f"tests.bench.{name}").run
    for measure in run(rig):
        print(measure.line(), flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
