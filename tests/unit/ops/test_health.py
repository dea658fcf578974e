"""What the machine says of itself, with real parts, and with parts that are away."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from backend.jobs import pulse
from backend.jobs.models import Job
from backend.ops import health, probes
from backend.realtime import wire
from tests.cast import Member
from tests.ceph import Ceph
from tests.servers import Redis

pytestmark = pytest.mark.django_db(transaction=True)
PARTS = {"database", "redis", "rabbitmq", "storage", "evolution_api", "workers"}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    probes.forget()
    pulse.reset()
    yield
    pulse.reset()


def asked(path: str = "/api/health/", **headers: str) -> tuple[int, dict]:
    answer = Client().get(path, headers=headers)
    return answer.status_code, answer.json()


def the_fleet_works() -> None:
    pulse.consumers({"inbound": 1, "outbound": 1}, broker=True)


def test_all_well_is_ok(s3: Ceph) -> None:
    the_fleet_works()

    status, body = asked()

    assert (status, body["status"]) == (200, "ok"), body
    assert body.keys() >= PARTS


def test_counts_of_the_database_and_redis_are_told(s3: Ceph, redis_server: Redis) -> None:
    _, body = asked()

    assert body["database"]["connections"] >= 1
    assert body["redis"]["clients"] >= 1
    assert body["redis"]["memory_bytes"] > 0


def test_a_broker_that_is_away_only_degrades(settings: Settings) -> None:
    settings.RABBITMQ_URL = "amqp://127.0.0.1:1/"
    pulse.consumers({"inbound": 0}, broker=False)

    status, body = asked()

    assert (status, body["status"]) == (200, "degraded")
    assert body["rabbitmq"]["connected"] is False
    assert body["workers"]["status"] == "degraded"


def test_a_hanging_part_costs_two_seconds_and_only_degrades(private_redis: Redis, settings: Settings) -> None:
    settings.REDIS_URL = private_redis.url
    private_redis.pause()
    started = time.monotonic()

    status, body = asked()

    assert (status, body["redis"]["status"]) == (200, "down")
    assert time.monotonic() - started < health.PROBE_SECONDS + 1
    private_redis.resume()


def test_only_the_database_takes_it_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> probes.Facts:
        raise OSError("away")

    monkeypatch.setitem(probes.PROBES, "database", away)

    status, body = asked()

    assert (status, body["status"], body["database"]["error"]) == (503, "down", "OSError")
    assert asked("/api/health/ready/")[0] == 503
    assert asked("/api/health/live/")[0] == 200


def test_a_number_whose_gateway_is_away_degrades(ana: Member) -> None:
    _, body = asked()

    assert body["evolution_api"]["status"] == "degraded"
    assert body["evolution_api"]["instances"] == [
        {
            "id": str(ana.instance.pk),
            "state": "open",
            "since": wire.stamp(ana.instance.state_since),
            "reachable": False,
            "silent": False,
            "media_as": "addresses",
        }
    ]


def test_a_late_job_degrades_the_workers() -> None:
    the_fleet_works()
    Job.objects.create(kind="inbox", subject="x", queue="inbound", run_at=timezone.now() - timedelta(seconds=90))

    workers = asked()[1]["workers"]

    assert workers["status"] == "degraded"
    assert workers["due"] == 1
    assert workers["oldest_due_seconds"] >= 90


@pytest.mark.parametrize("path", ["/api/health/", "/api/health", "/api/health/live/", "/api/health/ready/"])
def test_every_host_is_answered(path: str, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["chat.example"]

    assert asked(path, host="10.0.0.7:8000")[0] == 200


def test_nothing_secret_is_told(ana: Member) -> None:
    text = Client().get("/api/health/").text

    assert ana.instance.secret not in text
    assert ana.instance.name not in text
    assert ana.instance.base_url not in text
