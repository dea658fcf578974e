"""The tests' own ground: each process has its rooms in the session's servers, and the cast is who it says."""

import time

import aio_pika
import pytest
import redis
from django.conf import settings
from django.db import connection

from tests.cast import Member
from tests.ceph import Ceph
from tests.chaosproxy import ChaosProxy
from tests.parts import Parts
from tests.rabbitmq import RabbitMQ
from tests.servers import Redis


def test_the_cast_belongs_to_two_companies(ana: Member, bruno: Member, carla: Member) -> None:
    assert ana.tenant == bruno.tenant != carla.tenant
    assert ana.instance == bruno.instance != carla.instance
    assert connection.settings_dict["NAME"] != "chat"


def test_storage_holds_a_bucket_of_this_process(s3: Ceph) -> None:
    s3.client().put_object(Bucket=settings.S3_BUCKET, Key="k", Body=b"v")
    assert s3.client().get_object(Bucket=settings.S3_BUCKET, Key="k")["Body"].read() == b"v"


async def test_the_broker_has_a_vhost_of_this_process(rabbit_server: RabbitMQ, parts: Parts) -> None:
    async with await aio_pika.connect(settings.RABBITMQ_URL) as link:
        assert (await link.channel()) is not None
    assert settings.RABBITMQ_URL.endswith(parts.vhost)


def test_a_killed_server_comes_back_on_its_port(private_redis: Redis) -> None:
    port = private_redis.port
    private_redis.kill9()
    private_redis.start()
    assert redis.Redis(port=port).ping()


def test_a_bad_network_delays_hushes_and_resets(redis_server: Redis) -> None:
    with ChaosProxy(redis_server.port) as proxy:
        link = redis.Redis(port=proxy.port, socket_timeout=0.5, retry=None)
        assert link.ping()

        proxy.latency_seconds = 0.1
        began = time.monotonic()
        link.ping()
        assert time.monotonic() - began >= 0.2

        proxy.heal()
        proxy.is_silent = True
        with pytest.raises(redis.TimeoutError):
            link.ping()

        proxy.heal()
        proxy.refuses = True
        proxy.reset_all()
        with pytest.raises(redis.ConnectionError):
            link.ping()
        assert proxy.accepted >= 1
