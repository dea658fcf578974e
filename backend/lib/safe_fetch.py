"""GET a URL that a stranger gave us, without becoming the stranger's proxy into our own network.

    with fetch(url, max_bytes=limit, total_seconds=90) as answer:
        if answer.status == 200:
            for chunk in answer.chunks: ...

http and https, GET, ports 80 and 443, no credentials in the URL, no proxy of the environment. A name is resolved once,
in the moment its socket opens; every address it has must be public, and the socket goes to an address that was looked
at (name and certificate checks stay the URL's own). Each redirect, at most MAX_REDIRECTS, is judged like a new URL, and
never leads from a public host into a private one nor from https to http. Body bytes and the whole time, the look-up
of the name and a trickle of headers included, are capped.

Raises Refused (`bad_url`, `host_not_allowed`, `address_not_allowed`, `too_many_redirects`, `file_too_large`,
`bad_answer`) or TryLater (`media_host_down`, `media_too_slow`, `cut_short`). A status other than 3xx is the caller's to
judge.
"""

import functools
import re
import ssl
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import certifi
import httpcore

from backend.lib.errors import Refused, TryLater
from backend.lib.pinned import Clock, PinnedBackend, Resolve, resolve

MAX_REDIRECTS = 3
CHUNK_BYTES = 64 * 1024
CONNECT_SECONDS = 5.0
DEFAULT_PORTS = {"http": 80, "https": 443}
REDIRECTS = {301, 302, 303, 307, 308}

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\]")
_BAD_IN_URLS = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer whose body has not been read: `chunks` reads it, once. Header names are lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class _Target:
    url: str
    scheme: str
    host: str
    port: int
    may_be_private: bool


@contextmanager
def fetch(
    url: str,
    *,
    max_bytes: int,
    total_seconds: float,
    only_hosts: Collection[str] | None = None,
    private_hosts: Collection[str] = (),
    headers: Mapping[str, str] | None = None,
    read_seconds: float = 60.0,
    resolver: Resolve = resolve,
    clock: Clock = time.monotonic,
) -> Iterator[Fetched]:
    """`only_hosts`: patterns (`*.fna.whatsapp.net`) that every hop must match. `private_hosts`: `host` or `host:port`
    that may have a private address; with a port, that port is allowed too."""
    deadline = clock() + total_seconds
    backend = PinnedBackend(resolver, deadline, clock)
    sent = {"Accept": "*/*", "User-Agent": "alrea-sense-chat", **(headers or {}), "Accept-Encoding": "identity"}
    target = _target(url, only_hosts, private_hosts)
    with httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend, max_connections=1) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            backend.may_be_private = target.may_be_private
            with _translated(), _stream(pool, target, sent, read_seconds) as response:
                location = _header(response.headers, b"location")
                if response.status not in REDIRECTS or not location:
                    yield _fetched(response, target.url, max_bytes)
                    return
            following = _target(_joined(target.url, location), only_hosts, private_hosts)
            _check_redirect(target, following)
            target = following
    raise Refused("too_many_redirects", f"more than {MAX_REDIRECTS} redirects")


def _stream(pool: httpcore.ConnectionPool, target: _Target, headers: Mapping[str, str], read_seconds: float) -> Any:
    timeouts = {"connect": CONNECT_SECONDS, "read": read_seconds, "write": 20.0, "pool": 1.0}
    host = f"[{target.host}]" if ":" in target.host else target.host
    if target.port != DEFAULT_PORTS[target.scheme]:
        host = f"{host}:{target.port}"
    sent = [(name.encode(), value.encode()) for name, value in {"Host": host, **headers}.items()]
    parts = urlsplit(target.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    url = httpcore.URL(scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=path.encode())
    return pool.stream("GET", url, headers=sent, extensions={"timeout": timeouts})


def _fetched(response: httpcore.Response, url: str, max_bytes: int) -> Fetched:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused("bad_answer", "the host answered with an encoding nobody asked for")
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise Refused("file_too_large", f"{announced} bytes announced, at most {max_bytes} are taken")
    return Fetched(url, response.status, headers, _capped(response, max_bytes))


def _capped(response: httpcore.Response, max_bytes: int) -> Iterator[bytes]:
    taken = 0
    with _translated():
        for chunk in response.iter_stream():
            taken += len(chunk)
            if taken > max_bytes:
                raise Refused("file_too_large", f"more than {max_bytes} bytes")
            yield chunk


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:  # a bracket too many
        raise Refused("bad_url", "the redirect cannot be read") from error


def judge(url: str, *, only_hosts: Collection[str] | None = None, private_hosts: Collection[str] = ()) -> str:
    """The URL as `fetch` would ask for it, without asking. Raises Refused as `fetch` does before any look-up."""
    return _target(url, only_hosts, private_hosts).url


def host_and_port(url: str) -> str:
    """`127.0.0.1:8000` of a URL that an operator wrote: an entry for `private_hosts`."""
    parts, port = _split(url)
    host = parts.hostname or ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


# --- Judging a URL --------------------------------------------------------------------------------------------------


def _target(url: str, only_hosts: Collection[str] | None, private_hosts: Collection[str]) -> _Target:
    parts, port = _split(url)
    host = _ascii_host(parts)
    with_port = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    named = {host, with_port} & {entry.lower() for entry in private_hosts}
    if port not in DEFAULT_PORTS.values() and with_port not in named:
        raise Refused("address_not_allowed", f"port {port} is not allowed")
    if only_hosts is not None and not any(fnmatchcase(host, pattern.lower()) for pattern in only_hosts):
        raise Refused("host_not_allowed", "the host is not on the list")
    path = parts.path.encode("ascii", "backslashreplace").decode()
    if path != parts.path or not parts.query.isascii():
        raise Refused("bad_url", "the path is not plain ASCII")
    return _Target(parts._replace(fragment="").geturl(), parts.scheme, host, port, bool(named))


def _split(url: str) -> tuple[SplitResult, int]:
    if _BAD_IN_URLS.search(url):
        raise Refused("bad_url", "the URL holds a space, a control character or a backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("bad_url", "the URL cannot be read") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise Refused("bad_url", "only http and https")
    if "@" in parts.netloc:
        raise Refused("bad_url", "the URL holds credentials")
    return parts, DEFAULT_PORTS[parts.scheme] if port is None else port


def _ascii_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError as error:
            raise Refused("bad_url", "the host name cannot be read") from error
    spelled = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(spelled):
        raise Refused("bad_url", "the host name cannot be read")
    return host.lower().rstrip(".")


def _check_redirect(here: _Target, there: _Target) -> None:
    if there.may_be_private and not here.may_be_private:
        raise Refused("address_not_allowed", "a redirect from a public host into a private one")
    if here.scheme == "https" and there.scheme == "http":
        raise Refused("address_not_allowed", "a redirect from https to http")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise TryLater("media_too_slow", "the host took too long") from error
    except httpcore.RemoteProtocolError as error:
        raise TryLater("cut_short", "the host ended the answer early") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise TryLater("media_host_down", "the host cannot be reached") from error


def _header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in headers if name.lower() == wanted), "")


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())
