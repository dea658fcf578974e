"""Django behind Daphne: a request crosses into a thread once, and its answer comes back once.

Everything in `backend` is plain, so Django's own handler would change between loop and thread at every middleware and
signal, some twenty times a request and in a new thread each time; every change waits for the interpreter.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import django
from asgiref.sync import sync_to_async
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

QUICK_THREADS, PATIENT_THREADS, PROBED_THREADS = 16, 32, 2
PROBED = re.compile(r"/api/health|/metrics")
"""A balancer that hears nothing ends the process: these wait for nobody else."""
PATIENT = re.compile(r"/api/chat/(upload|get-upload-url|attachments/|messages/)|/admin/")
"""What waits for a gateway, the storage or a decoder, unless it only reads. Thirty of them must not keep from anybody
the page and the conversations."""


class Website(ASGIHandler):
    """Django's handler, whose middleware and views run as they would under WSGI."""

    def __init__(self) -> None:
        super().__init__()
        self._quick = ThreadPoolExecutor(QUICK_THREADS, thread_name_prefix="website")
        self._patient = ThreadPoolExecutor(PATIENT_THREADS, thread_name_prefix="website-patient")
        self._probed = ThreadPoolExecutor(PROBED_THREADS, thread_name_prefix="website-probed")

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        threads = self._threads_for(scope["method"], scope["path"])
        answer = await sync_to_async(self._answer, thread_sensitive=False, executor=threads)(scope, body)
        await self.send_response(answer, send)

    def _threads_for(self, method: str, path: str) -> ThreadPoolExecutor:
        if PROBED.match(path):
            return self._probed
        return self._patient if method not in {"GET", "HEAD"} and PATIENT.match(path) else self._quick

    def _answer(self, scope: dict[str, Any], body: Any) -> HttpResponse:
        """From the first signal to the last, which gives the database's connection back."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        answer = cast(HttpResponseBase, refusal if request is None else self.get_response(request))
        cast(Any, answer)._handler_class = self.__class__
        whole = _whole(answer)
        answer.close()
        return whole


def _whole(answer: HttpResponseBase) -> HttpResponse:
    """What streams here are the page's own small files: customers' files never come this way."""
    if not isinstance(answer, StreamingHttpResponse):
        return cast(HttpResponse, answer)
    read = HttpResponse(answer.getvalue(), status=answer.status_code, headers=answer.headers)
    read.cookies = answer.cookies
    return read


def website() -> Website:
    """The ASGI application. It stands behind everything that wants no Django."""
    django.setup(set_prefix=False)
    return Website()
