"""A whole stage: the program (one process or two), and the simulated WhatsApp in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.stage import Stage
from tests.parts import EMBEDDED
from tests.process.chat_process import ChatProcess, SandboxProcess
from tests.process.conftest import fresh_database, migrated_template, real_parts

__all__ = ["fresh_database", "migrated_template", "real_parts"]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path / "sandbox") as running:
        yield running


def room(sandbox: SandboxProcess) -> dict[str, str]:
    return {"SANDBOX": "1", "SANDBOX_URL": sandbox.url, "DECODERS": "1", "JOB_LEASE_SECONDS": "6"}


@pytest.fixture
def stage(tmp_path: Path, sandbox: SandboxProcess, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """One process: embedded with TEST_PARTS=embedded, else on all four real parts."""
    parts = {} if EMBEDDED else request.getfixturevalue("real_parts")
    chat = ChatProcess(tmp_path / "chat", parts | room(sandbox)).migrate()
    with chat:
        yield Stage([chat], sandbox)


@pytest.fixture
def twins(tmp_path: Path, sandbox: SandboxProcess, real_parts: dict[str, str]) -> Iterator[Stage]:
    """Two processes on the same four real parts."""
    environment = real_parts | room(sandbox)
    one = ChatProcess(tmp_path / "one", environment).migrate()
    other = ChatProcess(tmp_path / "other", environment)
    with one, other:
        yield Stage([one, other], sandbox)
