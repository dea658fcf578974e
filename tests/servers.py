"""Real servers for tests, private to the test process: each on loopback ports of its own, in a directory of its own.

    redis = Redis(root).start()
    redis.kill9(); redis.start()        # the same port and data again
    redis.pause(); redis.resume()       # SIGSTOP: alive, but it answers nobody

Works as root and as an ordinary user, starts no system service and writes outside `root` only a port counter in the
temp directory. No server outlives the process that started it, even when that is killed with -9.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar, Self

HOST = "127.0.0.1"
FIRST_PORT, LAST_PORT = 20_000, 31_000  # below the ephemeral range, so that no outgoing connection takes one of ours
START_SECONDS = 60
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)
# The kernel's parent-death signal fires when the spawning *thread* ends: every child is started from this one, which
# lives as long as the process does.
_spawner = ThreadPoolExecutor(1, thread_name_prefix="spawner")


class MissingServer(RuntimeError):
    """A server's program is not installed."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(f"{program} is not installed: apt-get install --no-install-recommends {package}")


def free_ports(count: int) -> int:
    """The first of `count` consecutive free ports; no two test processes of this user are given the same."""
    with Path(tempfile.gettempdir(), f"test-ports-{os.getuid()}.lock").open("a+") as counter:
        fcntl.flock(counter, fcntl.LOCK_EX)
        counter.seek(0)
        base = int(counter.read().strip() or FIRST_PORT)
        while True:
            base = base + count if base + 2 * count < LAST_PORT else FIRST_PORT
            if all(map(_is_free, range(base, base + count))):
                break
        counter.seek(0)
        counter.truncate()
        counter.write(str(base + count))
    return base


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def find_program(program: str, package: str, *folders: str) -> str:
    """The newest `program` in `folders` (globs from /), else on the PATH and in sbin; raises MissingServer."""
    found = sorted(match for folder in folders for match in Path("/").glob(f"{folder.strip('/')}/{program}"))
    path = str(found[-1]) if found else shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not path:
        raise MissingServer(program, package)
    return path


def spawn(
    command: list[str],
    log: Path,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own; it dies with us. `user` counts only where we are root."""
    other = user if user and os.getuid() == 0 else None
    with log.open("ab") as out:
        return _spawner.submit(
            subprocess.Popen,
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=other,
            group=other,
            extra_groups=[] if other else None,
            preexec_fn=_die_with_parent,
        ).result()


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def answers(port: int) -> bool:
    """Whether something accepts connections on the port."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), 0.5):
        return True
    return False


class Server:
    """Start, stop and hurt one server. `start()` may be called again after `stop` or `kill9`."""

    name: ClassVar[str]
    port_count: ClassVar[int] = 1

    def __init__(self, root: Path, *, port: int | None = None) -> None:
        self.port = port or free_ports(self.port_count)
        self.folder = root / f"{self.name}-{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self._prepared = False

    @property
    def url(self) -> str:
        raise NotImplementedError

    def start(self) -> Self:
        """Returns when it answers. The first start lays out its directory."""
        if not self._prepared:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.prepare()
            self._prepared = True
        self.launch()
        self.wait_until(self.is_ready)
        return self

    def prepare(self) -> None:
        """Lay out the directory; nothing runs afterwards."""

    def launch(self) -> None:
        raise NotImplementedError

    def is_ready(self) -> bool:
        return answers(self.port)

    def pause(self) -> None:
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.send(signal.SIGCONT)

    def kill9(self) -> None:
        """As when the machine takes it away. What it promised to keep is still there after `start`."""
        self.send(signal.SIGKILL)
        for process in self.processes:
            process.wait()
        self.processes.clear()

    def stop(self) -> None:
        """For good, and with everything that it wrote."""
        self.kill9()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._prepared = False

    def send(self, signal_number: signal.Signals) -> None:
        for process in self.processes:  # each leads its own group: nobody else's process is ever signalled
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal_number)

    def run(self, *command: str, env: Mapping[str, str] | None = None, user: str | None = None, log: str = "") -> None:
        """Start a process that stays."""
        path = self.folder / (log or f"{Path(command[0]).name}.out")
        self.processes.append(spawn(list(command), path, cwd=self.folder, env=env, user=user))

    def wait_until(self, is_true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_true():
            gone = [process for process in self.processes if process.poll() is not None]
            if gone or not self.processes or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start:\n{self.output()}")
            time.sleep(0.01)

    def output(self) -> str:
        """The ends of everything that it said."""
        return "\n".join(path.read_text(errors="replace")[-2_000:] for path in sorted(self.folder.glob("*.out")))


class Redis(Server):
    """Keeps nothing across `kill9`: the product must not need it to."""

    name = "redis"

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def launch(self) -> None:
        program = find_program("redis-server", "redis-server")
        memory_only = ("--save", "", "--appendonly", "no")
        self.run(program, "--port", str(self.port), "--bind", HOST, "--dir", str(self.folder), *memory_only)


class Postgres(Server):
    """fsync is off (the machine stays up), synchronous_commit stays on: what was committed survives `kill9`."""

    name = "postgres"
    user = "postgres"

    @property
    def url(self) -> str:
        return self.url_of("chat")

    def url_of(self, database: str) -> str:
        return f"postgresql://app@{HOST}:{self.port}/{database}"

    def prepare(self) -> None:
        if os.getuid() == 0:  # it refuses to run as root
            shutil.chown(self.folder, self.user, self.user)
        layout = ("-U", "app", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        self.run(self._program("initdb"), "-D", str(self.folder / "data"), *layout, user=self.user)
        if self.processes.pop().wait():
            raise RuntimeError(self.output())

    def launch(self) -> None:
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)  # left by kill9
        options = {
            "listen_addresses": HOST,
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "fsync": "off",
            "full_page_writes": "off",
            "log_min_messages": "warning",
        }
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        data = str(self.folder / "data")
        self.run(self._program("postgres"), "-D", data, "-p", str(self.port), *flags, user=self.user)

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGINT)  # a fast shutdown: the postmaster sees its children off
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
        super().stop()

    def is_ready(self) -> bool:
        probe = [self._program("pg_isready"), "-q", "-h", HOST, "-p", str(self.port), "-U", "app", "-d", "postgres"]
        return subprocess.run(probe, check=False).returncode == 0

    @staticmethod
    def _program(name: str) -> str:
        # Debian keeps them off the PATH; what is on it may be a wrapper.
        return find_program(name, "postgresql", "/usr/lib/postgresql/*/bin")
