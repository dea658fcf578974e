"""An agent's file: past the server to the storage, made sendable, and on the customer's phone."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.media import scrub
from tests.ceph import Ceph
from tests.chaosproxy import ChaosProxy
from tests.journeys.conftest import environment
from tests.journeys.stage import Stage, sha256
from tests.process.chat_process import ChatProcess, SandboxProcess
from tests.servers import HOST
from tests.unit.media import samples

MiB = 1024 * 1024


class Browser:
    """What the composer does with one file. `base` is where the program is reached."""

    def __init__(self, stage: Stage, conversation: str, body: bytes, *, base: str = "", **said: Any) -> None:
        self.stage, self.body = stage, body
        self.base = base or stage.chats[-1].url
        self.done: list[int] = []
        announced = {"file_name": "foto.jpg", "file_type": "image/jpeg", "client_id": str(uuid.uuid4())}
        announced |= {"conversation_id": conversation, "file_size": len(body)}
        self.ticket = self.ask("/api/chat/get-upload-url/", **announced | said)
        self.file = self.ticket["attachment"]["id"]

    def ask(self, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.stage.ana}"}
        answer = httpx.post(f"{self.base}{path}", json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, url: str, body: Any, length: int, headers: dict[str, str]) -> httpx.Response:
        whole = url if url.startswith("http") else f"{self.base}{url}"
        return httpx.put(whole, content=body, headers={**headers, "Content-Length": str(length)}, timeout=60)

    def put_whole(self) -> None:
        answer = self.put(self.ticket["upload_url"], self.body, len(self.body), self.ticket["headers"])
        assert answer.status_code == 200, answer.text

    def put_parts(self, *, cut_in: int = 0) -> None:
        """Everything that is not there yet, in order; the connection breaks in the middle of part `cut_in`."""
        size, count = self.ticket["parts"]["size"], self.ticket["parts"]["count"]
        given = self.ask(f"/api/chat/attachments/{self.file}/parts/", numbers=list(range(1, count + 1)))
        for number, url in sorted((int(number), url) for number, url in given["urls"].items()):
            part = self.body[(number - 1) * size : number * size]
            if number == cut_in:
                with pytest.raises(Cut):
                    self.put(url, breaking(part), len(part), {})
                return
            assert self.put(url, part, len(part), {}).status_code == 200
            self.done.append(number)

    def complete(self) -> None:
        self.ask("/api/chat/upload-complete/", attachment_id=self.file)


class Cut(Exception):
    """The tunnel begins."""


def breaking(part: bytes) -> Iterator[bytes]:
    yield part[: len(part) // 2]
    raise Cut


def film(size: int, folder: Path) -> bytes:
    """A video of `size` bytes, with nothing in it that is blanked: what is not film is a box of nothing."""
    path = folder / "film.mp4"
    path.write_bytes(samples.video())
    scrub.blank(path)
    body = path.read_bytes()
    left = size - len(body)
    return body + left.to_bytes(4, "big") + b"free" + bytes(left - 8)


def on_phone(stage: Stage, customer: str, kind: str) -> Any:
    """The line of the ledger with the agent's file."""
    found: list[Any] = []

    def is_there() -> bool:
        found[:] = [line for line in stage.ledger(customer) if line["from"] == "agent" and line["kind"] == kind]
        return bool(found)

    stage.wait_until(is_there)
    return found[-1]


def _told_of(events: list[Any], message_id: str) -> list[Any]:
    return [event for event in events if event["type"] == "message_status" and event["message_id"] == message_id]


def test_a_photo_is_put_made_sendable_and_sent(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("maria-souza")
    with stage.watch() as ana, stage.watch(token=stage.bruno) as bruno:
        ana.wait_for("hello")
        bruno.wait_for("hello")
        browser = Browser(stage, conversation, samples.jpeg(orientation=6), caption="a clínica")
        ana.say({"type": "upload_progress", "attachment_id": browser.file, "bytes": 100})
        bruno.wait(lambda watcher: any(event.get("stage") == "uploading" for event in watcher.passing))
        browser.put_whole()
        browser.complete()
        ready = bruno.wait_for("attachment_ready")
        sent = ana.wait_for("message_sent")

    told = [event["type"] for event in bruno.events]
    assert told.index("message_created") < told.index("attachment_ready")
    assert (ready["attachment"]["id"], ready["attachment"]["metadata"]["width"]) == (browser.file, 480)
    assert sent["message"]["text"] == "a clínica"
    assert b"Exif" not in stage.get(ready["attachment"]["file_url"]).content
    assert on_phone(stage, "maria-souza", "image")["text"] == "a clínica"
    stages = [event["stage"] for event in bruno.passing if event["type"] == "upload_progress"]
    assert stages[0] == "uploading" and {"processing", "storing"} & set(stages)


def test_a_recorded_voice_is_a_voice_note_on_the_phone(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("joao-pereira")
    body = samples.audio("webm", "libopus")
    with stage.watch() as ana:
        ana.wait_for("hello")
        browser = Browser(stage, conversation, body, file_name="", file_type="audio/webm;codecs=opus", voice=True)
        browser.put_whole()
        browser.complete()
        ready = ana.wait_for("attachment_ready")

    file = ready["attachment"]
    assert (file["file_type"], len(file["metadata"]["waveform"])) == ("audio/ogg", 64)
    assert stage.get(file["renditions"]["aac"], headers={"Range": "bytes=0-99"}).status_code == 206
    assert on_phone(stage, "joao-pereira", "voice")


def test_a_file_that_lies_is_refused_on_its_bubble_and_never_sent(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("carlos-andrade")
    before = len(stage.ledger("carlos-andrade"))
    with stage.watch() as ana:
        ana.wait_for("hello")
        browser = Browser(stage, conversation, b"<!DOCTYPE html><html><script>")
        browser.put_whole()
        browser.complete()
        failed = ana.wait_for("attachment_failed")
        ana.wait(lambda watcher: _told_of(watcher.events, browser.ticket["message"]["id"]))
        told = _told_of(ana.events, browser.ticket["message"]["id"])[-1]

    assert failed["attachment"]["error"]["code"] == told["error"]["code"] == "not_a_file"
    assert told["status"] == "failed"
    assert len(stage.ledger("carlos-andrade")) == before


def test_fifty_megabytes_survive_two_cuts(shared_stage: Stage, tmp_path: Path) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("maria-souza")
    body = film(50_000_000, tmp_path)
    with stage.watch() as ana:
        ana.wait_for("hello")
        browser = Browser(stage, conversation, body, file_name="visita.mp4", file_type="video/mp4")
        browser.put_parts(cut_in=3)
        browser.put_parts(cut_in=5)
        browser.put_parts()
        browser.complete()
        ready = ana.wait_for("attachment_ready", seconds=60)

    assert browser.done == list(range(1, browser.ticket["parts"]["count"] + 1)), "a part was sent twice"
    assert (ready["attachment"]["id"], ready["attachment"]["size_bytes"]) == (browser.file, len(body))
    assert sha256(stage.get(ready["attachment"]["file_url"]).content) == sha256(body)


def test_one_call_does_it_all(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("maria-souza")
    body = samples.pdf()
    answer = stage.post(
        "/api/chat/upload-media/",
        files={"file": ("orçamento.pdf", body, "application/pdf")},
        data={"conversation_id": conversation, "caption": "o orçamento"},
    )
    assert (answer.status_code, answer.json()["success"], answer.json()["file_type"]) == (201, True, "document")
    assert stage.get(answer.json()["file_url"]).content == body
    assert on_phone(stage, "maria-souza", "document")["text"] == "o orçamento"


def test_the_bytes_go_past_the_server(
    tmp_path: Path, sandbox: SandboxProcess, real_parts: dict[str, str], s3: Ceph
) -> None:
    """Everything that the program receives, from the browser and from the storage, until all of the file is there."""
    with ChaosProxy(s3.port + 1) as from_storage:
        addresses = {
            "S3_ENDPOINT_URL": f"http://{HOST}:{from_storage.port}",
            "S3_PUBLIC_ENDPOINT_URL": s3.url,
        }
        chat = ChatProcess(tmp_path / "chat", real_parts | environment(sandbox) | addresses).migrate()
        with chat, ChaosProxy(chat.port) as from_browser:
            stage = Stage([chat], sandbox)
            conversation = stage.conversation_with("maria-souza")
            body = film(20_000_000, tmp_path)
            before = from_storage.carried_back
            said = {"file_name": "visita.mp4", "file_type": "video/mp4"}
            browser = Browser(stage, conversation, body, base=f"http://{HOST}:{from_browser.port}", **said)
            browser.put_parts()
            received = from_browser.carried + from_storage.carried_back - before
            browser.complete()
            asked = from_browser.carried

    assert received < len(body) / 100
    assert asked < len(body) / 100
