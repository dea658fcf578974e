"""More paused videos than there are database connections, and the website runs on."""

import time
from pathlib import Path

from backend.settings import DATABASE_POOL_SIZE
from tests.journeys.stage import Stage
from tests.process.chat_process import ChatProcess, SandboxProcess
from tests.process.test_slow_readers import ask, swell_row


def test_readers_that_stall_hold_no_database_connection(tmp_path: Path, real_parts: dict[str, str]) -> None:
    with SandboxProcess(tmp_path / "phone") as sandbox:
        room = real_parts | {"SANDBOX": "1", "SANDBOX_URL": sandbox.url, "DECODERS": "1", "MEDIA_STORAGE": "local"}
        with ChatProcess(tmp_path / "chat", room).migrate() as chat:
            stage = Stage([chat], sandbox)
            with stage.watch() as ana:
                ana.wait_for("hello")
                stage.sends("document")
                attachment = ana.wait_for("attachment_ready")["attachment"]
            swell_row(chat, room["DATABASE_URL"], attachment["id"])
            stalled = [ask(chat, attachment["file_url"], stage.ana) for _ in range(DATABASE_POOL_SIZE + 3)]
            time.sleep(2)
            answer = stage.get("/api/me/")
            for link in stalled:
                link.close()

    assert answer.status_code == 200
