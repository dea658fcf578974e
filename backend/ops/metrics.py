"""`GET /metrics` for Prometheus: what the rows say (the same from every process) and what this process does itself."""

from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.chat.models import InboundEvent, Message
from backend.jobs import pulse
from backend.jobs.models import Job
from backend.media.cache import media_cache
from backend.media.models import Attachment
from backend.realtime import wire
from backend.tenants.models import Instance

GIB = 1024**3
REDIS_SECONDS = 1


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Open in development; else `Authorization: Bearer METRICS_TOKEN`, and closed where no token is set."""
    if not settings.DEBUG and not _has_token(request):
        problem = wire.Problem(title="Not allowed", status=401, code="invalid_token", detail="METRICS_TOKEN is needed")
        return JsonResponse(problem.model_dump(), status=401, content_type="application/problem+json")
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    return bool(settings.METRICS_TOKEN) and constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}")


class Rows(Collector):
    """Counted at each scrape, in a handful of grouped queries."""

    def collect(self) -> Iterator[Metric]:
        try:
            rows = [*_files(), *_work(), *_people()]
        except DatabaseError:
            rows = []
        yield GaugeMetricFamily("chat_database_up", "Whether the rows could be counted.", 1 if rows else 0)
        yield from rows
        yield from _redis()
        yield from _near()

    def describe(self) -> list[Metric]:
        return []  # else registering would already ask the database


def _files() -> Iterator[Metric]:
    by_status = _counted(Attachment.objects, "status")
    sizes = Attachment.objects.filter(status="completed").values_list("storage_type").annotate(Sum("size_bytes"))
    yield _gauge("chat_attachments", "Files by status.", "status", by_status)
    stored = {name: total or 0 for name, total in sizes}
    yield _gauge("chat_storage_bytes", "Bytes of completed files by storage.", "storage", stored)
    yield GaugeMetricFamily("s3_storage_used", "The same for S3, in GB.", stored.get("s3", 0) / GIB)


def _work() -> Iterator[Metric]:
    now, board = timezone.now(), pulse.snapshot()
    unfinished = Job.objects.filter(finished_at__isnull=True)
    yield _gauge("chat_jobs_open", "Jobs that are not finished.", "queue", _counted(unfinished, "queue"))
    yield _gauge("chat_jobs_due", "Of those, due now.", "queue", _counted(unfinished.filter(run_at__lte=now), "queue"))
    failed = Job.objects.filter(failed=True)
    yield _gauge("chat_jobs_failed", "Jobs that failed for good, by kind.", "kind", _counted(failed, "kind"))
    waiting = InboundEvent.objects.filter(processed_at__isnull=True).count()
    yield GaugeMetricFamily("chat_webhooks_waiting", "Stored webhooks not yet understood.", waiting)
    consumers = {name: queue.consumers for name, queue in board.queues.items()}
    done = {name: queue.jobs_done for name, queue in board.queues.items()}
    yield _gauge("chat_consumers", "Consumers of this process.", "queue", consumers)
    yield _gauge("chat_process_jobs_done", "Jobs that this process has dealt with.", "queue", done)


def _people() -> Iterator[Metric]:
    failed = _counted(Message.objects.filter(status="failed"), "error_code")
    yield _gauge("chat_instances", "WhatsApp numbers by state.", "state", _counted(Instance.objects, "state"))
    yield _gauge("chat_messages_failed", "Messages that were not delivered.", "code", failed)


def _redis() -> Iterator[Metric]:
    if not settings.REDIS_URL:
        return
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=REDIS_SECONDS) as client:
            used = client.info("memory")["used_memory"]
    except redis.RedisError:
        return
    yield GaugeMetricFamily("redis_cache_size", "Memory that Redis uses, in MB.", used / 1024**2)


def _near() -> Iterator[Metric]:
    near = media_cache()
    asked = {"hit": near.figures.hits, "miss": near.figures.misses}
    yield _gauge("chat_process_cache_reads", "Pieces of files that this process looked for nearby.", "result", asked)
    yield GaugeMetricFamily("cache_hit_rate", "How many of them were there, in percent.", near.figures.hit_rate)
    used = near.shelf.bytes_used()
    if used is not None:
        yield GaugeMetricFamily("chat_cache_bytes", "What the files cost that are kept nearby, as it is counted.", used)


def _counted(rows: Any, field: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(field).annotate(Count("pk")))


def _gauge(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


REGISTRY.register(Rows())
