"""What is stored, held against what the rows say: told first, done when asked, refused when the two hardly belong."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from backend.chat import tasks
from backend.jobs.models import Job
from backend.media import orphans, retention
from backend.media.models import Attachment
from backend.media.storages import media_storage
from tests.cast import Member
from tests.unit.chat.keeping import is_there, kept, objects_of, put, sharing

LATER = timedelta(days=2)


@pytest.fixture(autouse=True)
def storage(request: pytest.FixtureRequest, ana: Member) -> None:
    request.getfixturevalue("s3")
    for one in list(media_storage().list_keys()):
        media_storage().delete(one.key)
    for left in list(media_storage().unfinished()):
        media_storage().drop_unfinished(left)


@pytest.fixture
def later(monkeypatch) -> None:
    """Everything there is has been there for a while."""
    monkeypatch.setattr(orphans, "YOUNG", timedelta(seconds=-5))


def sweep(*options: str) -> str:
    said = StringIO()
    call_command("sweep_media", *options, stdout=said)
    return said.getvalue()


def test_all_is_well_where_every_object_has_its_row(ana: Member, later: None) -> None:
    photo = kept(ana)
    sharing(ana, photo)
    said = sweep()
    assert "3 objects" in said and "0 objects without a row" in said and "0 files whose object is gone" in said


def test_an_object_without_a_row_is_told_and_then_removed(ana: Member, later: None) -> None:
    photo = kept(ana)
    lone = [f"chat/{ana.tenant.pk}/unfiled/lone.jpg", f"profile_pics/{ana.tenant.pk}/old.jpg", "uploads/x/y"]
    for key in lone:
        put(key, b"12345")
    put("somebody/elses", b"1")

    said = sweep()
    assert "3 objects without a row (15 bytes)" in said and lone[0] in said and "nothing was changed" in said
    assert all(is_there(key) for key in lone)
    assert "removed: 15 bytes" in sweep("--apply")
    assert not any(is_there(key) for key in lone)
    assert is_there("somebody/elses") and objects_of(photo) == [True] * 3


def test_what_is_young_is_left_alone(ana: Member) -> None:
    """A download that is being stored has no row yet that knows its key."""
    put(f"chat/{ana.tenant.pk}/unfiled/coming.jpg", b"12345")
    media_storage().begin_parts("uploads/x/big", "video/mp4")
    report = orphans.look()
    assert (report.orphans, report.unfinished) == ([], [])
    report = orphans.look(timezone.now() + LATER)
    assert (len(report.orphans), len(report.unfinished)) == (1, 1)


def test_an_upload_whose_row_waits_for_it_is_no_orphan(ana: Member, later: None) -> None:
    row = kept(ana, status="pending", storage_key="", thumbnail_key="", renditions={}, content_sha256="")
    key = f"uploads/{ana.tenant.pk}/{row.pk}_foto.jpg"
    Attachment.objects.filter(pk=row.pk).update(upload={"key": key})
    put(key, b"12345")
    sweep("--apply")
    assert is_there(key)
    Attachment.objects.filter(pk=row.pk).update(upload={})
    sweep("--apply")
    assert not is_there(key)


def test_a_row_that_came_after_the_look_saves_its_object(ana: Member) -> None:
    photo = kept(ana)
    fields = {name: getattr(photo, name) for name in ("storage_key", "thumbnail_key", "renditions")}
    Attachment.objects.filter(pk=photo.pk).update(storage_key="", thumbnail_key="", renditions={}, status="failed")
    report = orphans.look(timezone.now() + LATER)
    assert len(report.orphans) == 3
    Attachment.objects.filter(pk=photo.pk).update(status="completed", **fields)
    orphans.remove(report)
    assert objects_of(photo) == [True] * 3


def test_parts_that_nobody_joined_are_dropped(ana: Member, later: None) -> None:
    media_storage().begin_parts("uploads/x/big", "video/mp4")
    assert "1 uploads that nobody goes on with" in sweep("--apply")
    assert list(media_storage().unfinished()) == []


def test_a_file_without_its_object_is_told_and_healed_only_when_asked(ana: Member, later: None) -> None:
    whole, lost = kept(ana), kept(ana)
    media_storage().delete(lost.thumbnail_key)
    assert str(lost.pk) in sweep("--apply")
    lost.refresh_from_db()
    assert lost.status == "completed"
    sweep("--heal")
    lost.refresh_from_db()
    whole.refresh_from_db()
    assert (whole.status, lost.status) == ("completed", "processing")


def test_what_is_past_its_time_expires(ana: Member) -> None:
    old = kept(ana, days_old=31)
    assert "1 files past their time" in sweep()
    assert "expired: 1" in sweep("--apply")
    old.refresh_from_db()
    assert old.status == "expired"


@pytest.mark.parametrize("option", ["--apply", "--heal"])
def test_another_database_or_another_bucket_is_not_believed(ana: Member, later: None, monkeypatch, option: str) -> None:
    monkeypatch.setattr(orphans, "FEW", 2)
    for number in range(3):
        put(f"chat/another/unfiled/{number}.jpg", b"1")
        kept(ana, storage_key="chat/a/unfiled/lost", thumbnail_key="", renditions={})
    with pytest.raises(CommandError, match="is this the bucket of this database"):
        sweep(option)
    assert is_there("chat/another/unfiled/0.jpg")
    assert set(Attachment.objects.values_list("status", flat=True)) == {"completed"}
    sweep("--apply", "--force")
    assert not is_there("chat/another/unfiled/0.jpg")


def test_once_a_week_it_is_told_without_being_asked_and_nothing_is_removed(ana: Member, later: None, caplog) -> None:
    lost = kept(ana)
    for key in retention.keys_of(lost):
        media_storage().delete(key)
    lone = f"chat/{ana.tenant.pk}/unfiled/lone.jpg"
    put(lone, b"12345")

    tasks.housekeeping("hourly")
    tasks.housekeeping("hourly")
    waiting = Job.objects.get(kind="orphans")
    assert timedelta(days=6) < waiting.run_at - timezone.now() <= timedelta(days=7)
    assert "without a row" not in caplog.text

    tasks.orphans_weekly("weekly")
    told = next(record for record in caplog.records if "without a row" in record.message)
    assert (told.levelname, told.orphans, told.bytes, told.lost) == ("WARNING", 1, 5, 1)
    assert is_there(lone)
    assert Attachment.objects.get(pk=lost.pk).status == "completed"


def test_of_nothing_amiss_it_is_not_warned(ana: Member, later: None, caplog) -> None:
    kept(ana)
    tasks.orphans_weekly("weekly")
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
