"""What a browser does with a file, in tests of uploads."""

import json
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from backend.chat import outgoing, tasks
from backend.chat.models import Conversation
from backend.jobs.models import Job
from backend.jobs.runner import InHand, run_next
from backend.lib.errors import Missing
from backend.media.models import Attachment
from backend.media.storages import media_storage
from backend.realtime import log
from tests.cast import Member
from tests.inbound import deliver, upsert
from tests.unit.media import samples

assert tasks  # it says how the jobs are done
MiB = 1024 * 1024


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


def put(url: str, body: bytes, headers: dict[str, str] | None = None):
    """To the storage itself, or to the path that stands for it."""
    told = dict(headers or {})
    if url.startswith("/"):
        return Client().put(url, body, content_type=told.pop("Content-Type", ""), headers=told)
    return httpx.put(url, content=body, headers=told, trust_env=False)


def complete(member: Member, attachment_id: str):
    return post(member, "upload-complete/", attachment_id=attachment_id)


def parts(member: Member, attachment_id: str, *numbers: int):
    return post(member, f"attachments/{attachment_id}/parts/", numbers=list(numbers))


def uploaded(member: Member, conversation: Conversation, body: bytes, **said: Any) -> Attachment:
    """The whole way, as far as the job."""
    ticket = ask(member, conversation, body, **said).json()
    assert put(ticket["upload_url"], body, ticket["headers"]).status_code == 200
    done = complete(member, ticket["attachment"]["id"])
    assert done.status_code == 200, done.content
    return Attachment.objects.get(pk=ticket["attachment"]["id"])


def processed(attachment: Attachment) -> Attachment:
    outgoing.process(attachment.pk)
    attachment.refresh_from_db()
    return attachment


def work_off(attachment: Attachment) -> Attachment:
    """By the queue, as long as anything waits in it."""
    while run_next("media_upload", "tests", InHand()):
        pass
    assert not Job.objects.filter(queue="media_upload", finished_at__isnull=True, run_at__lt=timezone.now()).exists()
    attachment.refresh_from_db()
    return attachment


def events(member: Member) -> list[dict[str, Any]]:
    return [json.loads(frame) for _, frame in log.since(member.tenant.pk, 0)]


def is_there(key: str) -> bool:
    try:
        media_storage().stat(key)
    except Missing:
        return False
    return True


def large(ana: Member, conversation: Conversation) -> tuple[dict, bytes]:
    body = samples.pdf() + bytes(18 * MiB)
    said = {"file_name": "contrato.pdf", "file_type": "application/pdf"}
    return ask(ana, conversation, body, **said).json(), body


def part(body: bytes, number: int) -> bytes:
    return body[(number - 1) * 8 * MiB : number * 8 * MiB]
