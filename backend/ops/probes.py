"""What each part of the machine says of itself. A probe returns plain facts with a `status`; health runs them.

`status`: ok, degraded (something is wrong, we go on), down (the part does not answer), off (not configured; not wrong).
"""

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import redis
from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from backend.chat import parcels
from backend.jobs import pulse
from backend.jobs.models import Job
from backend.lib.errors import Missing
from backend.media.storages import media_storage
from backend.realtime.wire import stamp
from backend.tenants.models import Instance

Facts = dict[str, Any]

PART_SECONDS = 1.5
LATE_JOB_SECONDS = 60
GATEWAY_REMEMBERED_SECONDS = 30
GATEWAYS_ASKED = 8
ABSENT_KEY = "health/absent"


def database() -> Facts:
    """Raises where it does not answer. `connections`: all of this database's, whoever holds them (PostgreSQL)."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("SELECT 1")
            return {"status": "ok", "engine": connection.vendor, "connections": None}
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        (count,) = cursor.fetchone() or (0,)
    return {"status": "ok", "engine": connection.vendor, "connections": count}


def redis_server() -> Facts:
    if not settings.REDIS_URL:
        return {"status": "off", "detail": "one process: channel layer and cache are in its memory"}
    with redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PART_SECONDS, socket_connect_timeout=PART_SECONDS
    ) as client:
        info: Facts = client.info()
    return {"status": "ok", "clients": info["connected_clients"], "memory_bytes": info["used_memory"]}


def rabbitmq() -> Facts:
    """What the fleet knows: its own link is the one that matters."""
    if not settings.RABBITMQ_URL:
        return {"status": "off", "detail": "no broker: each process rings for itself"}
    connected = pulse.snapshot().broker_connected
    if connected is None:
        return {"status": "degraded", "connected": False, "detail": "no consumers run in this process"}
    return {"status": "ok" if connected else "degraded", "connected": connected}


def storage() -> Facts:
    """Asks for an object that is not there: the answer needs the address, the credentials and the bucket."""
    with contextlib.suppress(Missing):
        media_storage().stat(ABSENT_KEY)
    return {"status": "ok", "type": settings.MEDIA_STORAGE}


def workers() -> Facts:
    """The job queues: who listens in this process, and what is late in the table, whoever should have done it."""
    board, now = pulse.snapshot(), timezone.now()
    due = Q(finished_at__isnull=True, run_at__lte=now) & (Q(leased_until__isnull=True) | Q(leased_until__lt=now))
    rows = Job.objects.filter(due).aggregate(count=Count("pk"), oldest=Min("run_at"))
    late_seconds = round((now - rows["oldest"]).total_seconds(), 1) if rows["oldest"] else 0.0
    is_well = board.consumers > 0 and late_seconds < LATE_JOB_SECONDS
    return {
        "status": "ok" if is_well else "degraded",
        "consumers": board.consumers,
        "last_delivery": stamp(board.last_delivery) if board.last_delivery else None,
        "last_job": stamp(board.last_job) if board.last_job else None,
        "due": rows["count"],
        "oldest_due_seconds": late_seconds,
        "failed": Job.objects.filter(failed=True).count(),
        "queues": {name: queue.consumers for name, queue in sorted(board.queues.items())},
    }


def evolution_api() -> Facts:
    """The numbers' states as the gateway last told them, and whether the gateways answer (remembered for 30 s)."""
    fields = ("id", "state", "state_since", "base_url", "silent_since")
    instances = list(Instance.objects.order_by("created_at").only(*fields))
    if not instances:
        return {"status": "off", "detail": "no WhatsApp number is set up", "instances": []}
    reachable = _reachable({instance.base_url for instance in instances})
    told = [
        {
            "id": str(instance.pk),
            "state": instance.state,
            "since": stamp(instance.state_since),
            "reachable": reachable.get(instance.base_url),
            "silent": instance.silent_since is not None,
            "media_as": "bytes" if parcels.is_sent_bytes(instance) else "addresses",
        }
        for instance in instances
    ]
    is_well = all(number["state"] == Instance.State.OPEN and number["reachable"] is not False for number in told)
    states = dict(Counter(instance.state for instance in instances))
    return {"status": "ok" if is_well else "degraded", "states": states, "instances": told}


PROBES: dict[str, Callable[[], Facts]] = {
    "database": database,
    "redis": redis_server,
    "rabbitmq": rabbitmq,
    "storage": storage,
    "evolution_api": evolution_api,
    "workers": workers,
}

_remembered: dict[str, tuple[float, bool]] = {}


def _reachable(addresses: set[str]) -> dict[str, bool]:
    """Of at most GATEWAYS_ASKED addresses that we know nothing fresh about, ask; of more, say nothing."""
    horizon = time.monotonic() - GATEWAY_REMEMBERED_SECONDS
    fresh = {address for address, (asked_at, _) in _remembered.items() if asked_at > horizon}
    if asked := sorted(addresses - fresh)[:GATEWAYS_ASKED]:
        with ThreadPoolExecutor(len(asked)) as pool:
            for address, answers in zip(asked, pool.map(_answers, asked), strict=True):
                _remembered[address] = (time.monotonic(), answers)
    return {address: _remembered[address][1] for address in addresses if address in _remembered}


def _answers(address: str) -> bool:
    """Any answer will do, and without a key it is 401. (Its front page calls out: tests/contract/evolution.md 4.6.)"""
    if urlsplit(address).scheme not in {"http", "https"}:
        return False
    try:
        httpx.get(f"{address.rstrip('/')}/instance/fetchInstances", timeout=PART_SECONDS, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return True


def forget() -> None:
    """What is remembered of the gateways."""
    _remembered.clear()
