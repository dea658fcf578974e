"""A file on its way from an agent: the ticket, the bytes, the word that they are there, and the job that follows."""

import json

import pytest

from backend.chat import uploads
from backend.chat.models import Conversation, Message
from backend.lib.errors import Missing
from backend.media.models import Attachment
from backend.realtime import bell, wire
from tests.cast import Member
from tests.unit.chat.uploading import (
    ask,
    complete,
    conversation,
    events,
    is_there,
    post,
    processed,
    put,
    uploaded,
    work_off,
)
from tests.unit.media import samples
from tests.visitor import Visitor

__all__ = ["conversation"]


def test_the_message_is_there_before_its_bytes(ana: Member, conversation: Conversation) -> None:
    ticket = ask(ana, conversation, b"12345", caption="a foto").json()

    assert (ticket["method"], ticket["expires_in"], ticket["parts"]) == ("PUT", 300, None)
    assert ticket["file_url"] == f"/api/chat/attachments/{ticket['attachment']['id']}/download/"
    message, attachment = ticket["message"], ticket["attachment"]
    assert (message["kind"], message["text"], message["status"]) == ("image", "a foto", "waiting")
    assert (attachment["status"], attachment["file_url"], attachment["size_bytes"]) == ("pending", "", 5)
    assert events(ana)[-1]["message"]["id"] == message["id"]


def test_what_was_put_becomes_ready_and_may_leave(ana: Member, conversation: Conversation) -> None:
    attachment = uploaded(ana, conversation, samples.jpeg())
    raw = attachment.upload["key"]
    assert raw.startswith(f"uploads/{ana.tenant.pk}/") and is_there(raw)
    done = processed(attachment)

    assert (done.status, done.upload, done.metadata["width"]) == ("completed", {}, 640)
    assert done.storage_key == f"chat/{ana.tenant.pk}/{conversation.pk}/{done.pk}_foto.jpg"
    assert Message.objects.get(attachment=done).status == "queued"
    assert [event["type"] for event in events(ana)[-2:]] == ["attachment_ready", "message_status"]
    assert not is_there(raw)
    assert ana.client.get(f"/api/chat/attachments/{done.pk}/download/").status_code == 200


def test_the_same_client_id_is_the_same_message(ana: Member, conversation: Conversation) -> None:
    first, again = ask(ana, conversation, b"12345").json(), ask(ana, conversation, b"12345").json()

    assert again["message"]["id"] == first["message"]["id"]
    assert again["attachment"]["id"] == first["attachment"]["id"]
    assert put(again["upload_url"], b"12345", again["headers"]).status_code == 200
    assert (Message.objects.filter(direction="outgoing").count(), Attachment.objects.count()) == (1, 1)


def test_asking_again_after_the_end_says_how_it_went(ana: Member, conversation: Conversation) -> None:
    processed(uploaded(ana, conversation, samples.jpeg()))
    again = ask(ana, conversation, samples.jpeg()).json()
    assert (again["upload_url"], again["parts"], again["attachment"]["status"]) == (None, None, "completed")


def test_the_owners_address_will_do_for_an_id(ana: Member, conversation: Conversation) -> None:
    ticket = ask(ana, conversation, b"12345").json()
    put(ticket["upload_url"], b"12345", ticket["headers"])
    done = post(ana, "upload-complete/", file_url=f"https://chat.example{ticket['file_url']}", file_name="foto.jpg")
    assert done.json()["attachment"]["status"] == "processing"


def test_completing_twice_is_completing_once(ana: Member, conversation: Conversation) -> None:
    attachment = uploaded(ana, conversation, samples.jpeg())
    again = complete(ana, str(attachment.pk))
    assert (again.status_code, again.json()["attachment"]["status"]) == (200, "processing")
    work_off(attachment)
    before = events(ana)
    late = complete(ana, str(attachment.pk))
    assert (late.status_code, late.json()["attachment"]["status"]) == (200, "completed")
    work_off(attachment)
    assert events(ana) == before


def test_a_recorded_voice_becomes_a_voice_note(ana: Member, conversation: Conversation) -> None:
    body = samples.audio("webm", "libopus")
    said = {"file_name": "", "file_type": "video/webm;codecs=opus", "voice": True}
    done = processed(uploaded(ana, conversation, body, **said))

    assert Message.objects.get(attachment=done).kind == "voice"
    assert (done.file_name, done.file_type, set(done.renditions)) == ("voice.ogg", "audio/ogg", {"aac"})
    aac = ana.client.get(f"/api/chat/attachments/{done.pk}/renditions/aac")
    assert (aac.status_code, aac["Content-Type"]) == (200, "audio/mp4")


def test_progress_from_the_server_is_outgoing(ana: Member, conversation: Conversation) -> None:
    told = listened(lambda: processed(uploaded(ana, conversation, samples.jpeg())))
    assert {event["direction"] for event in told} == {"outgoing"}
    assert {event["stage"] for event in told} <= {"processing", "storing"}


# --- Progress -------------------------------------------------------------------------------------------------------


def listened(act) -> list[dict]:
    heard: list[str] = []

    def listen(rings: list[bell.Ring]) -> None:
        heard.extend(ring.frame for ring in rings if ring.seq is None)

    bell.hang(listen)
    try:
        act()
    finally:
        bell.unhang(listen)
    return [json.loads(frame) for frame in heard]


def said(attachment_id: str, done: int) -> wire.SaidProgress:
    return wire.SaidProgress(type="upload_progress", attachment_id=attachment_id, bytes=done)


def test_colleagues_see_what_the_browser_says(ana: Member, conversation: Conversation) -> None:
    ticket = ask(ana, conversation, b"x" * 1000).json()
    file = ticket["attachment"]["id"]
    (told,) = listened(lambda: [uploads.progress(ana.tenant.pk, ana.user, said(file, done)) for done in (250, 9000)])

    assert (told["stage"], told["bytes"], told["total"], told["percent"]) == ("uploading", 250, 1000, 25)
    assert (told["message_id"], told["direction"]) == (ticket["message"]["id"], "outgoing")


def test_nobody_speaks_of_another_companys_upload(ana: Member, carla: Member, conversation: Conversation) -> None:
    file = ask(ana, conversation, b"x" * 1000).json()["attachment"]["id"]
    for attachment_id in (file, "nonsense"):
        with pytest.raises(Missing):
            uploads.progress(carla.tenant.pk, carla.user, said(attachment_id, 1))


def test_what_is_over_is_no_news(ana: Member, conversation: Conversation) -> None:
    attachment = uploaded(ana, conversation, samples.jpeg())
    assert listened(lambda: uploads.progress(ana.tenant.pk, ana.user, said(str(attachment.pk), 1))) == []


# --- What the gateway reads -----------------------------------------------------------------------------------------


def test_the_gateway_reads_by_the_hash(ana: Member, conversation: Conversation) -> None:
    attachment = uploaded(ana, conversation, samples.jpeg())
    path = f"/media/{attachment.media_hash}"
    assert Visitor().get(path).status_code == 404
    processed(attachment)

    answer = Visitor().get(path, {"timestamp": "1795164655091"})
    body = answer.content
    assert (answer.status_code, answer["Content-Type"], len(body)) == (200, "image/jpeg", attachment.size_bytes)
    head = Visitor().head(path)
    assert (head.status_code, head["Content-Length"], head.content) == (200, str(len(body)), b"")


def test_a_file_past_its_retention_is_gone(ana: Member, conversation: Conversation) -> None:
    attachment = processed(uploaded(ana, conversation, samples.jpeg()))
    Attachment.objects.filter(pk=attachment.pk).update(status="expired")
    answer = Visitor().get(f"/media/{attachment.media_hash}")
    assert (answer.status_code, answer.json()["code"]) == (410, "expired")
