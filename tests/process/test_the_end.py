"""Stopping as carefully as starting: what a deploy does to requests, sockets and jobs in hand."""

import threading
import time
from pathlib import Path

import httpx

from tests.journeys.stage import Stage
from tests.process.chat_process import ChatProcess, SandboxProcess


def room(sandbox: SandboxProcess, **more: str) -> dict[str, str]:
    return {"SANDBOX": "1", "SANDBOX_URL": sandbox.url, "DECODERS": "1", "JOB_LEASE_SECONDS": "6"} | more


def test_a_deploy_finishes_the_job_in_hand_closes_sockets_with_4012_and_exits_zero(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "phone") as sandbox, ChatProcess(tmp_path / "chat", room(sandbox)).migrate() as chat:
        stage = Stage([chat], sandbox)
        stage.faults(media={"mode": "slow", "bytes_per_second": 50_000})
        with stage.watch() as ana:
            ana.wait_for("hello")
            stage.sends("image")
            ana.wait_for("upload_progress")
            code = chat.terminate()
            assert ana.wait_closed() == 4012
            ana.wait_for("attachment_ready", seconds=1)

        assert code == 0, chat.log()
        assert "drained clean=True" in chat.log()


def test_what_does_not_make_it_before_the_deadline_is_released_for_the_next_process(tmp_path: Path) -> None:
    with (
        SandboxProcess(tmp_path / "phone") as sandbox,
        ChatProcess(tmp_path / "chat", room(sandbox, DRAIN_SECONDS="1")).migrate() as chat,
    ):
        stage = Stage([chat], sandbox)
        stage.faults(media={"mode": "hang", "seconds": 30})
        with stage.watch() as ana:
            ana.wait_for("hello")
            stage.sends("image")
            ana.wait_for("message_received")
            time.sleep(0.5)
            began = time.monotonic()
            code = chat.terminate()
            took = time.monotonic() - began
        stage.faults()
        chat.start()
        with stage.watch(after=0) as ana:
            ana.wait_for("attachment_ready", seconds=20)

        assert code == 0, chat.log()
        assert took < 6, "the deadline was one second"
        assert "releasing jobs that did not make it jobs=1" in chat.log()


def test_no_new_connection_is_taken_while_it_drains(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "phone") as sandbox, ChatProcess(tmp_path / "chat", room(sandbox)).migrate() as chat:
        stage = Stage([chat], sandbox)
        stage.faults(media={"mode": "slow", "bytes_per_second": 40_000})
        with stage.watch() as ana:
            ana.wait_for("hello")
            stage.sends("image")
            ana.wait_for("upload_progress")
            ending = threading.Thread(target=chat.terminate)
            ending.start()
            time.sleep(0.3)
            refused = not _answers(chat)
            ending.join()

        assert refused


def test_embedded_the_photo_survives_a_kill_in_the_middle_of_its_download(tmp_path: Path) -> None:
    """The row says that it is wanted; the lease of the dead runs out; the file comes."""
    with SandboxProcess(tmp_path / "phone") as sandbox, ChatProcess(tmp_path / "chat", room(sandbox)).migrate() as chat:
        stage = Stage([chat], sandbox)
        stage.faults(media={"mode": "slow", "bytes_per_second": 40_000})
        with stage.watch() as ana:
            ana.wait_for("hello")
            stage.sends("image")
            ana.wait_for("upload_progress")
            chat.kill9()
        stage.faults()
        chat.start()
        with stage.watch(after=0) as ana:
            ready = ana.wait_for("attachment_ready", seconds=75)

        assert stage.get(ready["attachment"]["file_url"]).status_code == 200


def test_a_port_that_is_taken_is_said_and_ends_with_one(tmp_path: Path) -> None:
    with ChatProcess(tmp_path / "first").migrate() as first:
        second = ChatProcess(tmp_path / "second", port=first.port).migrate()
        second.start(wait=False)

        assert second.wait(20) == 1
        assert "cannot listen" in second.log()


def _answers(chat: ChatProcess) -> bool:
    try:
        return httpx.get(f"{chat.url}/api/health/live/", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
