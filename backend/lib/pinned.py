"""Sockets that go where their address was judged, and never wait beyond a deadline: the lower half of safe_fetch.py."""

import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from backend.lib.addresses import is_public
from backend.lib.errors import Refused, TryLater

RESOLVE_SECONDS = 10.0

Resolve = Callable[[str, int], list[str]]
Clock = Callable[[], float]


def resolve(host: str, port: int) -> list[str]:
    """Every address of `host`, as the system's resolver spells them (0x7f.1 and 2130706433 are 127.0.0.1 there)."""
    return list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class PinnedBackend(httpcore.NetworkBackend):
    """Resolves, judges and connects in one step: there is no second look-up that could answer differently."""

    def __init__(self, resolver: Resolve, deadline: float, clock: Clock) -> None:
        self._resolver, self._deadline, self._clock = resolver, deadline, clock
        self._system = httpcore.SyncBackend()
        self.may_be_private = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self._addresses(host, port):
            left = _left(self._deadline, self._clock, timeout)
            try:
                stream = self._system.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return Deadlined(stream, self._deadline, self._clock)
        raise failure or httpcore.ConnectError("no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        found = _in_time(lambda: self._resolver(host, port), _left(self._deadline, self._clock, RESOLVE_SECONDS))
        if not self.may_be_private and not all(is_public(ipaddress.ip_address(address)) for address in found):
            raise Refused("address_not_allowed", "the host has an address that is not public")
        return found


class Deadlined(httpcore.NetworkStream):
    """A stream whose every wait ends at the request's deadline, so that a trickle of headers or bytes does too."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float, clock: Clock) -> None:
        self._stream, self._deadline, self._clock = stream, deadline, clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, self._clock, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, self._clock, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, self._clock, timeout)
        return Deadlined(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _in_time(look_up: Callable[[], list[str]], seconds: float) -> list[str]:
    """The system's resolver knows no timeout that we could set: in a thread of its own it is left to itself."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(look_up())
        except Exception as error:  # to be raised where somebody can do something about it
            answers.put(error)

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TryLater("media_too_slow", "the host name was not looked up in time") from None
    if isinstance(answer, OSError | UnicodeError):
        raise TryLater("media_host_down", "the host name does not resolve") from answer
    if isinstance(answer, Exception):
        raise answer
    return answer


def _left(deadline: float, clock: Clock, timeout: float | None) -> float:
    left = deadline - clock()
    if left <= 0:
        raise TryLater("media_too_slow", "the host took too long")
    return left if timeout is None else min(left, timeout)
