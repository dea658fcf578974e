"""The real parts of a test session: where they are, and starting each when the first test wants it.

The addresses are chosen and put into the environment before Django's settings are read; the servers start later, and
only those that a collected test asks for (`postgres`, `rabbit_server`, `s3`). Redis costs 10 ms: every process of the
session has its own, at once. Under xdist the controller owns the other three; a worker asks it for them over a
loopback socket and has a database, a vhost and a bucket of its own in them.

TEST_PARTS=embedded runs the same tests with no part at all: SQLite, memory and local files.
"""

import atexit
import os
import shutil
import socket
import socketserver
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path

from tests.ceph import Ceph
from tests.rabbitmq import RabbitMQ
from tests.servers import HOST, Postgres, Redis, Server

STARTER = "TEST_STARTER"  # where a worker finds the process that starts servers for it
ROOT = "TEST_ROOT"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
EMBEDDED = os.environ.get("TEST_PARTS", "") == "embedded"
KINDS: dict[str, type[Server]] = {"postgres": Postgres, "rabbitmq": RabbitMQ, "ceph": Ceph}
NOT_INHERITED = (
    "RABBITMQ_",
    "S3_",
    "MEDIA_",
    "DATABASE_URL",
    "REDIS_URL",
    "PUBLIC_BASE_URL",
    "ALLOWED_HOSTS",
    "SENTRY_DSN",
)


class Parts:
    """The servers of this session as this process sees them."""

    def __init__(self) -> None:
        self.is_owner = STARTER not in os.environ
        self.root = _new_root() if self.is_owner else Path(os.environ[ROOT])
        self.data_dir = self.root / f"data-{WORKER}"
        self.data_dir.mkdir()
        self._starting: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self.redis = Redis(self.root)
        if not EMBEDDED:
            self.redis.start()
        self.postgres = Postgres(self.root, port=_given_port("postgres"))
        self.rabbitmq = RabbitMQ(self.root, port=_given_port("rabbitmq"))
        self.ceph = Ceph(self.root, port=_given_port("ceph"))
        self.vhost = f"chat-{WORKER}"
        self.bucket = f"chat-{WORKER}"
        self._own_rooms_made: set[str] = set()
        if self.is_owner:
            self._serve_workers()
        atexit.register(self.close)
        self._set_environment()

    def want(self, name: str) -> None:
        """Returns when `name` runs and this process has its room in it; raises what hindered it."""
        if self.is_owner:
            self.begin(name).result()
        else:
            _ask(name)
        with self._lock:
            if name not in self._own_rooms_made:
                self._make_own_room(name)
                self._own_rooms_made.add(name)

    def begin(self, name: str) -> "Future[None]":
        """Start `name` beside whatever else goes on; every caller gets the one start."""
        with self._lock:
            if name not in self._starting:
                future: Future[None] = Future()
                self._starting[name] = future
                threading.Thread(target=self._start, args=(name, future), daemon=True).start()
            return self._starting[name]

    def close(self) -> None:
        self.redis.stop()
        if self.is_owner:
            for name in self._starting:
                self._server(name).stop()
            shutil.rmtree(self.root, ignore_errors=True)

    def _server(self, name: str) -> Server:
        return {"postgres": self.postgres, "rabbitmq": self.rabbitmq, "ceph": self.ceph}[name]

    def _start(self, name: str, future: "Future[None]") -> None:
        try:
            self._server(name).start()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(None)

    def _make_own_room(self, name: str) -> None:
        if name == "rabbitmq":
            self.rabbitmq.make_vhost(self.vhost)
        elif name == "ceph":
            self.ceph.make_bucket(self.bucket)

    def _set_environment(self) -> None:
        for name in [name for name in os.environ if name.startswith(NOT_INHERITED)]:
            del os.environ[name]
        os.environ |= {
            "SECRET_KEY": "a secret of the tests, and of nothing else",
            "DEBUG": "1",
            "SANDBOX": "1",
            "DATA_DIR": str(self.data_dir),
        }
        if not EMBEDDED:
            os.environ |= self.environment(database="chat", vhost=self.vhost, bucket=self.bucket)

    def environment(self, *, database: str, vhost: str, bucket: str) -> dict[str, str]:
        """What a process needs to be told to use our servers."""
        return {
            "DATABASE_URL": self.postgres.url_of(database),
            "REDIS_URL": self.redis.url,
            "RABBITMQ_URL": self.rabbitmq.url_of(vhost),
            "S3_ENDPOINT_URL": self.ceph.url,
            "S3_ACCESS_KEY": Ceph.access_key,
            "S3_SECRET_KEY": Ceph.secret_key,
            "S3_BUCKET": bucket,
        }

    def _serve_workers(self) -> None:
        parts = self

        class Starter(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    parts.begin(self.rfile.readline().decode().strip()).result()
                except BaseException as error:
                    self.wfile.write(str(error).encode())
                else:
                    self.wfile.write(b"ok")

        server = socketserver.ThreadingTCPServer((HOST, 0), Starter)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ |= {STARTER: str(server.server_address[1]), ROOT: str(self.root)}
        os.environ |= {f"TEST_PORT_{name.upper()}": str(self._server(name).port) for name in KINDS}


def _ask(name: str) -> None:
    with socket.create_connection((HOST, int(os.environ[STARTER]))) as line:
        line.sendall(f"{name}\n".encode())
        answer = line.makefile().read()
    if answer != "ok":
        raise RuntimeError(answer)


def _given_port(name: str) -> int | None:
    port = os.environ.get(f"TEST_PORT_{name.upper()}")
    return int(port) if port else None


def _new_root() -> Path:
    for left in Path(tempfile.gettempdir()).glob("chat-tests-*-*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)  # of a session that was killed
    root = Path(tempfile.mkdtemp(prefix=f"chat-tests-{os.getpid()}-"))
    root.chmod(0o711)  # where we are root, PostgreSQL runs as another user and must reach its folder
    return root
