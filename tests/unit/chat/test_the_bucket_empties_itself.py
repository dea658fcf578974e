"""A real bucket with our rule, in which a day lasts two seconds."""

import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from backend.chat import expiry, pins, tasks
from backend.media import retention
from backend.media.models import Attachment, RetentionRule
from backend.media.storages import EXPIRES, Lifecycle, media_storage
from tests.cast import Member
from tests.ceph import Ceph
from tests.unit.chat.keeping import kept, objects_of, put, sharing

pytestmark = pytest.mark.usefixtures("s3")  # without real parts there is no bucket
DAY_SECONDS = 2
DAYS = 3


@pytest.fixture
def quick_bucket(tmp_path: Path, settings) -> Iterator[Ceph]:
    server = Ceph(tmp_path, lifecycle_day_seconds=DAY_SECONDS).start()
    server.make_bucket("ageing")
    settings.S3_ENDPOINT_URL, settings.S3_BUCKET, settings.MEDIA_RETENTION_DAYS = server.url, "ageing", DAYS
    settings.STORAGES = dict(settings.STORAGES)  # the storage is made anew
    assert media_storage().bucket_name == "ageing"
    yield server
    server.stop()


def lifecycle(*options: str) -> str:
    said = StringIO()
    call_command("s3_lifecycle", *options, stdout=said)
    return said.getvalue()


def wait_until_gone(attachment: Attachment, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while any(objects_of(attachment)):
        assert time.monotonic() < deadline, "the bucket has removed nothing"
        time.sleep(0.25)


def test_objects_go_and_what_is_pinned_kept_longer_or_shared_stays(ana: Member, quick_bucket: Ceph) -> None:
    RetentionRule.objects.create(tenant=ana.tenant, kind="video", days=0)
    RetentionRule.objects.create(tenant=ana.tenant, kind="document", days=60)
    soon = {"stored_at": timezone.now() - timedelta(days=DAYS) + timedelta(seconds=DAYS * DAY_SECONDS)}
    plain, pinned, first = kept(ana, **soon), kept(ana, **soon), kept(ana, **soon)
    film, contract = kept(ana, kind="video", expires_at=None), kept(ana, kind="document")
    pins.pin(pinned, pinned=True)
    assert retention.hold(retention.keys_of(first))  # as whoever refers to it too does first
    second = sharing(ana, first)
    put(f"profile_pics/{ana.tenant.pk}/face.jpg", b"face")
    parts_id = media_storage().begin_parts(f"uploads/{ana.tenant.pk}/big", "video/mp4")

    assert "written" in lifecycle("--apply")
    wait_until_gone(plain)
    time.sleep(2 * DAYS * DAY_SECONDS)  # time enough for the rule to take what it should not

    for stays in (pinned, first, second, film, contract):
        assert objects_of(stays) == [True] * 3
    assert media_storage().stat(f"profile_pics/{ana.tenant.pk}/face.jpg").size == 4
    assert not [one for one in media_storage().unfinished() if one.id == parts_id]
    tasks.housekeeping("hourly")
    rows = {row.pk: row.status for row in Attachment.objects.all()}
    assert [rows[one.pk] for one in (plain, pinned, first, second, film, contract)] == [
        "expired",
        "completed",
        "expired",
        "completed",
        "completed",
        "completed",
    ]
    assert objects_of(second) == [True] * 3
    expiry.sweep(timezone.now() + timedelta(days=DAYS))
    assert objects_of(second) == [False] * 3
    assert objects_of(pinned) == objects_of(film) == objects_of(contract) == [True] * 3


def test_a_held_object_that_lost_its_tag_would_go(ana: Member, quick_bucket: Ceph) -> None:
    """The rule goes by the tag: this is what every `hold` protects from."""
    film = kept(ana, kind="video")
    lifecycle("--apply")
    retention.hold(retention.keys_of(film))
    for key in retention.keys_of(film):
        media_storage().set_tags(key, EXPIRES)
    wait_until_gone(film)


def test_what_a_rule_keeps_longer_is_held_before_the_bucket_gets_its_rule(
    ana: Member, quick_bucket: Ceph, monkeypatch
) -> None:
    RetentionRule.objects.create(tenant=ana.tenant, kind="image", days=0)
    photo = kept(ana, expires_at=timezone.now())
    order: list[str] = []
    storage = media_storage()
    hold, write = storage.set_tags, storage.set_lifecycle
    monkeypatch.setattr(storage, "set_tags", lambda key, tags: (order.append(key), hold(key, tags))[1])
    monkeypatch.setattr(storage, "set_lifecycle", lambda wanted: (order.append("rule"), write(wanted)))
    lifecycle("--apply")
    assert order[-1] == "rule" and set(retention.keys_of(photo)) <= set(order[:-1])


def test_the_command_looks_before_it_writes(ana: Member, quick_bucket: Ceph, settings) -> None:
    theirs = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 9}}
    rules = {"Rules": [theirs]}
    quick_bucket.client().put_bucket_lifecycle_configuration(Bucket="ageing", LifecycleConfiguration=rules)
    said = lifecycle()
    assert "left alone: 1" in said and "no rule now, 3 days wanted" in said and "nothing was changed" in said
    assert media_storage().lifecycle() == Lifecycle(others=1)

    lifecycle("--apply")
    assert media_storage().lifecycle() == Lifecycle(DAYS, 2, others=1)
    settings.MEDIA_RETENTION_DAYS = 0
    assert "3 days now, no rule wanted" in lifecycle("--apply")
    assert media_storage().lifecycle() == Lifecycle(0, 2, others=1)


def test_a_bucket_without_tags_is_left_to_the_sweeper(ana: Member, quick_bucket: Ceph, monkeypatch) -> None:
    monkeypatch.setattr(media_storage(), "set_tags", lambda key, tags: False)
    assert "only this program's own sweeper" in lifecycle("--apply")
    assert media_storage().lifecycle() == Lifecycle()


def test_a_bucket_whose_rule_is_older_than_the_setting_is_spoken_of(quick_bucket: Ceph, db, settings, caplog) -> None:
    lifecycle("--apply")
    settings.MEDIA_RETENTION_DAYS = 90
    tasks.housekeeping("hourly")
    assert "run s3_lifecycle --apply" in caplog.text
