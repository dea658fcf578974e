"""The stage of every test here: one wired instance, its usual customers, and time a thousand times faster."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.sandbox.stage import Stage

START_SECONDS = 30.0


@pytest.fixture
async def bare_stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path / "sandbox.sqlite3")
    yield stage
    await stage.close()


@pytest.fixture
async def stage(bare_stage: Stage) -> Stage:
    await bare_stage.wire(with_cast=True)
    return bare_stage


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def process(tmp_path: Path) -> Iterator[httpx.Client]:
    """The sandbox under Daphne, a hundred times faster than time; a client that speaks to it."""
    port = free_port()
    command = [sys.executable, "-m", "backend.sandbox", "--port", str(port), "--database", str(tmp_path / "s.sqlite3")]
    running = subprocess.Popen([*command, "--time-scale", "0.01"], stderr=subprocess.DEVNULL)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            client.get("/")
            break
        except httpx.TransportError:
            time.sleep(0.1)
    yield client
    client.close()
    running.send_signal(signal.SIGTERM)
    assert running.wait(10) == 0
