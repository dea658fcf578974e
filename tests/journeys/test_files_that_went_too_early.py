"""Somebody opens a file whose object is gone from the storage: it is back in a moment, or the bubble says what is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import environment
from tests.journeys.stage import Stage
from tests.parts import EMBEDDED
from tests.process.chat_process import ChatProcess, SandboxProcess
from tests.process.watcher import Watcher
from tests.unit.media import samples

LOSE = """
from backend.media.models import Attachment
from backend.media.storages import media_storage
from backend.media.cache import media_cache
row = Attachment.objects.get(pk='{id}')
for key in [row.storage_key, row.thumbnail_key, *row.renditions.values()]:
    key and media_storage().delete(key)
media_cache().forget([row.media_hash])
"""
PAST = """
from datetime import timedelta
from backend.media.models import Attachment
from django.utils import timezone
month_ago = timezone.now() - timedelta(days=30)
Attachment.objects.filter(pk='{id}').update(stored_at=month_ago, expires_at=month_ago + timedelta(days=30))
"""


@pytest.fixture
def patient(tmp_path: Path, sandbox: SandboxProcess, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """As `stage`, with quick tries."""
    parts = {} if EMBEDDED else request.getfixturevalue("real_parts")
    room = parts | environment(sandbox) | {"JOB_RETRY_SECONDS": "0.2,0.2,0.2"}
    with ChatProcess(tmp_path / "chat", room).migrate() as chat:
        yield Stage([chat], sandbox)


def lose(stage: Stage, attachment: Any) -> None:
    """Its objects, and whatever any memory has of it."""
    chat = stage.chats[0]
    chat.manage("shell", "-v0", "-c", LOSE.format(**attachment))
    chat.terminate()
    chat.start()


def opened_until_it_is_back(stage: Stage, attachment: Any) -> list[int]:
    said: list[int] = []

    def is_back() -> bool:
        said.append(stage.get(f"/api/chat/attachments/{attachment['id']}/download/").status_code)
        return said[-1] == 200

    stage.wait_until(is_back)
    return said


def statuses(ana: Watcher, attachment: Any) -> list[str]:
    files = [event.get("attachment") or event.get("message", {}).get("attachment") or {} for event in ana.events]
    return [file["status"] for file in files if file.get("id") == attachment["id"]]


def test_a_customers_photo_is_fetched_again_when_it_is_opened(patient: Stage) -> None:
    stage = patient
    with stage.watch() as ana:
        ana.wait_for("hello")
        sent = stage.sends("image")
        photo = ana.wait_for("attachment_ready")["attachment"]
    lose(stage, photo)
    with stage.watch() as ana:
        ana.wait_for("hello")
        said = opened_until_it_is_back(stage, photo)
        ana.wait_for("attachment_ready")
        assert said[0] == 404
        assert statuses(ana, photo) == ["processing", "completed"]
    assert stage.get(f"/api/chat/attachments/{photo['id']}/download/").content == stage.original(sent["media"]["id"])


@pytest.mark.parametrize(
    ("make", "name", "mime"),
    [(samples.jpeg, "foto.jpg", "image/jpeg"), (samples.pdf, "contrato.pdf", "application/pdf")],
)
def test_a_file_of_ours_comes_back_from_the_gateway(patient: Stage, make: Any, name: str, mime: str) -> None:
    """A picture as the customer has it: the gateway makes another JPEG of it before it sends it."""
    stage = patient
    conversation = stage.conversation_with("maria-souza")
    with stage.watch() as ana:
        ana.wait_for("hello")
        said = {"conversation_id": conversation, "client_id": "u1"}
        made = stage.post("/api/chat/upload-media/", files={"file": (name, make(), mime)}, data=said)
        assert made.status_code == 201, made.text
        file = made.json()["attachment"]
        before = stage.get(file["file_url"]).content
        ana.wait_for("message_sent")
    lose(stage, file)
    with stage.watch() as ana:
        ana.wait_for("hello")
        opened_until_it_is_back(stage, file)
        ana.wait_for("attachment_ready")
    again = stage.get(f"/api/chat/attachments/{file['id']}/download/")
    assert again.headers["Content-Type"] == mime
    assert again.content == before if name.endswith(".pdf") else again.content[:2] == b"\xff\xd8"


def test_past_its_time_it_is_expired_and_the_customer_can_be_asked(patient: Stage) -> None:
    stage = patient
    with stage.watch() as ana:
        ana.wait_for("hello")
        stage.sends("image")
        received = ana.wait_for("message_received")["message"]
        photo = ana.wait_for("attachment_ready")["attachment"]
    stage.chats[0].manage("shell", "-v0", "-c", PAST.format(**photo))
    lose(stage, photo)  # and the process that starts keeps house at once
    with stage.watch(after=0) as ana:
        ana.wait_for("hello")
        refused = stage.get(f"/api/chat/attachments/{photo['id']}/download/")
        assert (refused.status_code, refused.json()["code"]) == (410, "expired")
        stage.chats[0].manage("sweep_media", "--apply")
        assert ana.wait_for("attachment_failed")["attachment"]["status"] == "expired"
        assert stage.get(f"/media/{photo['media_hash']}").status_code == 410

        asked = stage.post(f"/api/chat/messages/{received['id']}/ask-again/")
        assert asked.status_code == 202, asked.text
        ana.wait_for("message_sent")
    texts = [entry for entry in stage.ledger() if "Não temos mais a foto" in str(entry)]
    assert len(texts) == 1
