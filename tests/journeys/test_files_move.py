"""A running program's files move from its directory to a bucket, are cut off on the way, and are read all the while."""

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
import redis

from tests.journeys.conftest import environment
from tests.journeys.stage import Stage, sha256
from tests.process.chat_process import ChatProcess, SandboxProcess

FILES = 15
MOVE = ("migrate_media", "--from", "local", "--to", "s3", "--apply")


def storages(stage: Stage, ids: list[str]) -> list[str]:
    return [stage.get(f"/api/chat/attachments/{one}/").json()["storage_type"] for one in ids]


def forget_everything(chat: ChatProcess, parts: dict[str, str]) -> None:
    """So that the next look goes to where the files are."""
    chat.terminate()
    redis.Redis.from_url(parts["REDIS_URL"]).flushall()
    chat.start()


class Reader(threading.Thread):
    """Reads everything again and again; `wrong` is what was not as it should be."""

    def __init__(self, stage: Stage, originals: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self._stage, self._originals = stage, originals
        self.wrong: list[object] = []
        self.rounds = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            for attachment_id, digest in self._originals.items():
                answer = self._stage.get(f"/api/chat/attachments/{attachment_id}/download/")
                if answer.status_code != 200 or sha256(answer.content) != digest:
                    self.wrong.append((attachment_id, answer.status_code))
            self.rounds += 1


def moves_until_it_is_killed(chat: ChatProcess, stage: Stage, ids: list[str]) -> None:
    command = [chat.python, "manage.py", *MOVE]
    moving = subprocess.Popen(command, cwd=chat.home, env=chat.environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while storages(stage, ids[:2])[-1] == "local":
        assert time.monotonic() < deadline, "nothing moved"
    os.kill(moving.pid, signal.SIGKILL)
    moving.wait()


@pytest.mark.usefixtures("s3")
def test_files_move_to_a_bucket_while_they_are_read(
    tmp_path: Path, sandbox: SandboxProcess, real_parts: dict[str, str]
) -> None:
    told = real_parts | environment(sandbox) | {"MEDIA_STORAGE": "local"}
    with ChatProcess(tmp_path / "chat", told).migrate() as chat:
        stage = Stage([chat], sandbox)
        with stage.watch() as ana:
            ana.wait_for("hello")
            sent = [stage.sends("image") for _ in range(FILES)]
            ana.wait_for("attachment_ready", count=FILES, seconds=60)
        originals = {sha256(stage.original(one["media"]["id"])) for one in sent}
        ready = [event["attachment"]["id"] for event in ana.events if event["type"] == "attachment_ready"]
        ids = sorted(ready)
        digests = {one: sha256(stage.get(f"/api/chat/attachments/{one}/download/").content) for one in ids}
        assert set(digests.values()) == originals

        chat.environment["MEDIA_STORAGE"] = "s3"
        forget_everything(chat, real_parts)
        reader = Reader(stage, digests)
        reader.start()
        moves_until_it_is_killed(chat, stage, ids)
        assert set(storages(stage, ids)) == {"s3", "local"}
        assert "files in local, 0 bytes" not in chat.manage(*MOVE[:-1])
        chat.manage(*MOVE)
        rounds = reader.rounds
        stage.wait_until(lambda: reader.rounds > rounds + 1)
        reader.ended.set()
        reader.join(30)
        assert reader.wrong == []
        assert storages(stage, ids) == ["s3"] * FILES

        shutil.rmtree(tmp_path / "chat" / "media")
        forget_everything(chat, real_parts)
        for one, digest in digests.items():
            assert sha256(stage.get(f"/api/chat/attachments/{one}/download/").content) == digest
            assert stage.get(f"/api/chat/attachments/{one}/thumbnail/").status_code == 200
