"""Django behind Daphne: a request crosses into a thread once, and its answer comes back once.

Everything in `backend` is plain, so Django's own handler would change between loop and thread at every middleware and
signal, some twenty times a request and in a new thread each time; every change waits for the interpreter.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import django
from asgiref.sync import sync_to_async
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

THREADS = 32
"""More than the database has connections for: some wait for a gateway, or for the bytes of a multipart upload."""


class Website(ASGIHandler):
    """Django's handler, whose middleware and views run as they would under WSGI."""

    def __init__(self) -> None:
        super().__init__()
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="website")
        self._answered = sync_to_async(self._answer, thread_sensitive=False, executor=threads)
        self._closed = sync_to_async(_close, thread_sensitive=False, executor=threads)

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        answer = await self._answered(scope, body)
        try:
            await self.send_response(answer, send)
        finally:
            if answer.streaming:
                await self._closed(answer)

    def _answer(self, scope: dict[str, Any], body: Any) -> HttpResponseBase:
        """From the first signal to the last, which gives the database's connection back."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        answer = cast(HttpResponseBase, refusal if request is None else self.get_response(request))
        cast(Any, answer)._handler_class = self.__class__
        if not answer.streaming:
            answer.close()
        return answer


def _close(answer: HttpResponseBase) -> None:
    answer.close()


def website() -> Website:
    """The ASGI application. It stands behind everything that wants no Django."""
    django.setup(set_prefix=False)
    return Website()
