"""How long files are kept: by rule, by pin, by reference; and how they go."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache as django_cache
from django.utils import timezone
from redis import ConnectionError as RedisConnectionError

from backend.chat import expiry, pins, tasks, terms
from backend.chat.models import Message
from backend.lib.errors import Conflict, Refused, TryLater
from backend.media import retention
from backend.media.cache import Shelf, key_of, media_cache
from backend.media.models import Attachment, RetentionRule
from backend.media.storages import media_storage
from tests.cast import Member
from tests.unit.chat.keeping import kept, objects_of, sharing, tags_of
from tests.unit.chat.uploading import conversation, events, post, processed, uploaded, work_off
from tests.unit.media import samples

__all__ = ["conversation"]

knows_tags = pytest.mark.usefixtures("s3")


def again(attachment: Attachment) -> Attachment:
    attachment.refresh_from_db()
    return attachment


def days_of(attachment: Attachment) -> float | None:
    again(attachment)
    if attachment.expires_at is None:
        return None
    return (attachment.expires_at - attachment.stored_at) / timedelta(days=1)


def away(*_: object, **__: object) -> None:
    raise TryLater("storage_unavailable", "away")


# --- Terms ----------------------------------------------------------------------------------------------------------


def test_an_upload_is_kept_for_thirty_days(ana: Member, conversation) -> None:
    assert days_of(work_off(uploaded(ana, conversation, samples.jpeg()))) == 30


@pytest.mark.parametrize(
    ("rules", "days"),
    [({}, 30), ({"image": 7}, 7), ({"image": 0}, None), ({"": 90}, 90), ({"": 90, "image": 7}, 7), ({"video": 7}, 30)],
)
def test_a_tenants_rule_for_the_kind_counts_then_its_rule_for_all_then_the_setting(
    ana: Member, carla: Member, conversation, rules, days
) -> None:
    for kind, wanted in rules.items():
        RetentionRule.objects.create(tenant=ana.tenant, kind=kind, days=wanted)
        RetentionRule.objects.create(tenant=carla.tenant, kind=kind, days=1)
    assert days_of(work_off(uploaded(ana, conversation, samples.jpeg()))) == days


def test_a_setting_of_zero_keeps_everything(ana: Member, conversation, settings) -> None:
    settings.MEDIA_RETENTION_DAYS = 0
    assert work_off(uploaded(ana, conversation, samples.jpeg())).expires_at is None


@knows_tags
@pytest.mark.parametrize(("days", "tag"), [(7, "expire=yes"), (30, "expire=yes"), (31, "expire=no"), (0, "expire=no")])
def test_only_what_outlives_the_buckets_rule_is_held(ana: Member, conversation, days, tag) -> None:
    RetentionRule.objects.create(tenant=ana.tenant, kind="image", days=days)
    done = work_off(uploaded(ana, conversation, samples.jpeg()))
    assert (tags_of(done), done.held) == ({tag}, tag == "expire=no")


@knows_tags
def test_a_file_that_must_be_held_and_cannot_be_is_not_ready(ana: Member, conversation, monkeypatch) -> None:
    RetentionRule.objects.create(tenant=ana.tenant, kind="image", days=0)
    photo = uploaded(ana, conversation, samples.jpeg())
    with monkeypatch.context() as patch:
        patch.setattr(type(media_storage()), "set_tags", away)
        with pytest.raises(TryLater):
            processed(photo)
        assert again(photo).status == "processing"
    assert processed(photo).status == "completed"


def test_a_profile_picture_never_expires(ana: Member) -> None:
    face = kept(ana, storage_key=f"profile_pics/{ana.tenant.pk}/face.jpg", expires_at=None)
    terms.apply_all()
    assert days_of(face) is None


# --- A rule changes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "then"), [(7, 7), (90, 90), (0, None)])
def test_a_new_rule_counts_for_the_files_that_are_here(ana: Member, carla: Member, days, then) -> None:
    old, video, strangers = kept(ana), kept(ana, kind="video"), kept(carla)
    RetentionRule.objects.create(tenant=ana.tenant, kind="image", days=days)
    assert terms.apply_all() == 1
    assert (days_of(old), days_of(video), days_of(strangers)) == (then, 30, 30)
    assert terms.apply_all() == 0


def test_rows_from_before_there_were_terms_get_theirs(ana: Member) -> None:
    old = kept(ana, stored_at=None, expires_at=None, created_at=timezone.now() - timedelta(days=12))
    terms.apply_all()
    assert again(old).expires_at == old.created_at + timedelta(days=30)


@knows_tags
def test_a_longer_rule_holds_the_objects_before_the_row_says_so(ana: Member, monkeypatch) -> None:
    old = kept(ana)
    RetentionRule.objects.create(tenant=ana.tenant, kind="image", days=0)
    with monkeypatch.context() as patch:
        patch.setattr(type(media_storage()), "set_tags", away)
        assert terms.apply_all() == 0
    assert (days_of(old), tags_of(old)) == (30, {"expire=yes"})
    assert terms.apply_all() == 1
    assert (days_of(old), tags_of(old), old.held) == (None, {"expire=no"}, True)


@knows_tags
def test_what_cannot_be_held_because_it_is_gone_is_promised_no_longer_term(ana: Member) -> None:
    lost = kept(ana)
    media_storage().delete(lost.storage_key)
    RetentionRule.objects.create(tenant=ana.tenant, kind="image", days=0)
    assert terms.apply_all() == 0
    assert (days_of(lost), lost.held) == (30, False)


@knows_tags
def test_a_shorter_setting_holds_what_a_rule_of_its_own_keeps_longer(ana: Member, settings) -> None:
    """Under the old setting the bucket's rule came late enough; under the new one it would not."""
    settings.MEDIA_RETENTION_DAYS = 90
    RetentionRule.objects.create(tenant=ana.tenant, kind="image", days=60)
    photo, video = kept(ana), kept(ana, kind="video")
    settings.MEDIA_RETENTION_DAYS = 30
    terms.apply_all()
    assert (days_of(photo), tags_of(photo)) == (60, {"expire=no"})
    assert (days_of(video), tags_of(video)) == (30, {"expire=yes"})


class Away:
    """As Redis is, when it is away."""

    def __getattr__(self, name: str) -> Any:
        raise RedisConnectionError("nobody is there")


def test_without_redis_rules_are_applied_all_the_same(ana: Member, monkeypatch) -> None:
    old = kept(ana)
    RetentionRule.objects.create(tenant=ana.tenant, kind="image", days=7)
    monkeypatch.setattr(terms, "cache", Away())
    assert (terms.apply_all(), days_of(old)) == (1, 7)


# --- Housekeeping ---------------------------------------------------------------------------------------------------


def test_what_a_new_rule_keeps_does_not_go_at_its_old_term_while_the_storage_is_away(ana: Member, monkeypatch) -> None:
    old = kept(ana, days_old=31)
    RetentionRule.objects.create(tenant=ana.tenant, kind="", days=0)

    def is_away(*_: object) -> bool:
        raise TryLater("storage_unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(retention, "hold", is_away)
        tasks.housekeeping("hourly")
        assert again(old).status == "completed"
    tasks.housekeeping("hourly")
    assert (again(old).status, again(old).expires_at) == ("completed", None)


def test_trouble_in_one_thing_keeps_nothing_else_from_being_done(ana: Member, monkeypatch, caplog) -> None:
    old = kept(ana, days_old=31)

    def breaks() -> int:
        raise RedisConnectionError("nobody is there")

    monkeypatch.setattr(terms, "check_the_bucket", breaks)
    with pytest.raises(ExceptionGroup, match="housekeeping"):
        tasks.housekeeping("hourly")
    assert again(old).status == "expired"
    assert "pruned" in caplog.text


# --- Pin ------------------------------------------------------------------------------------------------------------


def test_a_pinned_file_stays_and_an_unpinned_one_goes_at_its_old_term(ana: Member) -> None:
    old = kept(ana, days_old=29)
    told = post(ana, f"attachments/{old.pk}/pin/", pinned=True)
    assert (told.status_code, told.json()["pinned"], told.json()["status"]) == (200, True, "completed")
    later = timezone.now() + timedelta(days=2)
    assert expiry.sweep(later) == 0
    assert objects_of(old) == [True] * 3

    assert post(ana, f"attachments/{old.pk}/pin/", pinned=False).json()["pinned"] is False
    assert expiry.sweep(later) == 1
    assert objects_of(old) == [False] * 3
    assert [event["attachment"]["pinned"] for event in events(ana) if event["type"] == "attachment_ready"] == [
        True,
        False,
    ]


@knows_tags
def test_a_pin_holds_every_object_and_taking_it_back_leaves_them_held(ana: Member) -> None:
    old = kept(ana)
    pins.pin(old, pinned=True)
    assert tags_of(old) == {"expire=no"}
    pins.pin(old, pinned=False)
    assert (tags_of(old), again(old).held) == ({"expire=no"}, True)


@knows_tags
def test_a_pin_that_cannot_be_held_is_no_pin(ana: Member, monkeypatch) -> None:
    old = kept(ana)
    with monkeypatch.context() as patch:
        patch.setattr(type(media_storage()), "set_tags", away)
        answer = post(ana, f"attachments/{old.pk}/pin/", pinned=True)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert not again(old).pinned


def test_a_file_that_the_storage_lost_is_fetched_before_it_is_pinned(ana: Member) -> None:
    old = kept(ana)
    media_storage().delete(old.storage_key)
    answer = post(ana, f"attachments/{old.pk}/pin/", pinned=True)
    assert (answer.status_code, answer.json()["code"]) == (503, "file_is_fetched_again")
    assert (again(old).status, old.pinned) == ("processing", False)


@pytest.mark.parametrize(
    ("status", "error", "code"), [("expired", Refused, "expired"), ("failed", Conflict, "file_not_here")]
)
def test_what_is_not_here_cannot_be_pinned(ana: Member, status, error, code) -> None:
    gone = kept(ana, status=status)
    with pytest.raises(error) as raised:
        pins.pin(gone, pinned=True)
    assert raised.value.code == code


# --- Expiry ---------------------------------------------------------------------------------------------------------


def test_what_is_past_its_term_expires_and_the_placeholder_stays(ana: Member) -> None:
    old, young = kept(ana, days_old=31), kept(ana, days_old=29)
    keys = objects_of(old), objects_of(young)
    assert keys == ([True] * 3, [True] * 3)
    where = [old.storage_key, old.thumbnail_key]

    tasks.housekeeping("hourly")

    assert (again(old).status, again(young).status) == ("expired", "completed")
    assert (old.storage_key, old.thumbnail_key, old.renditions, old.content_sha256) == ("", "", {}, "")
    assert old.metadata["preview"] and old.file_name and old.size_bytes
    assert objects_of(young) == [True] * 3
    listed = {one.key for one in media_storage().list_keys(f"chat/{ana.tenant.pk}/")}
    assert not listed & set(where)
    assert Message.objects.get(attachment=old).source == ""


def test_pages_are_told_that_it_expired(ana: Member) -> None:
    old = kept(ana, days_old=31)
    message = Message.objects.get(attachment=old)
    expiry.sweep()
    told = [event for event in events(ana) if event["type"] == "attachment_failed"]
    assert [(e["attachment"]["id"], e["attachment"]["status"], e["message_id"]) for e in told] == [
        (str(old.pk), "expired", str(message.pk))
    ]
    assert told[0]["attachment"]["file_url"] == ""
    assert expiry.sweep() == 0


def test_more_than_a_batch_expires_in_one_go(ana: Member, monkeypatch) -> None:
    monkeypatch.setattr(expiry, "BATCH", 2)
    for _ in range(5):
        kept(ana, days_old=31, storage_key="chat/a/unfiled/nothing", thumbnail_key="", renditions={})
    assert expiry.sweep() == 5
    assert not Attachment.objects.exclude(storage_key="").exists()


def test_what_takes_too_long_is_removed_next_time(ana: Member, monkeypatch) -> None:
    old = kept(ana, days_old=31)
    with monkeypatch.context() as patch:
        patch.setattr(expiry, "REMOVING_SECONDS", -1)
        assert expiry.sweep() == 1
    assert objects_of(again(old)) == [True] * 3
    expiry.sweep()
    assert again(old).storage_key == ""


def test_the_row_says_so_before_the_objects_go(ana: Member, monkeypatch) -> None:
    """Storage away: the row is expired, the objects follow with the next run."""
    old = kept(ana, days_old=31)
    with monkeypatch.context() as patch:
        patch.setattr(type(media_storage()), "delete", away)
        assert expiry.sweep() == 1
    assert (again(old).status, objects_of(old)) == ("expired", [True] * 3)
    keys = retention.keys_of(old)
    expiry.sweep()
    assert again(old).storage_key == ""
    assert not {one.key for one in media_storage().list_keys("chat/")} & set(keys)


def test_an_object_that_the_bucket_took_first_is_no_error(ana: Member) -> None:
    old = kept(ana, days_old=31)
    for key in retention.keys_of(old):
        media_storage().delete(key)
    assert expiry.sweep() == 1
    assert again(old).storage_key == ""


def test_a_file_that_is_being_fetched_again_expires_too(ana: Member) -> None:
    old = kept(ana, days_old=31, status="processing")
    expiry.sweep()
    assert again(old).status == "expired"


# --- Shared ---------------------------------------------------------------------------------------------------------


def test_a_shared_object_goes_with_its_last_row(ana: Member) -> None:
    first = kept(ana, days_old=31)
    second = sharing(ana, first, days_old=10)
    expiry.sweep()
    assert (again(first).status, again(second).status) == ("expired", "completed")
    assert objects_of(second) == [True] * 3
    expiry.sweep(timezone.now() + timedelta(days=21))
    assert not list(media_storage().list_keys(f"chat/{ana.tenant.pk}/"))


@knows_tags
def test_what_is_shared_and_not_held_yet_is_held_by_housekeeping(ana: Member) -> None:
    first = kept(ana)
    second = sharing(ana, first)
    django_cache.clear()
    terms.apply_all()
    assert (tags_of(first), again(first).held, again(second).held) == ({"expire=no"}, True, True)


def test_two_rows_that_expire_together_take_their_object_along(ana: Member) -> None:
    first = kept(ana, days_old=31)
    sharing(ana, first, days_old=32)
    assert expiry.sweep() == 2
    assert not list(media_storage().list_keys(f"chat/{ana.tenant.pk}/"))


def test_every_cached_piece_of_what_expired_is_forgotten(ana: Member) -> None:
    old = kept(ana, days_old=31)
    shelf = media_cache().shelf
    names = [key_of(old.media_hash), key_of(old.media_hash, "thumbnail"), f"{key_of(old.media_hash)}:3"]
    for name in [*names, key_of("another")]:
        shelf.put(name, b"bytes of the file", 60)
    before = shelf.bytes_used()
    expiry.sweep()
    assert (before or 0) > (shelf.bytes_used() or 0) > 0
    assert asyncio.run(seen(shelf, [*names, key_of("another")])) == [None, None, None, b"bytes of the file"]


async def seen(shelf: Shelf, names: list[str]) -> list[bytes | None]:
    loop_shelf = shelf.on_loop()
    try:
        return [await loop_shelf.get(name) for name in names]
    finally:
        await loop_shelf.close()
