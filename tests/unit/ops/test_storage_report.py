"""The ledger of what files take up: the rows alone say it, and the storage says the same to the byte."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from backend.chat import ledger, terms
from backend.media import tally
from backend.media.cache import media_cache
from backend.media.models import Attachment, RetentionRule
from backend.media.storages import media_storage
from tests.cast import Member
from tests.unit.chat.keeping import kept, put, sharing
from tests.unit.chat.uploading import conversation, uploaded, work_off
from tests.unit.media import samples

__all__ = ["conversation"]


@pytest.fixture(autouse=True)
def storage(request: pytest.FixtureRequest, ana: Member) -> None:
    request.getfixturevalue("s3")
    for one in list(media_storage().list_keys()):
        media_storage().delete(one.key)


def report(*options: str) -> str:
    said = StringIO()
    call_command("storage_report", *options, stdout=said)
    return said.getvalue()


def line(kind: str, tenant: str = "acme") -> ledger.Line:
    return next(one for one in ledger.lines() if (one.tenant, one.kind) == (tenant, kind))


@pytest.mark.parametrize(
    ("body", "name", "kind"),
    [
        (samples.jpeg, "foto.jpg", "image"),
        (samples.heic, "foto.heic", "image"),
        (samples.video, "filme.mp4", "video"),
        (samples.pdf, "contrato.pdf", "document"),
    ],
)
def test_what_the_pipeline_stores_is_counted_to_the_byte(ana: Member, conversation, body, name, kind) -> None:
    """With its thumbnail and all that was made of it."""
    made = work_off(uploaded(ana, conversation, body(), file_name=name, file_type=TYPES[name[-3:]]))
    assert (made.status, made.error_code) == ("completed", "")
    listed = ledger.listed_bytes()
    assert listed > made.size_bytes
    assert (line(kind).bytes, line(kind).files, line(kind).objects) == (listed, 1, 1)


TYPES = {"jpg": "image/jpeg", "eic": "image/heic", "mp4": "video/mp4", "pdf": "application/pdf"}


def test_by_company_and_kind_and_all_together_as_the_storage_lists_it(ana: Member, carla: Member) -> None:
    photo = kept(ana)
    sharing(ana, photo, days_old=1)
    kept(ana, kind="voice")
    kept(carla)
    face = kept(ana, storage_key=f"profile_pics/{ana.tenant.pk}/face.jpg", thumbnail_key="", renditions={}, metadata={})
    put(face.storage_key, b"f" * face.size_bytes)

    whole = photo.size_bytes + 80
    assert (line("image").files, line("image").objects) == (2, 1)
    assert (line("image").bytes, line("image").saved_bytes) == (whole, whole)
    assert (line("profile_picture").bytes, line("voice").files, line("image", "globex").files) == (
        face.size_bytes,
        1,
        1,
    )
    assert ledger.total(ledger.lines()).bytes == ledger.listed_bytes()


def test_what_goes_within_seven_days_is_foretold(ana: Member) -> None:
    soon = kept(ana, days_old=24)
    kept(ana, days_old=22)
    kept(ana, days_old=24, pinned=True)
    kept(ana, days_old=24, expires_at=None)
    shared = kept(ana, days_old=25)
    sharing(ana, shared)
    assert (line("image").expiring_files, line("image").expiring_bytes) == (2, soon.size_bytes + 80)
    RetentionRule.objects.create(tenant=ana.tenant, kind="image", days=29)
    terms.apply_all()
    assert line("image").expiring_files == 4


def test_the_table_says_it_in_columns_and_json_for_scripts(ana: Member) -> None:
    photo = kept(ana, days_old=29)
    text = report("--check").splitlines()
    assert text[0].split() == ["tenant", "kind", "files", "objects", "bytes", "saved", "7d", "files", "7d", "bytes"]
    size = photo.size_bytes + 80
    assert text[1].split() == ["acme", "image", "1", "1", str(size), "0", "1", str(size)]
    assert text[-1] == f"the storage lists {size} bytes: the same"
    told = json.loads(report("--json", "--check"))
    assert (told["lines"][0]["kind"], told["total"]["bytes"], told["listed_bytes"]) == ("image", size, size)

    put(f"chat/{ana.tenant.pk}/unfiled/lone", b"123")
    assert report("--check").splitlines()[-1].endswith("+3 (see sweep_media)")


def test_what_has_expired_takes_up_nothing(ana: Member) -> None:
    kept(ana, days_old=31)
    from backend.chat import expiry

    expiry.sweep()
    assert (ledger.lines(), ledger.listed_bytes()) == ([], 0)
    assert Attachment.objects.get().status == "expired"


def test_hits_of_every_process_are_added_up(ana: Member, monkeypatch) -> None:
    figures = media_cache().figures
    monkeypatch.setattr(tally, "_written", {"hits": figures.hits, "misses": figures.misses})
    figures.hits, figures.misses = figures.hits + 3, figures.misses + 1
    tally.write()
    tally.write()
    monkeypatch.setattr(tally, "_written", {"hits": figures.hits - 6, "misses": figures.misses})  # another process
    tally.write()

    assert tally.read() == tally.Tally(9, 1)
    assert "found nearby in 7 days: 90.0 % of 10" in report()
    later = timezone.now() + timedelta(days=7)
    monkeypatch.setattr(tally.timezone, "now", lambda: later)
    assert tally.read() == tally.Tally(0, 0)
