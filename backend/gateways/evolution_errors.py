"""What an answer of Evolution's that is no success means: by its words, never by its status alone.

The gateway lets foreign statuses through, wraps its texts in up to three lists and says the same thing as 400 and as
500: tests/contract/evolution.md 4.1. The codes:

Refused    not_on_whatsapp, group_not_found, media_refused, file_too_large, not_editable, reaction_refused,
           empty_message, instance_unknown, key_refused, gateway_too_old, gateway_unlicensed, gateway_refused (we asked
           wrongly)
TryLater   instance_disconnected, gateway_unreachable, media_upload_failed: definitely not handed over
NotFetched media_not_fetched
Uncertain  gateway_silent: whatever is not recognised may have been said after the message had left
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backend.gateways import evolution_wire as wire
from backend.gateways.base import NotFetched, Uncertain
from backend.lib.errors import ChatError, Refused, TryLater

TEXT_LIMIT = 8_192
MAX_DEPTH = 8
SILENT = "gateway_silent"
UNREACHABLE = "gateway_unreachable"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the words of an answer depend on. `is_repeatable`: a second time does no harm, so silence is a TryLater."""

    is_group: bool = False
    by_url: bool = False
    is_repeatable: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    words: re.Pattern[str]
    error: type[Refused] | type[TryLater]
    code: str


def _rule(error: type[Refused] | type[TryLater], code: str, *words: str) -> _Rule:
    return _Rule(re.compile("|".join(words)), error, code)


# Matched against the lower-case words of the answer, the first that fits.
_RULES = (
    _rule(Refused, "gateway_unlicensed", "license_required", "service not activated"),
    _rule(Refused, "instance_unknown", "instance does not exist"),
    _rule(TryLater, "instance_disconnected", "connection closed", "instance is not connected"),
    # An instance that was never connected has no client to read these of.
    _rule(
        TryLater,
        "instance_disconnected",
        r"of undefined \(reading '(onwhatsapp|wauploadtoserver|sendmessage|readmessages|presencesubscribe"
        r"|sendpresenceupdate|groupmetadata|relaymessage)'\)",
    ),
    _rule(TryLater, "media_upload_failed", "media upload failed"),
    _rule(Refused, "file_too_large", "request entity too large"),
    _rule(
        Refused,
        "media_refused",
        "unsupported image format",
        "input buffer",
        "input image",
        "file name must be informed",
        "video duration",
    ),
    _rule(Refused, "not_editable", "message not compatible", "remotejid does not match", "older than 15 minutes"),
    _rule(Refused, "reaction_refused", "reaction must be"),
    _rule(Refused, "empty_message", "text is required"),
    # 1.x wants its own bodies, and has other routes: contract 4.7.
    _rule(
        Refused, "gateway_too_old", '"(text|media|audio|sticker|reaction)message"', r"cannot (get|post|put|delete) /"
    ),
    _rule(
        Refused,
        "gateway_refused",
        "requires property",
        "is not one of enum",
        "invalid format",
        "enter a value in",
        "does not meet",
        "in json at position",
        "unexpected field",
    ),
)
_URL_REFUSED = re.compile("owned media must be")
_URL_FAILED = re.compile(
    "status code [1-5][0-9][0-9]|getaddrinfo|fetch failed|failed to fetch|axioserror|econn|enotfound|etimedout"
    "|certificate|socket hang up|unsupported protocol|invalid url|timeout of"
)


def failure(status: int, body: bytes, asked: Asked) -> ChatError:
    """The error to raise for an answer that is no success. Its detail holds none of the answer's own words."""
    said = _said(body)
    if said is None:
        return _not_evolution(status, asked)
    if status == 400 and not said.words and said.is_empty:
        # whatsappNumbers of an instance that was never connected.
        return TryLater("instance_disconnected", "The gateway's instance was never connected.")
    if said.denies_existence:
        code = "group_not_found" if asked.is_group else "not_on_whatsapp"
        return Refused(code, "The gateway says that WhatsApp does not know the address.")
    return _by_words(status, said.words, asked) or silence(
        asked, f"The gateway answered {status} without a known reason."
    )


def silence(asked: Asked, detail: str) -> TryLater:
    """Nobody knows whether it was done."""
    return TryLater(SILENT, detail) if asked.is_repeatable else Uncertain(SILENT, detail)


def unreachable(detail: str) -> TryLater:
    return TryLater(UNREACHABLE, detail)


def _by_words(status: int, words: tuple[str, ...], asked: Asked) -> ChatError | None:
    if "unauthorized" in words:
        return Refused("key_refused", "The gateway refuses the API key.")
    if asked.is_group and "[object object]" in words:
        return Refused("group_not_found", "The gateway does not find the group.")
    text = "\n".join(words)
    for rule in _RULES:
        if rule.words.search(text):
            return rule.error(rule.code, f"The gateway answered {status}: {rule.code.replace('_', ' ')}.")
    if _URL_REFUSED.search(text) or (asked.by_url and _URL_FAILED.search(text)):
        return _no_media(status, asked)
    return None


def _no_media(status: int, asked: Asked) -> ChatError:
    if asked.by_url:
        return NotFetched("media_not_fetched", f"The gateway answered {status}: it could not fetch the file from us.")
    return Refused("media_refused", f"The gateway answered {status}: it does not take the file for one.")


def _not_evolution(status: int, asked: Asked) -> ChatError:
    """Something in front of the gateway speaks. A 5xx of a proxy may come when the gateway was told already."""
    if status >= 500 or status == 408:
        return silence(asked, f"A proxy of the gateway answered {status}.")
    if status == 413:
        return Refused("file_too_large", "A proxy of the gateway does not let a body of this size through.")
    return unreachable(f"What answers at the gateway's address is not the gateway ({status}).")


# --- The words of an answer -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Said:
    """The texts of an answer in lower case, however deep they stand."""

    words: tuple[str, ...]
    denies_existence: bool
    is_empty: bool


def _said(body: bytes) -> _Said | None:
    """None when the body is not JSON."""
    try:
        value: object = json.loads(body[: TEXT_LIMIT * 16].decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    if isinstance(value, str):
        return None  # a proxy's own quoted word
    words = tuple(_texts(value, MAX_DEPTH))
    return _Said(words, denies_existence=_any(value, MAX_DEPTH, _is_nobody), is_empty=value == {})


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value[:TEXT_LIMIT].strip().lower()
    elif depth:
        for one in _inside(value):
            yield from _texts(one, depth - 1)


def _any(value: object, depth: int, is_it: Callable[[object], bool]) -> bool:
    return is_it(value) or (depth > 0 and any(_any(one, depth - 1, is_it) for one in _inside(value)))


def _is_nobody(value: object) -> bool:
    return wire.fields(value).get("exists") is False


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
