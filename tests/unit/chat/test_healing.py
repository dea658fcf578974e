"""A completed file whose object is gone: fetched again once, or buried honestly; never because of a mishap of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from backend.chat import downloads, expiry, healing, pins
from backend.chat.models import Message
from backend.gateways import evolution_media
from backend.gateways.base import MediaOffer
from backend.gateways.evolution_media import Candidate
from backend.jobs.models import Job
from backend.jobs.runner import InHand, run_next
from backend.lib.errors import Refused, TryLater
from backend.media import retention
from backend.media.models import Attachment, RetentionRule
from backend.media.storages import media_storage
from tests.cast import Member
from tests.parts import EMBEDDED
from tests.unit.chat.keeping import kept, objects_of, sharing, tags_of
from tests.unit.chat.uploading import conversation, events, post, uploaded, work_off
from tests.unit.media import samples

__all__ = ["conversation"]


@pytest.fixture
def lost(ana: Member, conversation, request: pytest.FixtureRequest) -> Attachment:
    """A real photo of Ana's, sent and known to the gateway, whose objects are gone."""
    request.getfixturevalue("s3")  # which comes last otherwise
    photo = work_off(uploaded(ana, conversation, samples.jpeg()))
    Message.objects.filter(attachment=photo).update(status="sent", provider_id="SENT1")
    lose(photo)
    return photo


def lose(attachment: Attachment) -> bytes:
    body = b"".join(media_storage().read_range(attachment.storage_key))
    for key in retention.keys_of(attachment):
        media_storage().delete(key)
    attachment.body = body
    return body


def the_gateway(monkeypatch, answer: bytes | Exception) -> list[str]:
    """What it gives for the file; returns what it was asked with."""
    asked: list[str] = []

    @contextmanager
    def opened(_: int) -> Iterator[Iterator[bytes]]:
        if isinstance(answer, Exception):
            raise answer
        yield iter([answer])

    def ways(_gateway, offer, source):
        asked.append(source)
        yield Candidate("gateway_id", opened, offer.sha256, offer.size_bytes)

    monkeypatch.setattr(evolution_media, "open_media", ways)
    return asked


def again(attachment: Attachment) -> Attachment:
    attachment.refresh_from_db()
    return attachment


def told(member: Member) -> list[tuple[str, str]]:
    files = [
        (event["type"], event.get("attachment") or event.get("message", {}).get("attachment"))
        for event in events(member)
    ]
    return [(kind, file["status"]) for kind, file in files if file]


def jobs() -> int:
    return Job.objects.filter(kind="download_media", finished_at__isnull=True).count()


def test_what_is_gone_is_fetched_again_and_keeps_its_term(ana: Member, lost: Attachment, monkeypatch) -> None:
    term = lost.expires_at
    asked = the_gateway(monkeypatch, lost.body)
    before = len(told(ana))

    healing.object_gone(lost.pk)
    assert again(lost).status == "processing"
    assert run_next("media_download", "tests", InHand())

    assert (again(lost).status, lost.expires_at, objects_of(lost)) == ("completed", term, [True, True])
    assert told(ana)[before:] == [("message_edited", "processing"), ("attachment_ready", "completed")]
    assert asked == ['{"key": {"id": "SENT1"}}']
    assert Message.objects.get(attachment=lost).status == "sent"


def test_what_the_gateway_has_otherwise_is_not_what_we_sent(lost: Attachment, monkeypatch) -> None:
    """Ready means that it is that file: other bytes under its name would be a lie."""
    Message.objects.filter(attachment=lost).update(kind="document")
    the_gateway(monkeypatch, samples.png())
    healing.object_gone(lost.pk)
    with pytest.raises(TryLater) as raised:
        downloads.download(lost.pk)
    assert raised.value.code == "digest_mismatch"
    assert again(lost).status != "completed"


def test_a_picture_comes_back_as_the_customer_has_it_beside_where_it_was(lost: Attachment, monkeypatch) -> None:
    """The gateway makes every picture anew. What shares the old key must never find other bytes there."""
    was = lost.storage_key, lost.content_sha256
    the_gateway(monkeypatch, samples.jpeg(320, 200))
    healing.object_gone(lost.pk)
    run_next("media_download", "tests", InHand())
    assert again(lost).status == "completed" and retention.is_whole(lost)
    assert lost.storage_key != was[0] and lost.content_sha256 != was[1]
    assert lost.metadata["width"] == 320


def test_what_nobody_has_gets_a_tombstone(ana: Member, lost: Attachment, monkeypatch) -> None:
    the_gateway(monkeypatch, Refused("media_gone", "404"))
    healing.object_gone(lost.pk)
    run_next("media_download", "tests", InHand())
    assert (again(lost).status, lost.error_code) == ("failed", "gone_everywhere")
    assert told(ana)[-1] == ("attachment_failed", "failed")
    assert lost.metadata["width"]


def test_of_what_the_gateway_never_knew_the_tombstone_comes_at_once(ana: Member) -> None:
    photo = kept(ana)
    Message.objects.filter(attachment=photo).update(source="", provider_id="")
    lose(photo)
    healing.object_gone(photo.pk)
    assert (again(photo).status, photo.error_code, jobs()) == ("failed", "gone_everywhere", 0)


def test_a_gateway_that_is_away_is_no_tombstone(lost: Attachment) -> None:
    healing.object_gone(lost.pk)
    downloads.gave_up(str(lost.pk), TryLater("gateway_down", "away"))
    assert (again(lost).status, lost.error_code) == ("failed", "gateway_down")


def test_past_its_term_it_expires_whatever_the_gateway_has(lost: Attachment) -> None:
    Attachment.objects.filter(pk=lost.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    healing.object_gone(lost.pk)
    assert (again(lost).status, jobs()) == ("expired", 0)


def test_a_pinned_file_past_its_term_is_fetched_again_and_held_again(lost: Attachment, monkeypatch) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Attachment.objects.filter(pk=lost.pk).update(expires_at=past, stored_at=past - timedelta(days=30), pinned=True)
    the_gateway(monkeypatch, lost.body)
    healing.object_gone(lost.pk)
    run_next("media_download", "tests", InHand())
    assert (again(lost).status, lost.pinned, lost.expires_at) == ("completed", True, past)
    if not EMBEDDED:
        assert (tags_of(lost), lost.held) == ({"expire=no"}, True)


def test_a_rule_that_came_meanwhile_holds_what_is_fetched_again(ana: Member, lost: Attachment, monkeypatch) -> None:
    RetentionRule.objects.create(tenant=ana.tenant, kind="image", days=0)
    the_gateway(monkeypatch, lost.body)
    healing.object_gone(lost.pk)
    run_next("media_download", "tests", InHand())
    assert (again(lost).status, lost.expires_at) == ("completed", None)
    if not EMBEDDED:
        assert tags_of(lost) == {"expire=no"}


@pytest.mark.usefixtures("s3")
def test_many_who_open_it_at_once_heal_it_once(ana: Member, lost: Attachment) -> None:
    gate = Barrier(8)

    def opens() -> None:
        gate.wait()
        try:
            healing.object_gone(lost.pk)
        finally:
            connection.close()

    before = len(told(ana))
    openers = [Thread(target=opens) for _ in range(8)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert told(ana)[before:] == [("message_edited", "processing")]
    assert Job.objects.get(kind="download_media").wanted == 1


def test_only_a_thumbnail_that_is_gone_is_reason_enough(lost: Attachment, ana: Member) -> None:
    photo = kept(ana)
    media_storage().delete(photo.thumbnail_key)
    healing.object_gone(photo.pk)
    assert again(photo).status == "processing"


def test_what_is_there_is_left_alone(ana: Member) -> None:
    photo = kept(ana)
    healing.object_gone(photo.pk)
    assert (again(photo).status, jobs()) == ("completed", 0)


def test_a_storage_that_is_away_has_lost_nothing(lost: Attachment, monkeypatch) -> None:
    def away(*_: object) -> None:
        raise TryLater("storage_unavailable", "away")

    monkeypatch.setattr(type(media_storage()), "stat", away)
    with pytest.raises(TryLater):
        healing.object_gone(lost.pk)
    assert again(lost).status == "completed"


def test_a_wrong_bucket_expires_nothing_and_a_right_one_brings_it_back(ana: Member, s3, monkeypatch) -> None:
    """Everything is 404: what was opened waits or is buried, nothing else changes; the retry finds it in its place."""
    opened, untouched = kept(ana), kept(ana, days_old=29)
    Message.objects.update(source="", provider_id="")
    s3.make_bucket("wrong-bucket")
    with monkeypatch.context() as patch:
        patch.setattr(media_storage(), "bucket_name", "wrong-bucket")
        healing.object_gone(opened.pk)
        expiry.sweep()
    assert (again(opened).status, again(untouched).status) == ("failed", "completed")

    answer = post(ana, f"attachments/{opened.pk}/retry/")
    assert answer.status_code == 202, answer.content
    run_next("media_download", "tests", InHand())
    assert (again(opened).status, opened.error_code) == ("completed", "")
    assert told(ana)[-1] == ("attachment_ready", "completed")


def test_healing_one_of_two_that_share_an_object_leaves_the_other_alone(
    ana: Member, lost: Attachment, monkeypatch
) -> None:
    other = sharing(ana, lost)
    Message.objects.filter(attachment=lost).update(source='{"key": {"id": "SENT1"}}')
    the_gateway(monkeypatch, lost.body)
    healing.object_gone(lost.pk)
    run_next("media_download", "tests", InHand())
    assert (again(lost).status, again(other).status) == ("completed", "completed")
    assert retention.is_whole(other)


def test_an_upload_that_is_looked_after_does_not_disturb_the_healing(lost: Attachment, monkeypatch) -> None:
    """The job that looks after each upload may come while the file is fetched again."""
    from backend.chat import outgoing

    healing.object_gone(lost.pk)
    outgoing.process(lost.pk)
    assert again(lost).status == "processing"


def test_what_is_fetched_again_for_one_stays_held_for_another(ana: Member, monkeypatch) -> None:
    """Two share a picture, the other is pinned: the new objects outlive the bucket's rule as the old ones did."""
    first = kept(ana, content_sha256="", status="pending", storage_key="", thumbnail_key="", renditions={})
    body = samples.jpeg()
    the_gateway(monkeypatch, body)
    monkeypatch.setattr(downloads, "_offer_of", lambda message: MediaOffer("image", "image/jpeg"))
    downloads.download(first.pk)
    again(first)
    second = sharing(ana, first)
    retention.hold(retention.keys_of(first))
    Attachment.objects.filter(pk__in=[first.pk, second.pk]).update(held=True)
    pins.pin(second, pinned=True)
    lose(first)

    healing.object_gone(first.pk)
    downloads.download(first.pk)

    assert (again(first).status, first.held) == ("completed", not EMBEDDED)
    assert objects_of(second) == [True] * 2
    if not EMBEDDED:
        assert tags_of(second) == {"expire=no"}
