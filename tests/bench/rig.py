"""The stage of a bench: real servers, the program on them, and companies with their tokens."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.parts import KINDS, WORKER, Parts
from tests.process.chat_process import ROOT, ChatProcess, Child, SandboxProcess
from tests.servers import HOST, answers

TEMPLATE = f"bench_template_{WORKER}"
_number = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant with one WhatsApp number and one program's token. `instance` is the number's name at the gateway."""

    tenant_id: str
    instance_id: str
    instance: str
    api_key: str
    secret: str
    token: str

    @property
    def hook(self) -> str:
        """Where its gateway posts, below a process's address."""
        return f"/api/webhooks/evolution/{self.secret}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class Peer(Child):
    """A peer's ASGI application under Daphne, the server that the program itself runs on."""

    name = "peer"

    def __init__(self, folder: Path, module: str, environment: Mapping[str, str]) -> None:
        super().__init__(folder, environment)
        self._module = module

    def command(self) -> list[str]:
        address = ["-b", HOST, "-p", str(self.port), "-v", "0"]
        return ["-m", "daphne", *address, f"tests.bench.peers.{self._module}:application"]

    def is_ready(self) -> bool:
        return answers(self.port)


class Rig:
    """Hands out rooms (a migrated database, a vhost, a bucket) in the servers of `parts`, and processes in them."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._has_template = False

    @property
    def redis_url(self) -> str:
        return self.parts.redis.url

    def folder(self, name: str) -> Path:
        return self.parts.root / f"bench-{WORKER}-{next(_number)}-{name}"

    def room(self, **more: str) -> dict[str, str]:
        """What a process must be told to use all real parts, in rooms of its own."""
        name = f"bench-{WORKER}-{next(_number)}"
        self.parts.rabbitmq.make_vhost(name)
        self.parts.ceph.make_bucket(name)
        return self.parts.environment(database=self._database(), vhost=name, bucket=name) | more

    def chat(self, room: Mapping[str, str]) -> ChatProcess:
        return ChatProcess(self.folder("chat"), room)

    def sandbox(self) -> SandboxProcess:
        return SandboxProcess(self.folder("sandbox"))

    def peer(self, module: str, **environment: str) -> Peer:
        return Peer(self.folder("peer"), module, environment)

    def companies(self, room: Mapping[str, str], count: int, *, sandbox_url: str = "") -> list[Company]:
        """Make `count` tenants; their numbers are the simulated gateway's."""
        made = self.seed(room, "companies", str(count), sandbox_url or f"http://{HOST}:9")
        return [Company(**facts) for facts in made]

    def seed(self, room: Mapping[str, str], *what: str) -> Any:
        """Make rows as `tests.bench.seed` says."""
        command = [sys.executable, "-m", "tests.bench.seed", *what]
        return json.loads(_run(command, ChatProcess(self.folder("seed"), room).environment))

    def _database(self) -> str:
        """A copy (0.1 s) of a database that was migrated once (2 s)."""
        postgres = self.parts.postgres
        name = f"bench_{WORKER}_{next(_number)}"
        with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as link:
            if not self._has_template:
                link.execute(f"CREATE DATABASE {TEMPLATE}")
                ChatProcess(self.folder("template"), {"DATABASE_URL": postgres.url_of(TEMPLATE)}).migrate()
                self._has_template = True
            link.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return name


@contextmanager
def private_rig() -> Iterator[Rig]:
    """All servers, for one run of `python -m tests.bench`, gone with it."""
    parts = Parts()
    try:
        for name in KINDS:
            parts.begin(name)
        for name in KINDS:
            parts.want(name)
        yield Rig(parts)
    finally:
        parts.close()


def _run(command: list[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-4_000:])
    return done.stdout
