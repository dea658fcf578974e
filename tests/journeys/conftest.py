"""A whole stage: the program (one process or two), and the simulated WhatsApp in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.journeys.stage import Stage
from tests.parts import EMBEDDED, WORKER, Parts
from tests.process.chat_process import ChatProcess, SandboxProcess
from tests.process.conftest import fresh_database, migrated_template, real_parts

__all__ = ["fresh_database", "migrated_template", "real_parts"]


@pytest.fixture(scope="module")
def shared_stage(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """One process for a whole file of tests that only look at what they sent themselves; it is quick to try again."""
    folder = tmp_path_factory.mktemp("shared")
    parts = {} if EMBEDDED else request.getfixturevalue("shared_parts")
    with SandboxProcess(folder / "sandbox") as phone:
        room = environment(phone) | {"JOB_RETRY_SECONDS": "0.2,0.2,0.2"}
        with ChatProcess(folder / "chat", parts | room).migrate() as chat:
            yield Stage([chat], phone)


@pytest.fixture(scope="module")
def shared_parts(request: pytest.FixtureRequest, parts: Parts) -> dict[str, str]:
    name = f"shared_{WORKER}_{abs(hash(request.module.__name__)) % 10**6}"
    rabbit, s3 = request.getfixturevalue("rabbit_server"), request.getfixturevalue("s3")
    with psycopg.connect(request.getfixturevalue("postgres").url_of("postgres"), autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}")
    rabbit.make_vhost(name)
    s3.make_bucket(name.replace("_", "-"))
    return parts.environment(database=name, vhost=name, bucket=name.replace("_", "-"))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path / "sandbox") as running:
        yield running


def environment(sandbox: SandboxProcess) -> dict[str, str]:
    return {
        "SANDBOX": "1",
        "SANDBOX_URL": sandbox.url,
        "DECODERS": "1",
        "JOB_LEASE_SECONDS": "6",
        "GATEWAY_SECONDS": "2",
    }


@pytest.fixture
def stage(tmp_path: Path, sandbox: SandboxProcess, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """One process: embedded with TEST_PARTS=embedded, else on all four real parts."""
    parts = {} if EMBEDDED else request.getfixturevalue("real_parts")
    chat = ChatProcess(tmp_path / "chat", parts | environment(sandbox)).migrate()
    with chat:
        yield Stage([chat], sandbox)


@pytest.fixture
def twins(tmp_path: Path, sandbox: SandboxProcess, real_parts: dict[str, str]) -> Iterator[Stage]:
    """Two processes on the same four real parts."""
    told = real_parts | environment(sandbox)
    one = ChatProcess(tmp_path / "one", told).migrate()
    other = ChatProcess(tmp_path / "other", told)
    with one, other:
        yield Stage([one, other], sandbox)
