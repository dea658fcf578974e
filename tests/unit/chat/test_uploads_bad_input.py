"""Whatever is wrong with an upload: a clear code, the right status, the reason on the file, and nothing half-sent."""

import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from backend.chat.models import Conversation, Message
from backend.lib.errors import TryLater
from backend.media import pipeline
from backend.media.models import Attachment
from backend.media.storages import media_storage
from tests.cast import Member
from tests.parts import EMBEDDED
from tests.unit.chat.uploading import ask, complete, conversation, parts, put, uploaded, work_off
from tests.unit.media import samples

__all__ = ["conversation"]

MiB = 1024 * 1024
LONG_NAME = "../" + "ação\x00\x1f\u202e/" * 20 + "x" * 296 + ".jpg"


def nothing_is_left_to_send() -> bool:
    return not Message.objects.filter(direction="outgoing").exclude(status="failed").exists()


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"file_size": 0}, 422, "empty_file"),
        ({"file_size": -1}, 422, "invalid"),
        ({"file_size": 2**70}, 422, "invalid"),
        ({"file_size": 10 * MiB + 1}, 422, "file_too_large"),
        ({"file_type": "application/pdf", "file_size": 25 * MiB + 1}, 422, "file_too_large"),
        ({"file_type": "video/mp4", "file_size": 50 * MiB + 1}, 422, "file_too_large"),
        ({"file_type": "text/html", "file_name": "foto.jpg"}, 422, "type_not_allowed"),
        ({"file_type": "image/svg+xml"}, 422, "type_not_allowed"),
        ({"file_type": "application/x-msdownload", "file_name": "a.exe"}, 422, "type_not_allowed"),
        ({"file_type": "", "file_name": "a.exe"}, 422, "type_not_allowed"),
        ({"file_type": "video/webm"}, 422, "type_not_allowed"),
        ({"file_type": "image/jpeg", "voice": True}, 422, "type_not_allowed"),
        ({"file_type": "x" * 300}, 422, "invalid"),
        ({"client_id": ""}, 422, "invalid"),
        ({"client_id": "x" * 65}, 422, "invalid"),
        ({"client_id": "\u0000"}, 422, "bad_client_id"),
        ({"caption": "x" * 70_000}, 422, "invalid"),
        ({"quoted_id": "nonsense"}, 404, "no_such_message"),
        ({"conversation_id": "nonsense"}, 404, "no_such_conversation"),
    ],
)
def test_what_may_not_be_sent_is_said_before_a_byte_leaves(ana, conversation, said, status, code) -> None:
    answer = ask(ana, conversation, b"12345", **said)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Attachment.objects.exists()
    assert not Message.objects.filter(direction="outgoing").exists()


@pytest.mark.parametrize(
    ("file_type", "file_name", "kind"),
    [
        ("", "foto.HEIC", "image"),
        ("application/octet-stream", "contrato.docx", "document"),
        ("image/jpg", "foto", "image"),
        ("text/vcard", "ana.vcf", "document"),
        ("audio/webm;codecs=opus", "nota.webm", "audio"),
    ],
)
def test_types_are_known_by_other_names_too(ana, conversation, file_type, file_name, kind) -> None:
    ticket = ask(ana, conversation, b"12345", file_type=file_type, file_name=file_name).json()
    assert ticket["message"]["kind"] == kind


def test_a_name_that_is_no_name(ana: Member, conversation: Conversation) -> None:
    done = work_off(uploaded(ana, conversation, samples.jpeg(), file_name=LONG_NAME))
    assert (done.status, len(done.file_name)) == ("completed", 255)
    assert done.file_name.endswith("xxx.jpg") and "/" not in done.file_name
    assert done.storage_key.count("/") == 3
    nameless = work_off(uploaded(ana, conversation, samples.jpeg(), file_name="/\x00/..", client_id="c2"))
    assert nameless.file_name == "image.jpg"


@pytest.mark.parametrize("body", [b"1234", b"123456", b"", b"1" * 100_000])
def test_more_or_fewer_bytes_are_not_taken(ana: Member, conversation: Conversation, body: bytes) -> None:
    ticket = ask(ana, conversation, b"12345").json()
    assert put(ticket["upload_url"], body, ticket["headers"]).status_code in {403, 411, 422}
    done = complete(ana, ticket["attachment"]["id"])
    assert (done.status_code, done.json()["code"]) == (409, "upload_missing")


def test_another_type_is_not_taken(ana: Member, conversation: Conversation) -> None:
    ticket = ask(ana, conversation, b"12345").json()
    lying = ticket["headers"] | {"Content-Type": "text/html"}
    assert put(ticket["upload_url"], b"12345", lying).status_code in {403, 422}


def test_a_store_that_took_another_length_is_not_believed(ana: Member, conversation: Conversation, tmp_path) -> None:
    ticket = ask(ana, conversation, b"12345").json()
    attachment = Attachment.objects.get(pk=ticket["attachment"]["id"])
    (tmp_path / "longer").write_bytes(b"123456")
    media_storage().save_file(attachment.upload["key"], tmp_path / "longer", "image/jpeg")
    done = complete(ana, str(attachment.pk))
    assert (done.status_code, done.json()["code"]) == (409, "size_mismatch")
    assert Message.objects.get(attachment=attachment).status == "waiting"


def test_a_ticket_is_worth_nothing_after_five_minutes(ana, conversation, monkeypatch) -> None:
    if EMBEDDED:
        ticket = ask(ana, conversation, b"12345").json()
        later = time.time() + 301
        monkeypatch.setattr(time, "time", lambda: later)
    else:
        monkeypatch.setattr("backend.media.s3.TICKET_SECONDS", 1)
        ticket = ask(ana, conversation, b"12345").json()
        time.sleep(2.1)
    answer = put(ticket["upload_url"], b"12345", ticket["headers"])
    assert answer.status_code == 403
    if EMBEDDED:
        assert answer.json()["code"] == "ticket_expired"


def test_a_ticket_of_another_storage_opens_nothing(ana: Member, conversation: Conversation) -> None:
    answer = put("/api/chat/uploads/guessed", b"12345", {"Content-Type": "image/jpeg"})
    assert (answer.status_code, answer.json()["code"]) == ((403, "ticket_invalid") if EMBEDDED else (404, "not_found"))


def test_bytes_that_come_too_late_change_nothing(ana: Member, conversation: Conversation) -> None:
    ticket = ask(ana, conversation, samples.jpeg()).json()
    put(ticket["upload_url"], samples.jpeg(), ticket["headers"])
    complete(ana, ticket["attachment"]["id"])
    late = put(ticket["upload_url"], samples.jpeg(), ticket["headers"])
    if EMBEDDED:
        assert (late.status_code, late.json()["code"]) == (409, "upload_over")
    else:  # a presigned PUT is good for its five minutes; what it writes then lies where nobody looks any more
        assert late.status_code == 200
    assert Attachment.objects.get(pk=ticket["attachment"]["id"]).status == "processing"


def test_completing_before_the_put(ana: Member, conversation: Conversation) -> None:
    ticket = ask(ana, conversation, b"12345").json()
    for _ in range(2):
        done = complete(ana, ticket["attachment"]["id"])
        assert (done.status_code, done.json()["code"]) == (409, "upload_missing")
    assert put(ticket["upload_url"], b"12345", ticket["headers"]).status_code == 200
    assert complete(ana, ticket["attachment"]["id"]).status_code == 200


def test_another_companys_upload_is_not_there(ana: Member, carla: Member, conversation: Conversation) -> None:
    ticket = ask(ana, conversation, b"12345").json()
    assert ask(carla, conversation, b"12345").status_code == 404
    assert complete(carla, ticket["attachment"]["id"]).status_code == 404
    assert parts(carla, ticket["attachment"]["id"], 1).status_code == 404
    assert complete(carla, "nonsense").status_code == 404


@pytest.mark.parametrize(
    ("body", "said", "code"),
    [
        (b"<!DOCTYPE html><html><script>", {}, "not_a_file"),
        (b"MZ" + bytes(500), {}, "type_not_allowed"),
        (samples.pdf(), {}, "not_what_it_says"),
        (b"\xff\xd8\xff" + bytes(500), {}, "undecodable"),
        (samples.huge_png(), {"file_type": "image/png"}, "too_many_pixels"),
        (samples.long_gif(3000), {"file_type": "image/gif"}, "too_many_frames"),
        (samples.wav_of_nothing(), {"file_type": "audio/wav"}, "undecodable"),
        (samples.wav_of_nothing(), {"file_type": "audio/wav", "voice": True}, "undecodable"),
        (samples.video(), {"file_type": "audio/mp4", "voice": True}, "not_what_it_says"),
    ],
)
def test_bytes_that_are_not_what_was_said_fail_with_the_reason(ana, conversation, body, said, code) -> None:
    done = work_off(uploaded(ana, conversation, body, **said))

    assert (done.status, done.error_code, done.storage_key) == ("failed", code, "")
    assert done.error_message
    message = Message.objects.get(attachment=done)
    assert (message.status, message.error_code) == ("failed", code)
    assert done.upload.get("key") is None
    assert nothing_is_left_to_send()


# --- In one call ----------------------------------------------------------------------------------------------------


def hand_in(member: Member, body: bytes, name: str = "foto.jpg", mime: str = "image/jpeg", **fields: object):
    return member.client.post(
        "/api/chat/upload-media/", fields | {"file": SimpleUploadedFile(name, body, content_type=mime)}
    )


def test_one_call_stores_and_sends(ana: Member, conversation: Conversation) -> None:
    sent = hand_in(ana, samples.jpeg(), conversation_id=str(conversation.pk), caption="a foto", client_id="c1")

    answer = sent.json()
    assert (sent.status_code, answer["success"], answer["file_type"]) == (201, True, "image")
    assert ana.client.get(answer["file_url"]).status_code == ana.client.get(answer["thumbnail_url"]).status_code == 200
    assert (answer["message"]["status"], answer["message"]["text"]) == ("queued", "a foto")
    again = hand_in(ana, samples.jpeg(), conversation_id=str(conversation.pk), client_id="c1")
    assert (again.status_code, again.json()["message"]["id"]) == (200, answer["message"]["id"])
    assert Attachment.objects.count() == 1


def test_without_a_conversation_it_is_only_stored(ana: Member, carla: Member) -> None:
    answer = hand_in(ana, samples.audio("webm", "libopus"), "nota.webm", "audio/webm", voice="true").json()
    kept = Attachment.objects.get(pk=answer["attachment"]["id"])
    assert (answer["message"], kept.status, kept.file_name) == (None, "completed", "nota.ogg")
    assert kept.storage_key.startswith(f"chat/{ana.tenant.pk}/unfiled/")
    assert kept.upload == {"voice": True}
    assert carla.client.get(answer["file_url"]).status_code == 404


@pytest.mark.parametrize(
    ("body", "name", "mime", "code"),
    [
        (b"", "foto.jpg", "image/jpeg", "empty_file"),
        (b"<html><script>", "foto.jpg", "image/jpeg", "not_a_file"),
        (b"<html><script>", "page.html", "text/html", "type_not_allowed"),
        (samples.pdf(), "foto.jpg", "image/jpeg", "not_what_it_says"),
        (samples.long_gif(3000), "oi.gif", "image/gif", "too_many_frames"),
        (samples.wav_of_nothing(), "nada.wav", "audio/wav", "undecodable"),
        (bytes(10 * MiB + 1), "foto.jpg", "image/jpeg", "file_too_large"),
    ],
)
def test_one_call_that_is_refused_leaves_nothing(ana, conversation, body, name, mime, code) -> None:
    answer = hand_in(ana, body, name, mime, conversation_id=str(conversation.pk))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not Attachment.objects.exists()
    assert not Message.objects.filter(direction="outgoing").exists()


def test_one_call_while_storage_is_away_is_to_be_made_again(ana, conversation, monkeypatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise TryLater("storage_unavailable", "away")

    monkeypatch.setattr(pipeline, "store", away)
    answer = hand_in(ana, samples.jpeg(), conversation_id=str(conversation.pk))
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert not Attachment.objects.exists()


def test_one_call_needs_a_file(ana: Member, conversation: Conversation) -> None:
    answer = ana.client.post("/api/chat/upload-media/", {"conversation_id": str(conversation.pk)})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_one_call_from_a_browser_needs_its_csrf_token(ana: Member, conversation: Conversation) -> None:
    file = SimpleUploadedFile("foto.jpg", samples.jpeg(), content_type="image/jpeg")
    answer = ana.browser(enforce_csrf_checks=True).post("/api/chat/upload-media/", {"file": file})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert Client().post("/api/chat/upload-media/", {"file": file}).status_code == 401
