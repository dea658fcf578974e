"""Webhooks of all kinds in any order, some of them twice, and a server killed in the middle: nothing is lost or told
twice. `python -m tests.bench burst` does the same with a thousand."""

import pytest

from tests.bench import truth
from tests.bench.burst import storm
from tests.bench.rig import Rig
from tests.ceph import Ceph
from tests.parts import Parts
from tests.rabbitmq import RabbitMQ
from tests.servers import Postgres, Redis

WEBHOOKS, LEASE_SECONDS = 300, 6


@pytest.fixture
def rig(parts: Parts, postgres: Postgres, redis_server: Redis, rabbit_server: RabbitMQ, s3: Ceph) -> Rig:
    return Rig(parts)


def test_a_burst_ends_as_the_generator_wrote_down_though_a_server_is_killed(rig: Rig) -> None:
    outcome = storm(rig, webhooks=WEBHOOKS, seed=1, lease_seconds=LEASE_SECONDS)

    assert outcome.retried, "the kill came too late to hurt"
    assert outcome.differences == []


def test_the_check_tells_of_every_row_that_is_not_as_expected() -> None:
    expected = {"messages": {"A": {"text": "oi", "ready": 1}, "B": {"text": "tchau", "ready": 0}}, "parked": 0}
    actual = {"messages": {"A": {"text": "oi", "ready": 2}, "C": {"text": "tchau", "ready": 0}}, "parked": 0}

    assert [line.partition(":")[0] for line in truth.differences(expected, actual)] == [
        "/messages/A/ready",
        "/messages/B",
        "/messages/C",
    ]
