"""Files move between a directory and a bucket while somebody looks at them, and nothing is lost on the way."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from backend.lib.errors import Missing, TryLater
from backend.media import relocation, retention
from backend.media.measuring import measured
from backend.media.models import Attachment
from backend.media.storages import media_storage
from tests.cast import Member
from tests.ceph import Ceph

EIGHT_DAYS = timedelta(days=8)


@pytest.fixture(autouse=True)
def _both(s3: Ceph, settings: Any, tmp_path: Path) -> Iterator[None]:
    """New files go to S3; the directory is where they went before."""
    settings.MEDIA_ROOT = tmp_path / "media"
    yield


def keep(tenant: Any, name: str, storage: str = "local", **facts: Any) -> Attachment:
    """A stored picture with its thumbnail and a rendition."""
    row = Attachment(tenant=tenant, file_name=name, file_type="image/png", status="completed", storage_type=storage)
    key = facts.pop("storage_key", f"chat/{tenant.pk}/unfiled/{row.pk}_{name}")
    row.storage_key, row.thumbnail_key, row.renditions = key, f"{key}_thumb.webp", {"jpeg": f"{key}_jpeg.jpg"}
    row.content_sha256, row.size_bytes = hashlib.sha256(name.encode()).hexdigest(), len(name)
    for field, value in facts.items():
        setattr(row, field, value)
    row.save(force_insert=True)
    put(storage, row)
    return row


def put(storage: str, row: Attachment) -> None:
    source = Path(relocation.spool([row.file_name.encode()], limit_bytes=1000).path)
    for one in retention.keys_of(row):
        media_storage(storage).save_file(one, source, "image/png")
    source.unlink()


def migrate(*more: str, source: str = "local", target: str = "s3") -> str:
    out = StringIO()
    call_command("migrate_media", "--from", source, "--to", target, *more, stdout=out, stderr=out)
    return out.getvalue()


def is_at(storage: str, row: Attachment) -> bool:
    try:
        digests = {measured(media_storage(storage), key)[0] for key in retention.keys_of(row)}
    except Missing:
        return False
    return digests == {row.content_sha256}


def where(*rows: Attachment) -> list[str]:
    return [Attachment.objects.get(pk=row.pk).storage_type for row in rows]


def test_without_apply_it_only_counts(ana: Member) -> None:
    row = keep(ana.tenant, "a.png")

    said = migrate()

    assert "1 files in local, 5 bytes" in said
    assert (where(row), is_at("s3", row)) == (["local"], False)


def test_files_are_copied_whole_and_then_their_rows_say_so(ana: Member) -> None:
    rows = [keep(ana.tenant, f"{number}.png") for number in range(3)]

    migrate("--apply")

    assert where(*rows) == ["s3"] * 3
    assert all(is_at("s3", row) and is_at("local", row) for row in rows)
    assert media_storage("s3").stat(rows[0].thumbnail_key).mime == "image/webp"
    assert media_storage("s3").stat(rows[0].renditions["jpeg"]).mime == "image/jpeg"


def test_and_back(ana: Member) -> None:
    row = keep(ana.tenant, "a.png")
    migrate("--apply")
    for key in retention.keys_of(row):
        media_storage("local").delete(key)

    migrate("--apply", source="s3", target="local")

    assert (where(row), is_at("local", row)) == (["local"], True)


def test_a_file_is_read_from_where_it_is_all_the_while(ana: Member) -> None:
    rows = [keep(ana.tenant, f"{number}.png") for number in range(2)]
    for limit in ((), ("--apply", "--limit", "1"), ("--apply",)):
        migrate(*limit)
        for row in rows:
            answer = ana.client.get(f"/media/{row.media_hash}")
            assert (answer.status_code, answer.content) == (200, row.file_name.encode())


def test_what_is_not_what_its_row_says_stays_where_it_is(ana: Member) -> None:
    bad = keep(ana.tenant, "bad.png", content_sha256="0" * 64)
    gone, good = keep(ana.tenant, "gone.png"), keep(ana.tenant, "good.png")
    media_storage("local").delete(gone.storage_key)

    with pytest.raises(CommandError, match="2 were left"):
        migrate("--apply")

    assert where(bad, gone, good) == ["local", "local", "s3"]
    assert is_at("local", good)


def test_cut_off_in_the_middle_it_goes_on_where_it_was(ana: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [keep(ana.tenant, f"{number}.png") for number in range(4)]
    copied: list[str] = []
    copy = relocation._copy

    def dying(key: str, *more: Any) -> None:
        if len(copied) == 4:  # the second file's thumbnail
            raise KeyboardInterrupt
        copied.append(key)
        copy(key, *more)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(relocation, "_copy", dying)
        migrate("--apply")
    assert where(*rows) == ["s3", "local", "local", "local"]

    migrate("--apply")
    assert where(*rows) == ["s3"] * 4
    assert all(is_at("s3", row) for row in rows)


def test_a_storage_that_goes_away_stops_it_and_loses_nothing(ana: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    row = keep(ana.tenant, "a.png")

    def away(*_: Any, **__: Any) -> None:
        raise TryLater("storage_unavailable", "the storage is away")

    with monkeypatch.context() as patch, pytest.raises(CommandError, match="Run it again"):
        patch.setattr(type(media_storage("s3")), "save_file", away)
        migrate("--apply")
    assert where(row) == ["local"]
    migrate("--apply")
    assert where(row) == ["s3"]


def test_a_shared_object_is_moved_once(ana: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    first = keep(ana.tenant, "a.png")
    second = keep(ana.tenant, "a.png", storage_key=first.storage_key)
    copied: list[str] = []
    copy = relocation._copy
    monkeypatch.setattr(relocation, "_copy", lambda key, *more: (copied.append(key), copy(key, *more)))

    migrate("--apply")

    assert where(first, second) == ["s3", "s3"]
    assert len(copied) == 3


def test_a_file_that_expires_meanwhile_is_not_left_behind(ana: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    row = keep(ana.tenant, "a.png")
    copy = relocation._copy

    def copy_and_expire(*told: Any) -> None:
        copy(*told)
        Attachment.objects.filter(pk=row.pk).update(status="expired")

    monkeypatch.setattr(relocation, "_copy", copy_and_expire)
    migrate("--apply")

    assert (where(row), is_at("s3", row)) == (["local"], False)


def test_what_was_moved_outlives_the_buckets_own_rule(ana: Member) -> None:
    """It would count its days from the copy."""
    row, face = keep(ana.tenant, "a.png"), keep(ana.tenant, "b.png", storage_key=f"profile_pics/{ana.tenant.pk}/b.png")

    migrate("--apply")

    tags = media_storage("s3").client.get_object_tagging  # type: ignore[attr-defined]  # S3's own
    found = tags(Bucket=media_storage("s3").bucket_name, Key=row.storage_key)["TagSet"]  # type: ignore[attr-defined]  # as above
    assert found == [{"Key": "expire", "Value": "no"}]
    row.refresh_from_db()
    face.refresh_from_db()
    assert (row.held, face.held) == (True, False)


def test_the_former_copy_goes_a_week_later_and_not_before(ana: Member) -> None:
    row = keep(ana.tenant, "a.png")
    migrate("--apply")

    assert "3 wait" in migrate("--clean")
    assert is_at("local", row)

    done = relocation.clean("local", "s3", now=timezone.now() + EIGHT_DAYS)
    assert (done.done, is_at("local", row), is_at("s3", row)) == (3, False, True)
    assert relocation.clean("local", "s3", now=timezone.now() + EIGHT_DAYS).done == 0


def test_a_former_copy_stays_while_the_other_is_not_whole(ana: Member) -> None:
    row, lost = keep(ana.tenant, "a.png"), keep(ana.tenant, "b.png")
    migrate("--apply")
    file = relocation.spool([b"other"], limit_bytes=10)
    media_storage("s3").save_file(row.storage_key, file.path, "image/png")
    file.discard()
    media_storage("s3").delete(lost.storage_key)

    tally = relocation.clean("local", "s3", now=timezone.now() + EIGHT_DAYS)

    assert tally.failed == {str(row.pk): "digest_mismatch", str(lost.pk): "object_gone"}
    assert measured(media_storage("local"), row.storage_key)[0] == row.content_sha256
    assert measured(media_storage("local"), lost.storage_key)[0] == lost.content_sha256


def test_a_former_copy_that_a_row_still_needs_stays(ana: Member) -> None:
    row = keep(ana.tenant, "a.png")
    migrate("--apply")
    late = keep(ana.tenant, "a.png", storage_key=row.storage_key)

    relocation.clean("local", "s3", now=timezone.now() + EIGHT_DAYS)

    assert is_at("local", late)


def test_what_is_removed_is_removed_in_both(ana: Member) -> None:
    row = keep(ana.tenant, "a.png")
    migrate("--apply")
    row.refresh_from_db()
    row.delete()

    retention.remove_objects(row)

    assert not is_at("local", row)
    assert not is_at("s3", row)


def test_a_storage_that_is_not_set_up_is_said_to_be(ana: Member, settings: Any) -> None:
    settings.MEDIA_STORAGE, settings.S3_ACCESS_KEY = "local", ""
    settings.STORAGES = settings.STORAGES | {"media": {"BACKEND": "backend.media.storages.LocalMediaStorage"}}

    with pytest.raises(CommandError, match="nothing here says where s3 is"):
        migrate("--apply")


def test_the_same_storage_twice_is_no_way(ana: Member) -> None:
    with pytest.raises(CommandError, match="same storage"):
        migrate("--apply", target="local")
