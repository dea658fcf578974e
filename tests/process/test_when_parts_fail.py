"""Redis, RabbitMQ and S3 killed and paused under the running program: it goes on, says so, and heals by itself."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ceph import Ceph
from tests.journeys.stage import Stage
from tests.process.chat_process import ChatProcess, SandboxProcess
from tests.rabbitmq import RabbitMQ
from tests.servers import Redis


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path / "phone") as running:
        yield running


def start(folder: Path, sandbox: SandboxProcess, parts: dict[str, str]) -> ChatProcess:
    environment = parts | {"SANDBOX": "1", "SANDBOX_URL": sandbox.url, "DECODERS": "1"}
    return ChatProcess(folder, environment).migrate()


def received(stage: Stage, text: str) -> float:
    """Seconds from the customer's send to Ana's socket, on a socket that is open before."""
    with stage.watch() as ana:
        ana.wait_for("hello")
        began = time.monotonic()
        stage.sends("text", text=text)
        ana.wait_for("message_received", seconds=30)
        return time.monotonic() - began


@pytest.mark.parametrize("trouble", ["kill9", "pause"])
def test_without_redis_browsers_learn_within_seconds_and_at_once_when_it_is_back(
    tmp_path: Path, sandbox: SandboxProcess, real_parts: dict[str, str], private_redis: Redis, trouble: str
) -> None:
    with start(tmp_path / "chat", sandbox, real_parts | {"REDIS_URL": private_redis.url}) as chat:
        stage = Stage([chat], sandbox)
        with stage.watch() as ana:
            ana.wait_for("hello")
            getattr(private_redis, trouble)()
            stage.sends("text", text="sem redis")
            ana.wait_for("message_received", seconds=12)
            assert chat.health()["status"] == "degraded"
            private_redis.resume() if trouble == "pause" else private_redis.start()
            time.sleep(3)
            stage.sends("text", text="com redis")
            ana.wait_for("message_received", count=2, seconds=12)
        assert min(received(stage, f"de novo {number}") for number in range(3)) < 1
        assert chat.health()["redis"]["status"] == "ok"


@pytest.mark.parametrize("trouble", ["kill9", "pause"])
def test_without_rabbitmq_jobs_are_swept_and_consumers_come_back(
    tmp_path: Path, sandbox: SandboxProcess, real_parts: dict[str, str], private_rabbit: RabbitMQ, trouble: str
) -> None:
    with start(tmp_path / "chat", sandbox, real_parts | {"RABBITMQ_URL": private_rabbit.url}) as chat:
        stage = Stage([chat], sandbox)
        wait_for_health(chat, lambda health: health["rabbitmq"]["connected"] is True)
        assert received(stage, "antes") < 3
        getattr(private_rabbit, trouble)()
        assert received(stage, "durante") < 8
        if trouble == "kill9":
            wait_for_health(chat, lambda health: health["rabbitmq"]["connected"] is False)
            assert chat.health()["status"] == "degraded"
            private_rabbit.start()
        else:
            private_rabbit.resume()
        wait_for_health(chat, lambda health: health["rabbitmq"]["connected"] is True)
        wait_for_health(chat, lambda health: health["workers"]["consumers"] > 0)
        assert min(received(stage, f"depois {number}") for number in range(3)) < 1.5


def test_without_storage_a_photo_waits_and_then_it_comes(
    tmp_path: Path, sandbox: SandboxProcess, real_parts: dict[str, str], private_s3: Ceph
) -> None:
    """Nothing is announced that cannot be read."""
    storage = {
        "S3_ENDPOINT_URL": private_s3.url,
        "S3_ACCESS_KEY": private_s3.access_key,
        "S3_SECRET_KEY": private_s3.secret_key,
        "S3_BUCKET": "chat",
    }
    private_s3.make_bucket("chat")
    with start(tmp_path / "chat", sandbox, real_parts | storage) as chat:
        stage = Stage([chat], sandbox)
        private_s3.kill9()
        with stage.watch() as ana:
            ana.wait_for("hello")
            sent = stage.sends("image")
            ana.wait_for("message_received")
            time.sleep(4)
            assert not [event for event in ana.events if event["type"] == "attachment_ready"]
            private_s3.start()
            ready = ana.wait_for("attachment_ready", seconds=90)

        assert stage.get(ready["attachment"]["file_url"]).content == stage.original(sent["media"]["id"])


def wait_for_health(chat: ChatProcess, is_so: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so(chat.health()):
        assert time.monotonic() < deadline, chat.health()
        time.sleep(0.3)
