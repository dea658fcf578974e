"""Django in threads: whoever waits for a gateway or a storage keeps nobody else from the page."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from asgi_workers import website
from asgi_workers.website import Website

LIVE = "/api/health/live/"


@pytest.fixture
def site() -> Website:
    return website.website()


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def answers(site: Website, view: Callable[[HttpRequest], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address but the live one is answered by `view`."""
    real = site.get_response
    monkeypatch.setattr(site, "get_response", lambda asked: real(asked) if asked.path == LIVE else view(asked))


async def ask(site: Website, path: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
    told: list[dict[str, Any]] = []
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return asked.pop() if asked else await asyncio.Future()

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "root_path": "", "scheme": "http",
        "query_string": b"", "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await site(scope, receive, send)
    return told[0]["status"], dict(told[0]["headers"]), b"".join(part.get("body", b"") for part in told[1:])


@pytest.mark.parametrize(
    ("slow", "quick"),
    [
        (("/api/chat/upload-media/", "POST"), ("/api/me/", "GET")),
        (("/api/chat/messages/1/", "PATCH"), ("/api/chat/conversations/1/messages/", "POST")),
        (("/api/chat/conversations/", "GET"), (LIVE, "GET")),
    ],
)
def test_those_that_wait_keep_nobody_else_waiting(
    site: Website,
    let_go: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    slow: tuple[str, str],
    quick: tuple[str, str],
) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        if (request.path, request.method) == slow:
            let_go.wait(30)
        return HttpResponse("ok")

    answers(site, view, monkeypatch)

    async def crowd() -> int:
        waiting = [asyncio.create_task(ask(site, *slow)) for _ in range(64)]
        status, _, _ = await asyncio.wait_for(ask(site, *quick), 10)
        assert not any(task.done() for task in waiting)
        let_go.set()
        await asyncio.gather(*waiting)
        return status

    assert asyncio.run(crowd()) == 200


def test_what_streams_is_read_where_it_was_answered(site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    read_in: list[str] = []

    def parts() -> Iterator[bytes]:
        for part in (b"one ", b"two"):
            read_in.append(threading.current_thread().name)
            yield part

    def view(_: HttpRequest) -> StreamingHttpResponse:
        answer = StreamingHttpResponse(parts(), headers={"X-Page": "1"}, status=203)
        answer.set_cookie("a", "b")
        return answer

    answers(site, view, monkeypatch)
    status, headers, body = asyncio.run(ask(site, "/page.css"))

    assert (status, headers[b"X-Page"], body) == (203, b"1", b"one two")
    assert headers[b"Set-Cookie"].startswith(b"a=b")
    assert all(name.startswith("website") for name in read_in)
