"""One request to Evolution and its answer. Connections are kept per gateway and shared by all threads.

What failed before the last byte of the request had left was not handed over; what failed after may have been done.
"""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import httpx
from django.conf import settings

from backend.gateways import evolution_wire as wire
from backend.gateways.evolution_base64 import GatewayAccess
from backend.gateways.evolution_errors import Asked, failure, silence, unreachable
from backend.lib.errors import Refused

CONNECT_SECONDS = 5.0
MEDIA_FACTOR = 4
WRITE_SECONDS = 30.0
POOL_SECONDS = 10.0
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=3.0)
"""Node ends an idle connection after 5 s: one that we end first cannot be cut under a request."""
CHUNK_BYTES = 3 * 64 * 1024
"""A multiple of three: each chunk's base64 stands without padding."""

REPEATABLE = Asked(is_repeatable=True)

_NOT_HANDED_OVER = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.WriteTimeout,  # the body's end is still here: no JSON parser has taken it
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_clients: dict[str, httpx.Client] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Call:
    """`file` goes as base64 into the JSON's property `file_field`, while it is sent.

    `seconds` until the answer; None: GATEWAY_SECONDS.
    """

    method: str
    path: str
    body: Mapping[str, object] | None = None
    file_field: str = ""
    file: bytes = b""
    seconds: float | None = None
    asked: Asked = REPEATABLE


def media_seconds() -> float:
    """How long an answer may take when a file has to reach WhatsApp first."""
    return float(settings.GATEWAY_SECONDS * MEDIA_FACTOR)


def instance_path(route: str, gateway: GatewayAccess) -> str:
    return f"/{route}/{quote(gateway.name, safe='')}"


def call(gateway: GatewayAccess, told: Call) -> object:
    """The JSON of the answer. Raises what `evolution_errors` makes of everything else."""
    answer = _request(gateway, told)
    if answer.status_code not in {200, 201}:
        raise failure(answer.status_code, answer.content, told.asked)
    try:
        value: object = answer.json()
    except (ValueError, RecursionError) as error:
        raise silence(told.asked, "The gateway's answer cannot be read.") from error
    if wire.fields(value).get("error") is True:
        raise failure(answer.status_code, answer.content, told.asked)
    return value


def _request(gateway: GatewayAccess, told: Call) -> httpx.Response:
    seconds = settings.GATEWAY_SECONDS if told.seconds is None else told.seconds
    timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS, write=WRITE_SECONDS, pool=POOL_SECONDS)
    try:
        client = _client_of(gateway.base_url)
        request = client.build_request(
            told.method,
            gateway.base_url.rstrip("/") + told.path,
            headers={"apikey": gateway.api_key, "Content-Type": "application/json", **_length(told)},
            content=content_of(told),
            timeout=timeout,
        )
        return client.send(request)
    except _NOT_HANDED_OVER as error:
        raise unreachable(f"The gateway cannot be reached ({type(error).__name__}).") from error
    except (httpx.LocalProtocolError, UnicodeError) as error:
        raise Refused("key_refused", "The API key cannot be written into a header.") from error
    except httpx.HTTPError as error:
        raise silence(told.asked, f"The gateway did not answer ({type(error).__name__}).") from error


def _client_of(base_url: str) -> httpx.Client:
    with _lock:
        if base_url not in _clients:
            _clients[base_url] = httpx.Client(limits=LIMITS, trust_env=False, follow_redirects=False)
        return _clients[base_url]


def _head(told: Call) -> bytes:
    return json.dumps(told.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _length(told: Call) -> dict[str, str]:
    if not told.file_field:
        return {}
    return {"Content-Length": str(len(_before_file(told)) + (len(told.file) + 2) // 3 * 4 + len(b'"}'))}


def content_of(told: Call) -> bytes | Iterator[bytes] | None:
    if told.body is None:
        return None
    return _with_file(told) if told.file_field else _head(told)


def _before_file(told: Call) -> bytes:
    return _head(told)[:-1] + f',"{told.file_field}":"'.encode()


def _with_file(told: Call) -> Iterator[bytes]:
    """The body with the file in it: of the base64 only a chunk exists at a time."""
    yield _before_file(told)
    for start in range(0, len(told.file), CHUNK_BYTES):
        yield base64.b64encode(memoryview(told.file)[start : start + CHUNK_BYTES])
    yield b'"}'
