"""WhatsApp's media host in every bad mood: another way is found, or the bubble says why and offers another try."""

import base64
from typing import Any

import pytest

from tests.journeys.stage import Stage
from tests.process.watcher import Watcher

ANOTHER_WAY: dict[str, dict[str, Any]] = {
    "404": {"mode": "status", "status": 404},
    "403": {"mode": "status", "status": 403},
    "500": {"mode": "status", "status": 500},
    "a web page": {"mode": "html"},
    "more bytes than announced": {"mode": "longer"},
    "fewer bytes": {"mode": "truncated"},
    "the line cut": {"mode": "cut"},
    "a wrong byte": {"mode": "corrupt"},
    "a redirect to a private address": {"mode": "redirect", "location": "http://10.0.0.1/file.enc"},
    "a redirect to the metadata service": {"mode": "redirect", "location": "http://169.254.169.254/latest/"},
}


def ready_after(stage: Stage, ana: Watcher, **faults: Any) -> bytes:
    stage.faults(media=faults)
    sent = stage.sends("image")
    ready = ana.wait_for("attachment_ready", seconds=30)
    assert stage.get(ready["attachment"]["file_url"]).content == stage.original(sent["media"]["id"])
    return stage.original(sent["media"]["id"])


@pytest.mark.parametrize("mood", ANOTHER_WAY)
def test_the_gateway_gives_what_the_media_host_does_not(shared_stage: Stage, mood: str) -> None:
    with shared_stage.watch() as ana:
        ana.wait_for("hello")
        ready_after(shared_stage, ana, **ANOTHER_WAY[mood])


def test_what_cannot_be_had_anywhere_fails_with_its_reason_and_can_be_tried_again(shared_stage: Stage) -> None:
    stage = shared_stage
    with stage.watch() as ana:
        ana.wait_for("hello")
        stage.faults(media={"mode": "status", "status": 404, "also_gateway": True})
        sent = stage.sends("image")
        # The gateway itself tries for five seconds, by each of its two ways, at each of our four tries.
        failed = ana.wait_for("attachment_failed", seconds=90)["attachment"]
        assert (failed["status"], failed["error"]["code"]) == ("failed", "media_host_down")
        assert failed["error_message"] == failed["error"]["detail"]
        assert failed["metadata"]["preview"].startswith("data:image/")

        stage.faults()
        answer = stage.post(f"/api/chat/attachments/{failed['id']}/retry/")
        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        ready = ana.wait_for("attachment_ready")["attachment"]

    assert stage.get(ready["file_url"]).content == stage.original(sent["media"]["id"])
    assert stage.post(f"/api/chat/attachments/{failed['id']}/retry/").json()["code"] == "not_failed"


def test_a_host_that_is_down_is_asked_again_by_itself(shared_stage: Stage) -> None:
    stage = shared_stage
    with stage.watch() as ana:
        ana.wait_for("hello")
        stage.faults(media={"mode": "status", "status": 503, "also_gateway": True, "count": 2})
        sent = stage.sends("image")
        ready = ana.wait_for("attachment_ready", seconds=30)["attachment"]

    assert stage.get(ready["file_url"]).content == stage.original(sent["media"]["id"])
    assert "job will be tried again" in stage.chats[0].log()


def test_a_slow_host_holds_up_nobody_elses_text(shared_stage: Stage) -> None:
    stage = shared_stage
    with stage.watch() as ana:
        ana.wait_for("hello")
        stage.faults(media={"mode": "delay", "seconds": 20})
        stage.sends("image")
        stage.sends("text", customer="joao-pereira", text="e eu?")
        ana.wait_for("message_received", count=2, seconds=5)
        stage.faults()


def test_a_file_that_is_not_what_it_says_fails_with_its_reason(stage: Stage) -> None:

    page = base64.b64encode(b"<html><script>alert(1)</script></html>" * 50).decode()
    with stage.watch() as ana:
        ana.wait_for("hello")
        stage.sends("document", base64=page, file_name="recibo.pdf", mimetype="application/pdf")
        failed = ana.wait_for("attachment_failed", seconds=30)["attachment"]

    assert failed["error"]["code"] == "not_a_file"
    assert stage.get(f"/api/chat/attachments/{failed['id']}/download/").status_code == 404
