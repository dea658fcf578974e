"""What the company has already is not fetched again: one object, and a row for each message."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from backend.chat import downloads, expiry, sharing
from backend.chat.models import Message
from backend.jobs.models import Job
from backend.jobs.queue import Later
from backend.lib.errors import Missing, TryLater
from backend.media import retention
from backend.media.models import Attachment
from backend.media.storages import media_storage
from backend.realtime import log
from tests.cast import Member
from tests.inbound import deliver, upsert
from tests.parts import EMBEDDED
from tests.unit.media import samples

PICTURE = samples.jpeg()
_serial = count(1)


@dataclass(frozen=True)
class OneWay:
    """As WhatsApp's media host: checked against what was announced."""

    body: bytes
    opened: list[str]

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.body).digest()

    @property
    def size_bytes(self) -> int:
        return len(self.body)

    @contextmanager
    def open(self, limit_bytes: int) -> Iterator[Iterator[bytes]]:
        self.opened.append(self.sha256.hex())
        if not self.body:
            raise TryLater("media_host_down", "nobody is there")
        yield iter([self.body])


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digest of everything that was fetched."""
    seen: list[str] = []
    monkeypatch.setattr(downloads.evolution_media, "open_media", lambda *_: [OneWay(PICTURE, seen)])
    return seen


def announced(body: bytes = PICTURE, kind: str = "imageMessage", **fields: Any) -> dict[str, Any]:
    told = {"mimetype": "image/jpeg", "fileSha256": base64.b64encode(hashlib.sha256(body).digest()).decode()}
    return {kind: told | {"fileLength": len(body)} | fields}


def arrives(member: Member, **fields: Any) -> Attachment:
    """A picture that WhatsApp announces; nobody has fetched it yet."""
    provider_id = f"S{next(_serial)}"
    deliver(member.instance, upsert(provider_id, message=announced(**fields)))
    found = Message.objects.get(provider_id=provider_id, tenant=member.tenant).attachment
    assert found is not None and found.status == "pending"
    return found


def fetched(attachment: Attachment) -> Attachment:
    downloads.download(attachment.pk)
    attachment.refresh_from_db()
    return attachment


def ready_events(member: Member) -> list[str]:
    events = [json.loads(frame) for _, frame in log.since(member.tenant.pk, 0)]
    return [one["attachment"]["id"] for one in events if one["type"] == "attachment_ready"]


def is_stored(attachment: Attachment) -> bool:
    try:
        return all(media_storage().stat(key).size > 0 for key in retention.keys_of(attachment))
    except Missing:
        return False


def test_the_second_is_ready_without_being_fetched(ana: Member, opened: list[str]) -> None:
    first = fetched(arrives(ana))
    second = fetched(arrives(ana, caption="de novo"))

    assert len(opened) == 1
    assert (second.status, second.storage_key) == ("completed", first.storage_key)
    same = ("thumbnail_key", "renditions", "content_sha256", "size_bytes", "file_type", "storage_type")
    assert [getattr(second, name) for name in same] == [getattr(first, name) for name in same]
    assert second.media_hash != first.media_hash
    assert (second.metadata["width"], second.metadata["height"]) == (first.metadata["width"], first.metadata["height"])
    assert ready_events(ana) == [str(first.pk), str(second.pk)]


def test_both_are_read_by_their_own_address(ana: Member, opened: list[str]) -> None:
    first, second = fetched(arrives(ana)), fetched(arrives(ana))

    for one in (first, second):
        for path in (f"/media/{one.media_hash}", f"/api/chat/attachments/{one.pk}/thumbnail/"):
            assert ana.client.get(path).status_code == 200


def test_name_preview_and_term_are_the_messages_own(ana: Member, opened: list[str]) -> None:
    preview = base64.b64encode(b"\xff\xd8\xff" + bytes(30)).decode()
    first = fetched(arrives(ana))
    Attachment.objects.filter(pk=first.pk).update(expires_at=timezone.now() + timedelta(days=2))
    second = fetched(arrives(ana, jpegThumbnail=preview))

    assert second.metadata["preview"].startswith("data:image/jpeg")
    assert "preview" not in first.metadata
    assert second.expires_at is not None and second.expires_at > timezone.now() + timedelta(days=29)


def test_a_film_that_is_sent_as_a_gif_moves_by_itself_and_as_a_video_does_not(
    ana: Member, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    film = samples.film("mp4", "libx264")
    monkeypatch.setattr(downloads.evolution_media, "open_media", lambda *_: [OneWay(film, opened)])
    sent = {"body": film, "kind": "videoMessage", "mimetype": "video/mp4"}
    gif, video, again = (fetched(arrives(ana, **sent, gifPlayback=moves)) for moves in (True, False, True))

    assert len(opened) == 1
    assert [one.metadata.get("animated", False) for one in (gif, video, again)] == [True, False, True]


def test_the_shared_object_outlives_the_buckets_own_rule(ana: Member, opened: list[str]) -> None:
    first, second = fetched(arrives(ana)), fetched(arrives(ana))
    first.refresh_from_db()

    assert first.held == second.held == (not EMBEDDED)


def test_the_object_goes_with_its_last_row(ana: Member, opened: list[str]) -> None:
    first, second = fetched(arrives(ana)), fetched(arrives(ana))
    for number, one in enumerate((first, second)):
        Attachment.objects.filter(pk=one.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        expiry.sweep()
        assert is_stored(second) == (number == 0)


def test_another_company_learns_nothing(ana: Member, carla: Member, opened: list[str]) -> None:
    hers = fetched(arrives(ana))
    theirs = arrives(carla)
    with_work = Job.objects.filter(kind="download_media", tenant=carla.tenant).values("run_at", "queue").count()
    fetched(theirs)

    assert len(opened) == 2
    assert with_work == 1
    assert theirs.storage_key.startswith(f"chat/{carla.tenant.pk}/")
    assert not {theirs.storage_key, theirs.thumbnail_key} & {hers.storage_key, hers.thumbnail_key}
    assert not theirs.held


def test_a_download_of_another_company_is_not_waited_for(ana: Member, carla: Member, opened: list[str]) -> None:
    Attachment.objects.filter(pk=arrives(ana).pk).update(status="processing")

    assert fetched(arrives(carla)).status == "completed"


def test_a_file_of_another_kind_is_not_shared(ana: Member, opened: list[str]) -> None:
    first = fetched(arrives(ana))
    as_document = fetched(arrives(ana, kind="documentMessage", fileName="foto.jpg"))

    assert len(opened) == 2
    assert as_document.storage_key != first.storage_key


@pytest.mark.parametrize("trouble", ["expired", "failed", "gone", "past its time"])
def test_what_is_not_there_any_more_is_not_shared(ana: Member, opened: list[str], trouble: str) -> None:
    first = fetched(arrives(ana))
    mine = Attachment.objects.filter(pk=first.pk)
    if trouble == "gone":
        media_storage().delete(first.storage_key)
    elif trouble == "past its time":
        mine.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        mine.update(status=trouble)
    second = fetched(arrives(ana))

    assert len(opened) == 2
    assert second.status == "completed" and second.storage_key != first.storage_key
    assert is_stored(second)


def test_a_pinned_file_is_shared_past_its_time(ana: Member, opened: list[str]) -> None:
    first = fetched(arrives(ana))
    Attachment.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(days=1), pinned=True)
    fetched(arrives(ana))

    assert len(opened) == 1


def test_without_an_announced_digest_it_is_fetched(ana: Member, opened: list[str]) -> None:
    fetched(arrives(ana))
    fetched(arrives(ana, fileSha256=None))

    assert len(opened) == 2


def test_while_the_same_bytes_come_in_the_others_wait_and_are_woken(ana: Member, opened: list[str]) -> None:
    first, second, third = (arrives(ana) for _ in range(3))
    Attachment.objects.filter(pk=first.pk).update(status="processing")
    for waiting in (second, third):
        with pytest.raises(Later):
            downloads.download(waiting.pk)
    Job.objects.all().delete()
    fetched(first)

    woken = Job.objects.filter(kind="download_media", finished_at=None).values_list("subject", flat=True)
    assert sorted(woken) == sorted([str(second.pk), str(third.pk)])
    assert [fetched(waiting).status for waiting in (second, third)] == ["completed", "completed"]
    assert len(opened) == 1


def test_when_one_fails_another_tries_with_what_its_own_message_says(
    ana: Member, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = arrives(ana), arrives(ana)
    with monkeypatch.context() as patch, pytest.raises(TryLater):
        patch.setattr(downloads.evolution_media, "open_media", lambda *_: [OneWay(b"", opened)])
        downloads.download(first.pk)

    assert fetched(second).status == "completed"
    assert fetched(first).storage_key == second.storage_key
    assert len(opened) == 2


def test_nobody_waits_for_ever_for_a_download_that_died(ana: Member, opened: list[str]) -> None:
    dead, second = arrives(ana), arrives(ana)
    Attachment.objects.filter(pk=dead.pk).update(status="processing")
    Attachment.objects.filter(pk=second.pk).update(created_at=timezone.now() - timedelta(minutes=11))

    assert fetched(second).status == "completed"


def test_one_that_was_taken_up_again_does_not_wait(ana: Member, opened: list[str]) -> None:
    """Two files that are fetched again must not wait for each other."""
    first, second = arrives(ana), arrives(ana)
    Attachment.objects.update(status="processing")

    assert [fetched(one).status for one in (first, second)] == ["completed", "completed"]


def test_a_storage_that_is_away_is_not_taken_for_one_that_has_lost_it(
    ana: Member, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched(arrives(ana))
    second = arrives(ana)

    def away(_: Attachment) -> bool:
        raise TryLater("storage_unavailable")

    with monkeypatch.context() as patch, pytest.raises(TryLater):
        patch.setattr(sharing.retention, "is_whole", away)
        downloads.download(second.pk)
    assert fetched(second).status == "completed"
    assert len(opened) == 1


def test_a_file_that_expires_while_it_is_looked_at_is_not_shared(
    ana: Member, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = fetched(arrives(ana)), arrives(ana)
    hold = retention.hold

    def hold_too_late(keys: Any, storage_type: str) -> bool:
        held = hold(keys, storage_type)
        Attachment.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        expiry.sweep()
        return held

    with monkeypatch.context() as patch:
        patch.setattr(sharing.retention, "hold", hold_too_late)
        fetched(second)

    assert (second.status, len(opened)) == ("completed", 2)
    assert is_stored(second)


def test_the_sweeper_waits_for_a_row_that_comes_to_refer_to_the_same_object(
    ana: Member, opened: list[str], s3: object
) -> None:
    """Both hold on to the first row: whoever comes second sees what the other did. (SQLite has no two at a time.)"""
    first, second = fetched(arrives(ana)), arrives(ana)
    Attachment.objects.filter(pk=second.pk).update(status="processing")
    second.refresh_from_db()
    message = Message.objects.get(attachment=second)
    swept = threading.Event()

    def sweep() -> None:
        due = timezone.now() + timedelta(days=31)
        expired = expiry.expire(ana.tenant.pk, [first.pk], now=due)
        for row in expired:
            expiry.remove(row)
        connection.close()
        swept.set()

    with log.unit(ana.tenant.pk):
        assert sharing._take(message, second, first, held=True)
        sweeper = threading.Thread(target=sweep)
        sweeper.start()
        assert not swept.wait(0.3)
    sweeper.join(10)

    second.refresh_from_db()
    assert swept.is_set()
    assert second.status == "completed" and is_stored(second)
    first.refresh_from_db()
    assert first.status == "expired"


def test_many_at_once_are_fetched_once(ana: Member, opened: list[str]) -> None:
    """As job threads do: each takes one, and comes back for those that had to wait."""
    rows = [arrives(ana) for _ in range(8)]
    left = [row.pk for row in rows]
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not left:
                    break
                mine = left.pop(0)
            try:
                downloads.download(mine)
            except Later:
                with lock:
                    left.append(mine)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(opened) == 1
    assert Attachment.objects.filter(status="completed").count() == 8
    assert Attachment.objects.values("storage_key").distinct().count() == 1
    assert len(ready_events(ana)) == 8
