"""getBase64FromMediaMessage: the file as the gateway itself fetches it, read as a stream out of one huge JSON string.

The answer is 1.37 times the file in one JSON value; it is decoded while it arrives, so a 50 MB video costs kilobytes
here. Errors are told apart by their text, never by the status alone, since the gateway lets foreign statuses through:
tests/contract/evolution.md 2.5, 4.1.
"""

import binascii
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from backend.lib.errors import ChatError, Refused, TryLater

TIMEOUT = httpx.Timeout(connect=5.0, read=100.0, write=20.0, pool=5.0)
HEAD_LIMIT_BYTES = 1024 * 1024
ERROR_LIMIT_BYTES = 64 * 1024
CHUNK_BYTES = 64 * 1024
_MARK = re.compile(rb'"base64"\s*:\s*"')

# What the gateway says, in lower case → our code, and whether asking again can help.
_FINAL = {
    "message not found": "media_gone",
    "not of the media type": "media_gone",
    "status code 403": "media_gone",
    "status code 404": "media_gone",
    "status code 410": "media_gone",
}
_PASSING = {
    "unauthorized": "gateway_unauthorized",
    "instance does not exist": "gateway_instance_unknown",
    "license_required": "gateway_unlicensed",
    "service not activated": "gateway_unlicensed",
    "connection closed": "gateway_disconnected",
    "fetch failed": "media_host_down",
    "axioserror": "media_host_down",
}


@dataclass(frozen=True, slots=True)
class GatewayAccess:
    """How a gateway is reached. `base_url` was configured by an operator and may be private."""

    base_url: str
    api_key: str = field(repr=False)
    name: str
    is_sandbox: bool = False


def bodies(source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What to ask, in order: by id, then with the whole message. Nothing when `source` cannot be read."""
    try:
        message = json.loads(source)
        key_id = message["key"]["id"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return
    yield "gateway_id", {"message": {"key": {"id": key_id}}, "convertToMp4": False}
    if isinstance(message.get("message"), dict):
        whole = {**message, "message": _unwrapped(message["message"])}
        yield "gateway_message", {"message": whole, "convertToMp4": False}


def _unwrapped(message: dict[str, Any]) -> dict[str, Any]:
    # The gateway does not open this one wrapper itself: tests/contract/evolution.md 2.5.
    inner = message.get("viewOnceMessageV2Extension")
    if isinstance(inner, dict) and isinstance(inner.get("message"), dict):
        return dict(inner["message"])
    return message


@contextmanager
def opened(
    gateway: GatewayAccess,
    body: Mapping[str, Any],
    limit_bytes: int,
    transport: httpx.BaseTransport | None = None,
) -> Iterator[Iterator[bytes]]:
    """The file's bytes, decoded as they come."""
    url = f"{gateway.base_url.rstrip('/')}/chat/getBase64FromMediaMessage/{quote(gateway.name, safe='')}"
    headers = {"apikey": gateway.api_key, "Accept-Encoding": "identity"}
    client = httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False, transport=transport)
    try:
        with client, client.stream("POST", url, json=body, headers=headers) as answer:
            if answer.status_code not in {200, 201}:
                raise failure(answer.status_code, _text(answer, ERROR_LIMIT_BYTES))
            yield _capped(_base64_of(answer), limit_bytes)
    except httpx.TimeoutException as error:
        raise TryLater("media_too_slow", "the gateway took too long") from error
    except httpx.RemoteProtocolError as error:
        raise TryLater("cut_short", "the gateway ended the answer early") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TryLater("gateway_down", "the gateway cannot be reached") from error


def failure(status: int, text: str) -> ChatError:
    """What an error answer means, by its words."""
    said = text.lower()
    for words, code in _FINAL.items():
        if words in said:
            return Refused(code, f"the gateway answered {status}: {words}")
    for words, code in _PASSING.items():
        if words in said:
            return TryLater(code, f"the gateway answered {status}: {words}")
    return TryLater("gateway_error", f"the gateway answered {status}")


def _text(answer: httpx.Response, limit_bytes: int) -> str:
    taken = b""
    for chunk in answer.iter_bytes(CHUNK_BYTES):
        taken += chunk
        if len(taken) >= limit_bytes:
            break
    return taken[:limit_bytes].decode("utf-8", "replace")


def _capped(chunks: Iterator[bytes], limit_bytes: int) -> Iterator[bytes]:
    taken = 0
    for chunk in chunks:
        taken += len(chunk)
        if taken > limit_bytes:
            raise Refused("file_too_large", f"more than {limit_bytes} bytes")
        yield chunk


def _base64_of(answer: httpx.Response) -> Iterator[bytes]:
    # A quotation mark inside a JSON string is escaped, so no caption can hold the mark itself.
    chunks = answer.iter_bytes(CHUNK_BYTES)
    pending = _after_mark(chunks)
    while b'"' not in pending:
        usable = len(pending) // 4 * 4
        yield _bytes(pending[:usable])
        more = next(chunks, None)
        if more is None:
            raise TryLater("cut_short", "the gateway's answer ends inside the file")
        pending = pending[usable:] + more
    yield _bytes(pending[: pending.index(b'"')])


def _after_mark(chunks: Iterator[bytes]) -> bytes:
    head = b""
    for chunk in chunks:
        head += chunk
        if mark := _MARK.search(head):
            return head[mark.end() :]
        if len(head) > HEAD_LIMIT_BYTES:
            break
    # 2.3.7 answers `null` for messages that are nothing but context.
    raise TryLater("bad_answer", "the gateway's answer holds no file")


def _bytes(text: bytes) -> bytes:
    try:
        return binascii.a2b_base64(text)
    except ValueError as error:
        raise TryLater("bad_answer", "the gateway's base64 cannot be read") from error
