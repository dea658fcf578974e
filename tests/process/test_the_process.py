"""The program as it runs: it starts in both modes, answers, and ends as it should."""

import time
from pathlib import Path

from tests.process.chat_process import ChatProcess


def test_it_starts_embedded_and_ends_with_zero(tmp_path: Path) -> None:
    with ChatProcess(tmp_path).migrate() as chat:
        assert chat.health()["database"]["engine"] == "sqlite"
        assert chat.terminate() == 0, chat.log()


def test_it_starts_with_real_parts(tmp_path: Path, real_parts: dict[str, str]) -> None:
    parts = ("database", "redis", "storage", "rabbitmq")
    with ChatProcess(tmp_path, real_parts) as chat:
        deadline = time.monotonic() + 20
        while not all((health := chat.health())[part]["status"] == "ok" for part in parts):
            assert time.monotonic() < deadline, health
            time.sleep(0.1)

        assert health["rabbitmq"]["connected"] is True


def test_it_comes_back_after_kill_9_with_its_data(tmp_path: Path) -> None:
    with ChatProcess(tmp_path).migrate() as chat:
        made = chat.demo()
        chat.kill9()
        chat.start()

        assert chat.demo() == made
