"""Rows that came from somewhere else learn what they should know of their files."""

import hashlib
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from backend.media.models import Attachment
from backend.media.spool import spool
from backend.media.storages import media_storage
from tests.cast import Member

BODY = b"what an older system has stored"


@pytest.fixture(autouse=True)
def _storage(s3: object) -> None:
    """Real."""


def imported(member: Member, name: str, *, is_there: bool = True, **facts: Any) -> Attachment:
    key = f"chat/{member.tenant.pk}/unfiled/{name}"
    if is_there:
        with spool([BODY], limit_bytes=100) as file:
            media_storage().save_file(key, file.path, "text/plain")
    storage = media_storage().storage_type
    known = {"file_name": name, "file_type": "text/plain", "storage_type": storage, "storage_key": key}
    return Attachment.objects.create(tenant=member.tenant, status="failed", **known | facts)


def generate(*options: str) -> str:
    out = StringIO()
    call_command("generate_media_hashes", *options, stdout=out, stderr=out)
    return out.getvalue()


def test_hash_digest_and_size_are_filled_in(ana: Member) -> None:
    row = imported(ana, "a.txt", media_hash="")

    said = generate()

    row.refresh_from_db()
    assert len(row.media_hash) >= 20
    assert (row.content_sha256, row.size_bytes) == (hashlib.sha256(BODY).hexdigest(), len(BODY))
    assert "1 filled, 0 without" in said


def test_what_lies_beside_a_file_is_measured_too(ana: Member) -> None:
    """Else its size would be asked of the storage each time somebody looks at it."""
    row = imported(ana, "a.txt")
    small, sound = imported(ana, "small.webp"), imported(ana, "sound.m4a")
    Attachment.objects.filter(pk=row.pk).update(
        thumbnail_key=small.storage_key, renditions={"aac": sound.storage_key}, metadata={"beside": {}, "width": 5}
    )

    generate()

    row.refresh_from_db()
    facts = [len(BODY), hashlib.sha256(BODY).hexdigest()]
    assert row.metadata == {"width": 5, "beside": {"thumbnail": facts, "aac": facts}}
    assert "0 files lack something" in generate()


def test_what_lies_beside_is_left_alone_where_it_is_known(ana: Member) -> None:
    beside = {"beside": {"thumbnail": [7, "x"]}}
    row = imported(ana, "a.txt", content_sha256="1" * 64, size_bytes=7, thumbnail_key="chat/x", metadata=beside)

    assert "0 files lack something" in generate()
    row.refresh_from_db()
    assert row.metadata == beside


def test_a_thumbnail_that_is_gone_does_not_keep_the_file_unmeasured(ana: Member) -> None:
    row = imported(ana, "a.txt", thumbnail_key="chat/gone")

    assert "1 without" in generate()
    row.refresh_from_db()
    assert row.content_sha256


def test_what_is_known_stays_as_it_is(ana: Member) -> None:
    row = imported(ana, "a.txt", content_sha256="1" * 64, size_bytes=7)

    assert "0 files lack something" in generate()
    before = (row.media_hash, row.content_sha256, row.size_bytes)
    row.refresh_from_db()
    assert before == (row.media_hash, row.content_sha256, row.size_bytes)


def test_a_second_run_finds_nothing_to_do(ana: Member) -> None:
    imported(ana, "a.txt")
    generate()
    assert "0 files lack something" in generate()


def test_a_dry_run_changes_nothing(ana: Member) -> None:
    row = imported(ana, "a.txt")
    assert "1 files lack something" in generate("--dry-run")
    row.refresh_from_db()
    assert row.content_sha256 == ""


def test_what_is_not_there_does_not_hold_up_the_rest(ana: Member) -> None:
    imported(ana, "gone.txt", is_there=False)
    row = imported(ana, "here.txt")

    assert "1 filled, 1 without their object" in generate()
    row.refresh_from_db()
    assert row.content_sha256


def test_what_is_still_coming_in_is_left_alone(ana: Member) -> None:
    Attachment.objects.create(tenant=ana.tenant, file_name="x", file_type="image/jpeg", storage_type="local")
    assert "0 files lack something" in generate()
