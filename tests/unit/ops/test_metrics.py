"""Numbers for Prometheus, and who may read them."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from backend.media.cache import media_cache
from backend.media.models import Attachment
from backend.ops.metrics import metrics
from tests.cast import Member

pytestmark = pytest.mark.django_db


def scraped(**headers: str) -> tuple[int, str]:
    answer = metrics(RequestFactory().get("/metrics", headers=headers))
    return answer.status_code, answer.text


def test_development_needs_no_token(settings: Settings) -> None:
    settings.DEBUG = True

    assert scraped()[0] == 200


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer wrong", "right"])
def test_production_needs_the_token(settings: Settings, authorization: str) -> None:
    settings.METRICS_TOKEN = "right"

    assert scraped(authorization=authorization)[0] == 401


def test_no_token_set_closes_it(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""

    assert scraped(authorization="Bearer ")[0] == 401


def test_files_and_numbers_are_counted(settings: Settings, ana: Member) -> None:
    settings.METRICS_TOKEN = "right"
    Attachment.objects.create(
        tenant=ana.tenant,
        file_name="a.jpg",
        file_type="image/jpeg",
        size_bytes=2**30,
        status="completed",
        storage_type="s3",
        storage_key="k",
        content_sha256="0" * 64,
    )

    status, text = scraped(authorization="Bearer right")

    assert status == 200
    assert 'chat_attachments{status="completed"} 1.0' in text
    assert "s3_storage_used 1.0" in text
    assert 'chat_instances{state="open"} 1.0' in text


def test_how_often_a_file_was_near_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.METRICS_TOKEN = "right"
    near = media_cache()
    monkeypatch.setattr(near.figures, "hits", 3)
    monkeypatch.setattr(near.figures, "misses", 1)
    near.shelf.put("media:metrics-too", bytes(10_000), 60)

    text = scraped(authorization="Bearer right")[1]

    assert 'chat_process_cache_reads{result="hit"} 3.0' in text
    assert "cache_hit_rate 75.0" in text
    assert float(text.partition("\nchat_cache_bytes ")[2].partition("\n")[0]) >= 10_000
