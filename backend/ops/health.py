"""`/api/health/…`: how the machine is, for load balancers and people. Never logged in, never cached, any Host."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from django.db import close_old_connections, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backend.ops.probes import PROBES, Facts

PROBE_SECONDS = 2.0
WORSE = {"degraded", "down"}

_pool = ThreadPoolExecutor(2 * len(PROBES), thread_name_prefix="health")
_running: dict[str, Future[Facts]] = {}
_known: dict[str, bool] = {"migrated": False}


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """Everything, each part asked at once and given PROBE_SECONDS. 503 only when the database is down."""
    parts = look(PROBES)
    if parts["database"]["status"] == "down":
        overall = "down"
    else:
        overall = "degraded" if any(part["status"] in WORSE for part in parts.values()) else "ok"
    return JsonResponse({"status": overall, **parts}, status=503 if overall == "down" else 200)


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process turns its loop: nothing else is asked, so that nobody kills it for another's fault."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Requests may come: the database answers and has our tables."""
    found = look({"database": _is_migrated})["database"]
    is_ready = found["status"] == "ok"
    return JsonResponse({"status": "ok" if is_ready else "down", "database": found}, status=200 if is_ready else 503)


VIEWS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/api/health": health,
    "/api/health/live": live,
    "/api/health/ready": ready,
}


def answer_any_host(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, the first of all: probes come with whatever Host and scheme, and none of ours is worth a 400."""

    def middleware(request: HttpRequest) -> HttpResponse:
        view = VIEWS.get(request.path_info.rstrip("/"))
        return view(request) if view else get_response(request)

    return middleware


def look(probes: dict[str, Callable[[], Facts]]) -> dict[str, Facts]:
    """Ask all at once. A probe that is still waiting from last time is not asked again: it counts as down."""
    asked = {name: _ask(name, probe) for name, probe in probes.items()}
    wait(asked.values(), timeout=PROBE_SECONDS)
    return {name: _result(future) for name, future in asked.items()}


def _ask(name: str, probe: Callable[[], Facts]) -> "Future[Facts]":
    key = f"{name}:{probe.__name__}"
    running = _running.get(key)
    if running is None or running.done():
        running = _running[key] = _pool.submit(_timed, probe)
    return running


def _timed(probe: Callable[[], Facts]) -> Facts:
    started = time.perf_counter()
    try:
        close_old_connections()
        facts = probe()
    except Exception as error:  # whatever is wrong with a part is what health is there to tell
        facts = {"status": "down", "error": type(error).__name__}
    finally:
        connection.close()
    return {**facts, "ms": round((time.perf_counter() - started) * 1000, 1)}


def _result(future: "Future[Facts]") -> Facts:
    if not future.done():
        return {"status": "down", "error": "no answer", "ms": PROBE_SECONDS * 1000}
    return future.result()


def _is_migrated() -> Facts:
    """Looked up until it is so; later only that the database answers."""
    facts: dict[str, Any] = PROBES["database"]()
    if not _known["migrated"]:
        executor = MigrationExecutor(connection)
        _known["migrated"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return facts if _known["migrated"] else {**facts, "status": "down", "error": "migrations are missing"}
