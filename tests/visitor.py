"""A client that meets what a request meets in production: files are answered before Django, everything else by it."""

import asyncio
from typing import Any

from django.http import HttpResponse
from django.test import Client

from asgi_workers.files import Files


class Visitor(Client):
    """Django's test client, but for the addresses of asgi_workers/files.py. Nothing is remembered between requests."""

    def request(self, **request: Any) -> Any:
        known: Any = self  # the stubs leave out what Django's own handlers use
        environ = known._base_environ(**request)
        if not Files.is_asked(environ["PATH_INFO"]):
            return super().request(**request)
        answer: Any = self.read(environ)
        if answer.headers.get("Content-Type", "").endswith("json"):
            answer.json = lambda **_: known._parse_json(answer)
        return answer

    def read(self, environ: dict[str, Any]) -> HttpResponse:
        return asyncio.run(_read_once(environ))


async def _read_once(environ: dict[str, Any]) -> HttpResponse:
    files = Files()
    try:
        return await read(files, environ)
    finally:
        await files.close()


async def read(files: Files, environ: dict[str, Any]) -> HttpResponse:
    """One request, from a WSGI environment as Django's client makes it, to the whole answer."""
    said: list[dict[str, Any]] = []
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not asked:
            await asyncio.Event().wait()
        return asked.pop()

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await files(_scope(environ), receive, send)
    body = b"".join(message.get("body", b"") for message in said[1:])
    headers = {name.decode("latin1"): value.decode("latin1") for name, value in said[0]["headers"]}
    return HttpResponse(body, status=said[0]["status"], headers=headers)


def _scope(environ: dict[str, Any]) -> dict[str, Any]:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower().encode(): str(value).encode("latin1")
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return {
        "type": "http",
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"].encode("latin1").decode("utf-8", "replace"),
        "query_string": environ["QUERY_STRING"].encode(),
        "headers": list(headers.items()),
        "client": [environ["REMOTE_ADDR"], 0],
    }
