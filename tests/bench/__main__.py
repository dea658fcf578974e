"""`python -m tests.bench [names]`: run the named benches, or all, and print what they found."""

import signal
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module

from tests.bench.figures import Measure
from tests.bench.rig import Rig, private_rig

NAMES = ("webhook", "latency", "hub", "memory", "burst", "answering", "sends", "serving", "seek")


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(NAMES)
    if unknown:
        sys.stderr.write(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}\n")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exit that stops the servers
    began = time.monotonic()
    with private_rig() as rig:
        have_run = [_show(name, rig) for name in wanted or NAMES]
    print(f"{'all':<8}{time.monotonic() - began:.0f} s", flush=True)
    return 0 if all(have_run) else 1


def _show(name: str, rig: Rig) -> bool:
    """False when it could not be measured; the other benches still are."""
    run: Callable[[Rig], list[Measure]] = import_module(f"tests.bench.{name}").run
    try:
        measures = run(rig)
    except Exception:
        traceback.print_exc()
        print(f"{name:<8}could not be measured  MISS", flush=True)
        return False
    for measure in measures:
        print(measure.line(), flush=True)
    return True


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
