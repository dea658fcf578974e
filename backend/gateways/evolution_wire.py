"""How Evolution writes things: typed readers that take any JSON value and never raise.

Bytes travel as base64, as `{"0": 72, "1": 67}` or as `{"type": "Buffer", "data": […]}`; 64-bit numbers as numbers, as
decimal strings or as `{"low", "high", "unsigned"}`; times in seconds or milliseconds: tests/contract/evolution.md 2.2.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pydantic import JsonValue

from backend.gateways.base import Unreadable
from backend.lib.text import clean

Fields = Mapping[str, object]

MAX_DEPTH = 100
MAX_VALUES = 1_000_000
"""About 100 bytes each once parsed: what one webhook may cost in memory beside its own bytes."""
BYTES_LIMIT = 64 * 1024
TEXT_LIMIT = 65_536
NAME_LIMIT = 255
URL_LIMIT = 4_000
SAFE_INTEGER = 2**62
BULK = frozenset({"base64", "jpegThumbnail"})
FIRST_SECOND = 1_230_768_000
"""2009: WhatsApp is not older."""
LAST_SECOND = 4_102_444_800
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_NOTHING: Fields = {}
_USER = re.compile(r"\+?([0-9]+)(?:[._:][0-9]+)*")


def load(body: bytes) -> Fields | Unreadable:
    """The object that `body` holds. Nesting and size are looked at before the parser may spend stack or memory."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        return Unreadable("too_deep" if _is_too_deep(body[:MAX_VALUES]) else "too_many_values")
    if _is_too_deep(body):
        return Unreadable("too_deep")
    try:
        value: object = json.loads(body.decode("utf-8", "replace").removeprefix("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        return Unreadable("not_json")
    return value if isinstance(value, dict) else Unreadable("not_an_object")


def _is_too_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _TOKENS.finditer(body):
        first = body[token.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif first != 0x22:
            depth -= 1
    return False


def fields(value: object) -> Fields:
    """`value` when it is an object, else an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def items(value: object) -> list[object]:
    """`value` when it is a list, else a list of it; null is an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def words(value: object, *, limit: int = TEXT_LIMIT) -> str:
    """Text fit for our rows; a number is taken for its digits, anything else for nothing."""
    if isinstance(value, str):
        return clean(value, limit=limit)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < SAFE_INTEGER:
        return str(value)
    return ""


def shown(value: object) -> str:
    """A profile name; digits alone are the gateway's stand-in for a missing one."""
    name = words(value, limit=NAME_LIMIT).strip()
    return "" if name.isdigit() else name


def first_words(source: Fields, *names: str, limit: int = TEXT_LIMIT) -> str:
    """The first of these fields that holds text."""
    for name in names:
        if found := words(source.get(name), limit=limit):
            return found
    return ""


def web_address(source: Fields, *names: str) -> str:
    """The first of these fields that holds text, if that can be read as a URL that a browser would open."""
    url = first_words(source, *names, limit=URL_LIMIT)
    try:
        return url if urlsplit(url).scheme in {"http", "https"} else ""
    except ValueError:  # a bracket too many, a host name that no one can have
        return ""


def whole(value: object) -> int | None:
    """A whole number in any of its forms."""
    if isinstance(value, bool):
        return None
    if isinstance(value, dict):
        low, high = value.get("low"), value.get("high", 0)
        if not isinstance(low, int) or not isinstance(high, int):
            return None
        value = high * 2**32 + low % 2**32
    elif isinstance(value, str):
        stripped = value.strip()
        value = int(stripped) if len(stripped) < 20 and re.fullmatch(r"-?[0-9]+", stripped) else None
    elif isinstance(value, float):
        value = int(value) if math.isfinite(value) and abs(value) < SAFE_INTEGER else None
    return value if isinstance(value, int) and abs(value) < SAFE_INTEGER else None


def amount(value: object, *, most: int = 2**31 - 1) -> int | None:
    """A whole number above zero and not above `most`."""
    number = whole(value)
    return number if number is not None and 0 < number <= most else None


def decimal(value: object) -> float | None:
    """A finite number."""
    if isinstance(value, str) and len(value) < 40:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > SAFE_INTEGER:
        return None
    return float(value) if math.isfinite(value) else None


def flag(value: object) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.lower() == "true")


def raw(value: object, *, limit: int = BYTES_LIMIT) -> bytes | None:
    """Bytes in any of their forms; None when absent, broken or longer than `limit`."""
    if isinstance(value, str):
        return _from_base64(value, limit)
    if isinstance(value, dict):
        if "data" in value:
            return raw(value["data"], limit=limit)
        if len(value) > limit:
            return None
        value = [value.get(str(index)) for index in range(len(value))]
    if not isinstance(value, list) or not value or len(value) > limit:
        return None
    numbers = [one for one in value if isinstance(one, int) and not isinstance(one, bool) and 0 <= one < 256]
    return bytes(numbers) if len(numbers) == len(value) else None


def _from_base64(value: str, limit: int) -> bytes | None:
    if not value or len(value) > limit * 4 // 3 + 4 or not value.isascii():
        return None
    padded = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        decoded = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None
    return decoded if len(decoded) <= limit else None


def moment(value: object) -> datetime | None:
    """A time in seconds, or in milli- or microseconds if only so it is believable."""
    number = whole(value)
    if number is None:
        return None
    for scale in (1, 1_000, 1_000_000):
        if FIRST_SECOND <= number / scale < LAST_SECOND:
            return datetime.fromtimestamp(number / scale, UTC)
    return None


def written_moment(value: object) -> datetime | None:
    """An ISO time, as the envelope's `date_time` is."""
    try:
        found = datetime.fromisoformat(words(value, limit=40))
    except ValueError:
        return None
    return found if found.tzinfo else None


def address(value: object) -> str:
    """A JID as one of our addresses: digits of a phone, `…@lid`, `…@g.us`; other servers keep their name. Or empty.

    The device (`:3`) is dropped. A list broadcast, a status or a newsletter keeps its server: see `is_crowd`.
    """
    user, at, server = words(value, limit=150).strip().lower().partition("@")
    if server in {"g.us", "broadcast", "newsletter"}:
        return f"{user}@{server}" if user else ""
    written = _USER.fullmatch(user)
    if written is None:
        return ""
    digits = written[1]
    if server in {"s.whatsapp.net", "c.us"} or not at:
        return digits if 5 <= len(digits) <= 20 else ""
    return f"{digits}@{server}"


def is_crowd(chat: str) -> bool:
    """A status, a newsletter or a broadcast list: not a chat that somebody answers."""
    return chat.endswith(("@broadcast", "@newsletter"))


def addresses(*values: object) -> tuple[str, ...]:
    """The people's or group's addresses among `values`, each once, in their order."""
    found = (address(value) for value in values)
    return tuple(dict.fromkeys(one for one in found if one and not is_crowd(one)))


def safe_json(value: object) -> JsonValue:
    """`value` with its texts fit for our rows and without the bytes of files and thumbnails."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): safe_json(item) for key, item in value.items() if key not in BULK}
    if isinstance(value, list):
        return [safe_json(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else None
