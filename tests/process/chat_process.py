"""The running program as a child of the tests: `python -m asgi_workers`, and the simulated gateway, on their own ports.

    with ChatProcess(tmp_path, environment) as chat:      # migrated, started, ready
        chat.kill9(); chat.start()                        # the same port, data and environment

Both end with the test process, whatever happens to it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.servers import HOST, free_ports, spawn

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40
# Nothing of the tests' own settings leaks in: what a process is told stands in its `environment`.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV")


class Child:
    """A process with a port, a log and a life that tests end early."""

    name = "child"
    python: str = sys.executable
    home: Path = ROOT

    def __init__(self, folder: Path, environment: Mapping[str, str], *, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_ports(1)
        self.url = f"http://{HOST}:{self.port}"
        self.environment = {name: os.environ[name] for name in INHERITED if name in os.environ} | dict(environment)
        self.log_path = folder / f"{self.name}-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def start(self, *, wait: bool = True) -> Self:
        assert self.process is None or self.process.poll() is not None, "it runs"
        self.process = spawn([self.python, *self.command()], self.log_path, cwd=self.home, env=self.environment)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if not self.is_running or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not become ready:\n{self.log()[-4_000:]}")
            time.sleep(0.05)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def log(self) -> str:
        """Everything that it has said, over all its starts."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def send(self, signal_number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal_number)

    def kill9(self) -> None:
        """Its whole group at once, decoders included."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    def terminate(self, seconds: float = 30) -> int:
        """SIGTERM, as a deploy does it. Returns the exit code."""
        self.send(signal.SIGTERM)
        return self.wait(seconds)

    def pause(self) -> None:
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.send(signal.SIGCONT)

    def wait(self, seconds: float = 30) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def stop(self) -> None:
        if self.is_running:
            self.kill9()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is not None:
            print(f"--- {self.name}\n{self.log()[-8_000:]}")


class ChatProcess(Child):
    """`python -m asgi_workers`. Embedded unless its environment names parts; DATA_DIR is its folder."""

    name = "chat"

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None, *, port: int | None = None) -> None:
        super().__init__(folder, {}, port=port)
        development = {"DEBUG": "1", "SECRET_KEY": "a secret of the process tests", "DATA_DIR": str(folder)}
        self.environment |= development | {"PORT": str(self.port)} | dict(environment or {})

    def command(self) -> list[str]:
        return ["-m", "asgi_workers"]

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/api/health/ready/", timeout=2, trust_env=False).status_code == 200
        return False

    def health(self) -> dict[str, Any]:
        body: dict[str, Any] = httpx.get(f"{self.url}/api/health/", timeout=5, trust_env=False).json()
        return body

    def manage(self, *arguments: str) -> str:
        """Run `manage.py` with the same environment; returns what it printed."""
        done = subprocess.run(
            [self.python, "manage.py", *arguments],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4_000:]
        return done.stdout

    def migrate(self) -> Self:
        self.manage("migrate", "--verbosity", "0")
        return self

    def demo(self, *, sandbox_url: str = "") -> dict[str, Any]:
        """The demo's rows and logins; its numbers wired to `sandbox_url`."""
        wired = ["--sandbox-url", sandbox_url] if sandbox_url else []
        made: dict[str, Any] = json.loads(self.manage("demo", "--json", "--url", self.url, *wired))
        return made


class SandboxProcess(Child):
    """The simulated WhatsApp as a process of its own, which outlives the program that talks to it."""

    name = "sandbox"

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        super().__init__(folder, {"DEBUG": "1", "SANDBOX": "1"}, port=port)
        self.database = folder / "sandbox.sqlite3"

    def command(self) -> list[str]:
        return ["-m", "backend.sandbox", "--port", str(self.port), "--database", str(self.database)]

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(self.url, timeout=2, trust_env=False)
            return True
        return False
