"""Uploads in parts, and how uploads end that do not end well: cancelled, abandoned, failed because of us."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.chat import abandoned, outgoing, uploads
from backend.chat.models import Conversation, Message
from backend.jobs.models import Job
from backend.lib.errors import Missing, TryLater
from backend.media import pipeline
from backend.media.models import Attachment
from backend.media.storages import media_storage
from tests.cast import Member
from tests.unit.chat.uploading import (
    MiB,
    ask,
    complete,
    conversation,
    is_there,
    large,
    part,
    parts,
    post,
    processed,
    put,
    uploaded,
    work_off,
)
from tests.unit.media import samples

__all__ = ["conversation"]


# --- Parts ----------------------------------------------------------------------------------------------------------


def test_a_large_file_comes_in_parts(ana: Member, conversation: Conversation) -> None:
    ticket, body = large(ana, conversation)
    assert (ticket["upload_url"], ticket["parts"]) == (None, {"size": 8 * MiB, "count": 3})
    given = parts(ana, ticket["attachment"]["id"], 1, 2, 3).json()
    assert (set(given["urls"]), given["done"], given["expires_in"]) == ({"1", "2", "3"}, {}, 300)
    for number in (1, 2):
        assert put(given["urls"][str(number)], part(body, number)).status_code == 200

    again = parts(ana, ticket["attachment"]["id"], 1, 2, 3).json()
    assert (set(again["urls"]), set(again["done"])) == ({"3"}, {"1", "2"})
    early = complete(ana, ticket["attachment"]["id"])
    assert (early.status_code, early.json()["code"]) == (409, "upload_missing")
    answer = put(again["urls"]["3"], part(body, 3))
    assert answer.status_code == 200 and answer.headers["ETag"]
    assert complete(ana, ticket["attachment"]["id"]).status_code == 200

    done = work_off(Attachment.objects.get(pk=ticket["attachment"]["id"]))
    assert (done.status, done.size_bytes) == ("completed", len(body))
    assert b"".join(media_storage().read_range(done.storage_key)) == body


def test_a_part_of_another_length_is_not_taken(ana: Member, conversation: Conversation) -> None:
    ticket, body = large(ana, conversation)
    url = parts(ana, ticket["attachment"]["id"], 3).json()["urls"]["3"]
    for wrong in (part(body, 3)[:-1], part(body, 3) + b"x", b""):
        assert put(url, wrong).status_code in {403, 411, 422}
    assert parts(ana, ticket["attachment"]["id"]).json()["done"] == {}


@pytest.mark.parametrize(("numbers", "status", "code"), [([4], 422, "bad_part"), ([0], 422, "invalid")])
def test_a_part_that_is_none_is_refused(ana: Member, conversation: Conversation, numbers, status, code) -> None:
    ticket, _ = large(ana, conversation)
    answer = parts(ana, ticket["attachment"]["id"], *numbers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_small_file_has_no_parts(ana: Member, conversation: Conversation) -> None:
    answer = parts(ana, ask(ana, conversation, b"1").json()["attachment"]["id"], 1)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_in_parts")


# --- Cancelled, abandoned, failed -----------------------------------------------------------------------------------


def test_a_cancelled_upload_leaves_nothing(ana: Member, conversation: Conversation) -> None:
    ticket = ask(ana, conversation, b"12345").json()
    attachment = Attachment.objects.get(pk=ticket["attachment"]["id"])
    put(ticket["upload_url"], b"12345", ticket["headers"])
    raw = attachment.upload["key"]

    assert uploads.cancel(attachment)
    assert not uploads.cancel(attachment)
    work_off(attachment)

    assert (attachment.status, attachment.error_code, attachment.upload) == ("failed", "cancelled", {})
    assert Message.objects.get(attachment=attachment).status == "failed"
    assert not is_there(raw)
    assert complete(ana, str(attachment.pk)).json()["attachment"]["status"] == "failed"


def test_a_cancelled_upload_in_parts_leaves_nothing(ana: Member, conversation: Conversation) -> None:
    ticket, body = large(ana, conversation)
    put(parts(ana, ticket["attachment"]["id"], 1).json()["urls"]["1"], part(body, 1))
    attachment = Attachment.objects.get(pk=ticket["attachment"]["id"])
    upload = attachment.upload
    uploads.cancel(attachment)
    work_off(attachment)
    with pytest.raises(Missing):
        media_storage().parts(upload["key"], upload["multipart_id"])
    refused = parts(ana, str(attachment.pk), 2)
    assert (refused.status_code, refused.json()["code"]) == (409, "upload_over")


def quiet_for(attachment_id: str, **delta: int) -> Attachment:
    Attachment.objects.filter(pk=attachment_id).update(updated_at=timezone.now() - timedelta(**delta))
    return Attachment.objects.get(pk=attachment_id)


def test_a_closed_tab_whose_bytes_came_is_completed(ana: Member, conversation: Conversation) -> None:
    body = samples.jpeg()
    ticket = ask(ana, conversation, body).json()
    put(ticket["upload_url"], body, ticket["headers"])
    assert abandoned.sweep() == 0
    attachment = quiet_for(ticket["attachment"]["id"], minutes=11)
    assert abandoned.sweep() == 1
    assert work_off(attachment).status == "completed"


def test_a_closed_tab_whose_bytes_did_not_come_fails_after_an_hour(ana: Member, conversation: Conversation) -> None:
    ticket = ask(ana, conversation, b"12345").json()
    quiet_for(ticket["attachment"]["id"], minutes=50)
    assert abandoned.sweep() == 0
    attachment = quiet_for(ticket["attachment"]["id"], minutes=61)
    assert abandoned.sweep() == 1
    work_off(attachment)
    assert (attachment.status, attachment.error_code, attachment.upload) == ("failed", "upload_abandoned", {})
    assert Message.objects.get(attachment=attachment).error_code == "upload_abandoned"


def test_each_upload_is_looked_after_by_a_job_of_its_own(ana: Member, conversation: Conversation) -> None:
    body = samples.jpeg()
    ticket = ask(ana, conversation, body).json()
    put(ticket["upload_url"], body, ticket["headers"])
    job = Job.objects.get(queue="media_upload")
    assert job.run_at - timezone.now() > timedelta(minutes=9)

    Job.objects.filter(pk=job.pk).update(run_at=timezone.now())
    assert work_off(Attachment.objects.get(pk=ticket["attachment"]["id"])).status == "pending"
    job.refresh_from_db()
    assert job.run_at - timezone.now() > timedelta(minutes=9)

    attachment = quiet_for(ticket["attachment"]["id"], minutes=11)
    Job.objects.filter(pk=job.pk).update(run_at=timezone.now())
    assert work_off(attachment).status == "completed"


def test_while_storage_is_away_the_upload_waits(ana: Member, conversation: Conversation, monkeypatch) -> None:
    attachment = uploaded(ana, conversation, samples.jpeg())

    def away(*_: object, **__: object) -> None:
        raise TryLater("storage_unavailable", "away")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "store", away)
        with pytest.raises(TryLater):
            processed(attachment)
    attachment.refresh_from_db()
    assert attachment.status == "processing"
    assert processed(attachment).status == "completed"


@pytest.mark.parametrize("door", ["attachments", "messages"])
def test_what_failed_because_of_us_can_be_tried_again(ana: Member, conversation: Conversation, door: str) -> None:
    attachment = uploaded(ana, conversation, samples.jpeg())
    message = Message.objects.get(attachment=attachment)
    outgoing.gave_up(str(attachment.pk), TryLater("storage_unavailable", "away"))
    message.refresh_from_db()
    assert (message.status, message.error_code) == ("failed", "storage_unavailable")
    abandoned.sweep()

    ids = {"attachments": attachment.pk, "messages": message.pk}
    answer = post(ana, f"{door}/{ids[door]}/retry/")
    assert answer.status_code == 202, answer.content
    message.refresh_from_db()
    assert (message.status, message.error_code) == ("waiting", "")

    assert work_off(attachment).status == "completed"
    message.refresh_from_db()
    assert message.status == "queued"


def test_what_failed_because_of_its_bytes_is_not_tried_again(ana: Member, conversation: Conversation) -> None:
    attachment = work_off(uploaded(ana, conversation, b"<html><script>"))
    message = Message.objects.get(attachment=attachment)
    for path in (f"attachments/{attachment.pk}/retry/", f"messages/{message.pk}/retry/"):
        assert post(ana, path).status_code == 409
    assert message.status == "failed"


def test_what_nobody_tried_again_is_removed_after_a_day(ana: Member, conversation: Conversation) -> None:
    attachment = uploaded(ana, conversation, samples.jpeg())
    raw = attachment.upload["key"]
    outgoing.gave_up(str(attachment.pk), TryLater("storage_unavailable", "away"))
    Job.objects.all().delete()
    quiet_for(str(attachment.pk), hours=25)
    abandoned.sweep()
    assert work_off(attachment).upload == {}
    assert not is_there(raw)
