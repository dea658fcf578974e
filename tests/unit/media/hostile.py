"""A decoder process whose handlers do their worst: what a hole in a codec would let a file do. For tests only."""

import os
import time
from array import array
from pathlib import Path
from typing import Any

from backend.media import decoder
from backend.media.verdict import Verdict


def _allocate(request: dict[str, Any], verdict: Verdict) -> None:
    kept = []
    while True:
        kept.append(array("b", bytes(16 * 1024 * 1024)))


def _spin(request: dict[str, Any], verdict: Verdict) -> None:
    while True:
        pass


def _sleep(request: dict[str, Any], verdict: Verdict) -> None:
    time.sleep(600)


def _abort(request: dict[str, Any], verdict: Verdict) -> None:
    os.abort()


def _babble(request: dict[str, Any], verdict: Verdict) -> None:
    os.write(3, b"\xff\xff\xff\xff and more")


def _print(request: dict[str, Any], verdict: Verdict) -> None:
    os.write(1, b"a library says hello")
    print("so does another")


def _lie(request: dict[str, Any], verdict: Verdict) -> None:
    verdict.facts["width"] = -1


def _leak(request: dict[str, Any], verdict: Verdict) -> None:
    Path(verdict.output("thumb")).symlink_to("/etc/passwd")


def _fill(request: dict[str, Any], verdict: Verdict) -> None:
    with Path(verdict.output("jpeg")).open("wb") as file:
        while True:
            file.write(bytes(1024 * 1024))


def _tell(request: dict[str, Any], verdict: Verdict) -> None:
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    verdict.detail = f"{','.join(os.environ)} {os.nice(0)} {descriptors} {Path.cwd()} {request['threads']}"


def _throw(request: dict[str, Any], verdict: Verdict) -> None:
    raise ValueError("a library did not like it")


def main() -> None:
    for act in (_allocate, _spin, _sleep, _abort, _babble, _print, _lie, _leak, _fill, _tell, _throw):
        decoder.HANDLERS[f"image/{act.__name__}"] = act
    # The longest prefix first: what is not hostile goes where it always goes.
    decoder.HANDLERS["image/"] = decoder.HANDLERS.pop("image/")
    decoder.main()
