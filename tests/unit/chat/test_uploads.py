"""A file on its way from an agent: the ticket, the bytes, the word that they are there; and all that may be wrong."""

import json
from typing import Any

import httpx
import pytest
from django.test import Client

from backend.chat import outgoing
from backend.chat.models import Conversation, Message
from backend.media.models import Attachment
from backend.media.storages import media_storage
from backend.realtime import log
from tests.cast import Member
from tests.inbound import deliver, upsert
from tests.unit.media import samples


@pytest.fixture
def conversation(ana: Member) -> Conversation:
    deliver(ana.instance, upsert("UPLOADS1", "oi"))
    return Conversation.objects.get()


def post(member: Member, path: str, **body: Any):
    return member.client.post(f"/api/chat/{path}", json.dumps(body), content_type="application/json")


def ask(member: Member, conversation: Conversation, body: bytes = b"", **said: Any):
    announced = {
        "conversation_id": str(conversation.pk),
        "file_name": "foto.jpg",
        "file_type": "image/jpeg",
        "file_size": len(body),
        "client_id": "c1",
    }
    return post(member, "get-upload-url/", **announced | said)


def put(url: str, body: bytes, headers: dict[str, str] | None = None) -> int:
    """As a browser does: to the storage itself, or to the path that stands for it."""
    if url.startswith("/"):
        told = dict(headers or {})
        answer = Client().put(url, body, content_type=told.pop("Content-Type", ""), headers=told)
        return answer.status_code
    return httpx.put(url, content=body, headers=headers, trust_env=False).status_code


def uploaded(member: Member, conversation: Conversation, body: bytes, **said: Any) -> Attachment:
    """The whole way, as far as the job."""
    ticket = ask(member, conversation, body, **said).json()
    assert put(ticket["upload_url"], body, ticket["headers"]) == 200
    done = post(member, "upload-complete/", attachment_id=ticket["attachment"]["id"])
    assert done.status_code == 200, done.content
    return Attachment.objects.get(pk=ticket["attachment"]["id"])


def processed(attachment: Attachment) -> Attachment:
    outgoing.process(attachment.pk)
    attachment.refresh_from_db()
    return attachment


def events(member: Member) -> list[dict[str, Any]]:
    return [json.loads(frame) for _, frame in log.since(member.tenant.pk, 0)]


def test_the_message_is_there_before_its_bytes(ana: Member, conversation: Conversation) -> None:
    ticket = ask(ana, conversation, b"12345", caption="a foto").json()

    assert (ticket["method"], ticket["expires_in"], ticket["parts"]) == ("PUT", 300, None)
    assert ticket["file_url"] == f"/api/chat/attachments/{ticket['attachment']['id']}/download/"
    message, attachment = ticket["message"], ticket["attachment"]
    assert (message["kind"], message["text"], message["status"]) == ("image", "a foto", "waiting")
    assert (attachment["status"], attachment["file_url"], attachment["size_bytes"]) == ("pending", "", 5)
    assert events(ana)[-1]["message"]["id"] == message["id"]


def test_what_was_put_becomes_ready_and_may_leave(ana: Member, conversation: Conversation) -> None:
    body = samples.jpeg()
    attachment = uploaded(ana, conversation, body)
    raw = attachment.upload["key"]
    done = processed(attachment)

    assert (done.status, done.upload, done.metadata["width"]) == ("completed", {}, 640)
    assert done.storage_key == f"chat/{ana.tenant.pk}/{conversation.pk}/{done.pk}_foto.jpg"
    assert Message.objects.get(attachment=done).status == "queued"
    assert [event["type"] for event in events(ana)[-2:]] == ["attachment_ready", "message_status"]
    with pytest.raises(Exception, match="not in the storage"):
        media_storage().stat(raw)


def test_the_same_client_id_is_the_same_message(ana: Member, conversation: Conversation) -> None:
    first, again = ask(ana, conversation, b"12345").json(), ask(ana, conversation, b"12345").json()

    assert again["message"]["id"] == first["message"]["id"]
    assert again["attachment"]["id"] == first["attachment"]["id"]
    assert put(again["upload_url"], b"12345", again["headers"]) == 200
    assert (Message.objects.filter(direction="outgoing").count(), Attachment.objects.count()) == (1, 1)
