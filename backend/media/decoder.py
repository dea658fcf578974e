"""The decoder process: opens hostile files so that the server never does. Started and asked by decoders.py.

Frames on the pipes are a four-byte length and JSON. A request names a file in the working directory, the spool:
`{"name", "mime", "kind", "sends", "threads", "cpu_seconds"}`; what is made of it is left beside it as `{name}.thumb`,
`{name}.jpeg`, `{name}.poster`, `{name}.aac` and, for a file that `sends`, `{name}.send`. The answer is decoders.Answer.
No Django in here, no environment, nothing of the server's memory.

Limits that the kernel keeps: 1 GiB of address space, 20 s of processor time for each file, 64 MiB for each file that
is written. Out of memory or time the process ends; the server takes that for what it is and starts another.
"""

import json
import os
import resource
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from backend.media import images, moving, pages
from backend.media.verdict import Undecodable, Verdict

MEMORY_BYTES = 1024 * 1024 * 1024
WRITTEN_BYTES = 64 * 1024 * 1024
CPU_SECONDS = 20
NICE = 10

Handler = Callable[[dict[str, Any], Verdict], None]
HANDLERS: dict[str, Handler] = {
    "image/": images.look,
    "video/": moving.watch,
    "audio/": moving.listen,
    "application/pdf": pages.leaf,
}


def main() -> None:
    """Serves until the server closes the pipe."""
    confine()
    reader, writer = os.fdopen(0, "rb"), os.fdopen(_private_output(), "wb")
    images.load()
    while (request := _receive(reader)) is not None:
        renew_cpu(request.get("cpu_seconds", CPU_SECONDS))
        try:
            answer = examine(request)
        except MemoryError:
            os._exit(1)
        body = json.dumps(answer).encode()
        writer.write(struct.pack(">I", len(body)) + body)
        writer.flush()


def examine(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request. Only MemoryError gets out: whatever else a library throws is a warning."""
    verdict = Verdict(request["name"])
    handler = next((found for prefix, found in HANDLERS.items() if request["mime"].startswith(prefix)), None)
    try:
        if handler is not None:
            handler(request, verdict)
    except Undecodable as error:
        verdict.error, verdict.detail = error.code, error.detail
    except MemoryError:
        raise
    except Exception:
        verdict.warnings.append("thumbnail_failed")
    return verdict.answer()


def confine() -> None:
    """From here on this process is slow, small and writes no core."""
    os.nice(NICE)
    os.umask(0o077)
    with suppress(OSError):
        # Where memory runs out, the kernel should take this process and not the server.
        Path("/proc/self/oom_score_adj").write_text("1000")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN_BYTES, WRITTEN_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def renew_cpu(seconds: int) -> None:
    """The limit counts a process's whole life, so each file moves it on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))


def _receive(reader: BinaryIO) -> dict[str, Any] | None:
    header = reader.read(4)
    if len(header) < 4:
        return None
    request: dict[str, Any] = json.loads(reader.read(struct.unpack(">I", header)[0]))
    return request


def _private_output() -> int:
    """What a library prints must not land between two frames."""
    sys.stdout = sys.stderr
    output = os.dup(1)
    os.dup2(2, 1)
    return output
