"""Daphne, owned: body limits before a byte is kept, answers at the reader's pace, raw frames for the hub, and a drain.

Facts about Daphne 4.2 on Twisted 26 that force our hand here:
- it hands a request over only when it holds the whole body, and knows no limit;
- its `send` returns at once whatever the reader does, so a slow reader costs the whole answer in memory;
- it has no lifespan scope, and at shutdown it cancels every application at once.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from daphne.server import Server  # first: it installs the asyncio reactor

from daphne.http_protocol import HTTPFactory, WebRequest  # isort: skip
from daphne.ws_protocol import WebSocketFactory  # isort: skip
from twisted.internet import defer  # isort: skip
from twisted.internet import reactor as _reactor  # isort: skip
from twisted.internet.endpoints import serverFromString
from twisted.logger import globalLogBeginner
from twisted.web.http import HTTPChannel, _GenericHTTPChannelProtocol

from asgi_workers.frames import FRAMES_EXTENSION, FrameWriter

logger = logging.getLogger(__name__)
reactor: Any = _reactor  # its interfaces say nothing that a type checker could use

LINGER_SECONDS = 2
MESSAGE_LIMIT_BYTES = 64 * 1024
REFUSAL = (
    b'{"type":"about:blank","title":"Payload too large","status":413,"code":"body_too_large",'
    b'"detail":"The body is larger than this address takes."}'
)

TOO_LONG = (
    b'{"type":"about:blank","title":"Header too large","status":431,"code":"header_too_large",'
    b'"detail":"A line of the request is longer than 16 KiB."}'
)

BodyLimit = Callable[[bytes], int]


class Pace:
    """A push producer that lets `await send(…)` wait while the transport's buffer is full."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.ready.set()

    def pauseProducing(self) -> None:
        self.ready.clear()

    def resumeProducing(self) -> None:
        self.ready.set()

    def stopProducing(self) -> None:
        self.ready.set()


class ChatRequest(WebRequest):
    """A request whose body is refused, by its declared or its received length, before it is kept."""

    _parsePOSTFormSubmission = False  # Twisted would parse a multipart body into memory; Django does it from the spool
    server: "ChatServer"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pace: Pace | None = None
        self._received = 0
        self._refused = False

    def gotLength(self, length: int | None) -> None:
        self._limit = self.server.body_limit(self.channel._path)
        if length is not None and length > self._limit:
            super().gotLength(0)
            self._refuse()
        else:
            super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:
        self._received += len(data)
        if self._refused:
            return
        if self._received > self._limit:
            self._refuse()
            return
        super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if self._refused:
            self.channel.loseConnection()
            return
        super().requestReceived(command, path, version)

    def handle_exception(self, exception: BaseException) -> None:
        """Once an answer has begun it cannot become an error page: the connection ends, and the client sees that."""
        if not self._response_started:
            super().handle_exception(exception)
        elif self.channel is not None:
            self.channel.transport.abortConnection()

    def _refuse(self) -> None:
        """Answer 413, then read on for a moment: a connection closed on unread bytes is reset, the answer unseen."""
        self._refused = True
        self.channel.transport.write(
            b"HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(REFUSAL), REFUSAL)
        )
        self.requestHeaders.removeHeader(b"expect")
        reactor.callLater(LINGER_SECONDS, self.channel.loseConnection)


class ChatChannel(HTTPChannel):
    """Says why it hangs up on a line that is too long, where Twisted only hangs up."""

    _is_refused = False

    def lineLengthExceeded(self, line: bytes) -> None:
        self._is_refused = True
        transport: Any = self.transport
        transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
            b"Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%b" % (len(TOO_LONG), TOO_LONG)
        )
        reactor.callLater(LINGER_SECONDS, self.loseConnection)

    def dataReceived(self, data: bytes) -> None:
        if not self._is_refused:
            channel: Any = super()
            channel.dataReceived(data)


class ChatHTTPFactory(HTTPFactory):
    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = ChatRequest
        return protocol

    def protocol(self) -> Any:
        channel: Any = ChatChannel
        return _GenericHTTPChannelProtocol(channel())


class ChatServer(Server):
    """The process's one server. `start` runs once the reactor does, `drain` before it stops."""

    def __init__(
        self,
        application: Any,
        *,
        port: int,
        loopback_only: bool,
        body_limit: BodyLimit,
        start: Callable[[], None],
        drain: Callable[["ChatServer"], Awaitable[None]],
    ) -> None:
        super().__init__(
            application,
            endpoints=[_endpoint(port, loopback_only=loopback_only)],
            request_buffer_size=64 * 1024,
            websocket_timeout=-1,
            websocket_max_message_size=MESSAGE_LIMIT_BYTES,
            websocket_max_frame_size=MESSAGE_LIMIT_BYTES,
            server_name="",
            verbosity=0,
        )
        self.body_limit = body_limit
        self._start = start
        self._drain = drain
        self._ports: list[Any] = []
        self.failed = False

    def run(self) -> None:
        self.connections: dict[Any, dict[str, Any]] = {}
        self.http_factory = ChatHTTPFactory(self)
        self.ws_factory = WebSocketFactory(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
            failByDrop=False,  # else a client never learns why it was closed (1009)
            tcpNoDelay=True,
        )
        silence: Any = [lambda _: None]
        globalLogBeginner.beginLoggingTo(silence, redirectStandardIO=False, discardBuffer=True)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        for description in self.endpoints:
            endpoint: Any = serverFromString(reactor, description)  # type: ignore[no-untyped-call]  # Twisted's
            listener = endpoint.listen(self.http_factory)
            listener.addCallbacks(self.listen_success, self.listen_error)
        loop = reactor._asyncioEventloop
        asyncio.set_event_loop(loop)
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        reactor.callWhenRunning(loop.call_soon, self._start_or_stop)  # on the loop, which does not run yet then
        reactor.run(installSignalHandlers=True)

    def _start_or_stop(self) -> None:
        if self.failed:
            return
        try:
            self._start()
        except Exception:
            logger.exception("cannot start")
            self.failed = True
            reactor.stop()

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        super().listen_success(port)

    def listen_error(self, failure: Any) -> None:
        self.failed = True
        logger.critical("cannot listen: set PORT to a free one", extra={"reason": failure.getErrorMessage()})
        reactor.callWhenRunning(reactor.stop)

    async def stop_listening(self) -> None:
        """New connections are refused from here on; those that are open live on."""
        for port in self._ports:
            await defer.ensureDeferred(_result(port.stopListening())).asFuture(asyncio.get_running_loop())

    def kill_all_applications(self) -> Any:
        """Daphne would cancel every request here; a drain is what its shutdown trigger waits for instead."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._drain(self)))

    def applications(self) -> list["asyncio.Future[Any]"]:
        """The applications that still run, requests and sockets alike."""
        running = [details.get("application_instance") for details in self.connections.values()]
        return [application for application in running if application is not None and not application.done()]

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] == "websocket":
            scope.setdefault("extensions", {})[FRAMES_EXTENSION] = FrameWriter(protocol)
        queue = super().create_application(protocol, scope)
        task = self.connections.get(protocol, {}).get("application_instance")
        if task is not None:
            task.add_done_callback(lambda done: self._let_go(protocol, done))
        return queue

    def protocol_disconnected(self, protocol: Any) -> None:
        if protocol in self.connections:
            super().protocol_disconnected(protocol)

    def _let_go(self, protocol: Any, task: "asyncio.Future[Any]") -> None:
        """At once: Daphne keeps every request that was answered for up to a second, and looks through all of them in
        one go, which at a few thousand a second nobody else gets a turn for 20 ms."""
        is_over = "disconnected" in self.connections.get(protocol, {})
        if is_over and not task.cancelled() and task.exception() is None:
            del self.connections[protocol]

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        if message["type"] != "http.response.body":
            await super().handle_reply(protocol, message)
            return
        more = message.get("more_body", False)
        pace: Pace | None = getattr(protocol, "pace", None)
        if more and pace is None and protocol.channel is not None:
            pace = protocol.pace = Pace()
            protocol.registerProducer(pace, True)
        if not more and pace is not None and protocol.channel is not None:
            protocol.unregisterProducer()
        await super().handle_reply(protocol, message)
        if more and pace is not None:
            await pace.ready.wait()


async def _result(awaitable: Any) -> Any:
    return await awaitable if awaitable is not None else None


def _endpoint(port: int, *, loopback_only: bool) -> str:
    if loopback_only:
        return f"tcp:port={port}:interface=127.0.0.1"
    if socket.has_dualstack_ipv6():
        return f"tcp6:port={port}:interface=\\:\\:"
    return f"tcp:port={port}:interface=0.0.0.0"
