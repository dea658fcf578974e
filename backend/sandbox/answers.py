"""Evolution's error envelope and the checks it makes, word for word: tests/contract/evolution.md 4.1, 4.3, 4.4."""

import base64
import binascii
import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from backend.sandbox.rows import Json

REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
URL_LIMIT = 2084
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_LABEL = re.compile(r"[a-z0-9\u00a1-\uffff](?:[a-z0-9\u00a1-\uffff-]*[a-z0-9\u00a1-\uffff])?", re.IGNORECASE)


class GatewayError(Exception):
    """An answer that is not a success. `message` goes into the envelope as it is: a text, or a list of whatever."""

    def __init__(self, status: int, message: Any, *, error: str = "", body: Any = None) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.body = body
        if body is None:
            reason = error or REASONS.get(status, "Internal Server Error")
            self.body = {"status": status, "error": reason, "response": {"message": message}}


def bad_request(*messages: Any) -> GatewayError:
    return GatewayError(400, list(messages))


def bare(status: int, message: str) -> GatewayError:
    """A raw Error that reached the last handler: the message is a plain string and the reason is always the same."""
    return GatewayError(status, message, error="Internal Server Error")


def connection_closed() -> GatewayError:
    return bare(500, "Connection Closed")


def require(body: Json, *names: str, of: str = "instance") -> None:
    """The schema's first test: all missing names in one list within a list."""
    missing = [f'{of} requires property "{name}"' for name in names if name not in body]
    if missing:
        raise bad_request(missing)


def check_common(body: Json) -> None:
    """What every send has in common: `number` a string, `delay` an integer."""
    problems = []
    if "number" in body and not isinstance(body["number"], str):
        problems.append("Invalid format")
    if "delay" in body and (isinstance(body["delay"], bool) or not isinstance(body["delay"], int)):
        problems.append("Enter a value in milliseconds")
    if problems:
        raise bad_request(problems)


def is_url(value: object) -> bool:
    """validator.isURL with default options: a host needs a dot, no `_`, no spaces, at most 2084 characters."""
    if not isinstance(value, str) or len(value) > URL_LIMIT or re.search(r"[\s<>]", value):
        return False
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https", "ftp") or not host:
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _is_domain(host)
    return True


def is_base64(value: object) -> bool:
    """Standard alphabet, padded, no prefix; the empty string counts."""
    return isinstance(value, str) and len(value) % 4 == 0 and _BASE64.fullmatch(value) is not None


def decode(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return b""


def _is_domain(host: str) -> bool:
    labels = host.rstrip(".").split(".")
    return len(labels) >= 2 and all(_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
