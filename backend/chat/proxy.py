"""WhatsApp's pictures through us, for faces that are not stored yet. A leaf: it knows no rows.

Only from the hosts in MEDIA_PROXY_HOSTS, by the fetch guard, and only what its bytes say is a picture that carries no
script. What there is not is remembered for a while too, so that a dead address is not asked for again and again.
"""

import hashlib
import io
import json
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from django.conf import settings

from backend.lib import safe_fetch
from backend.lib.errors import ChatError, Missing, Refused, TryLater
from backend.media import sniff
from backend.media.cache import media_cache
from backend.media.serving import Stored

PATH = "/api/chat/media-proxy/"
MAX_BYTES = 5 * 1024 * 1024
MAX_URL = 4_000
FETCH_SECONDS = 10.0
KEPT_SECONDS = 7 * 24 * 3600
"""By browsers."""
NEAR_SECONDS = 3600
"""Until we have our own copy: no row says whose picture it is, so not every erasure can reach it."""
GONE_SECONDS, TROUBLE_SECONDS = 300, 30
GONE = {401, 403, 404, 410}
PICTURES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}
"""Never to join them: SVG, or anything else that can carry script."""


class BadHost(TryLater):
    """WhatsApp's host answered with something that is not to be handed on."""

    status = 502


class SlowHost(TryLater):
    """WhatsApp's host did not answer in time."""

    status = 504


@dataclass(frozen=True, slots=True)
class Picture:
    """What was fetched. `mimetype` is what the bytes say."""

    mimetype: str
    sha256: str
    body: bytes

    @property
    def stored(self) -> Stored:
        return Stored(
            key="",
            size_bytes=len(self.body),
            mimetype=self.mimetype,
            file_name=f"picture.{PICTURES[self.mimetype]}",
            etag=self.sha256,
            sha256=self.sha256,
            cache_control=b"public, max-age=%d" % KEPT_SECONDS,
        )


def address_of(url: str) -> str:
    """Our address for a picture of WhatsApp's; empty for what the proxy would not fetch."""
    try:
        return f"{PATH}?url={quote(judged(url), safe='')}" if url else ""
    except Refused:
        return ""


def judged(url: str) -> str:
    """Raises Refused(`bad_url`, 400; `host_not_allowed` or `address_not_allowed`, 403)."""
    if not url or len(url) > MAX_URL:
        raise Refused("bad_url", "There is no address, or one too long.", status=400)
    try:
        return safe_fetch.judge(url, only_hosts=_hosts(), private_hosts=playground_hosts())
    except Refused as error:
        raise _as_answered(error) from error


def fetch(url: str) -> Picture:
    """In a thread. Raises Missing(`picture_gone`), BadHost, SlowHost, and Refused for where a redirect led."""
    try:
        with safe_fetch.fetch(
            url,
            max_bytes=MAX_BYTES,
            total_seconds=FETCH_SECONDS,
            only_hosts=_hosts(),
            private_hosts=playground_hosts(),
        ) as answer:
            if answer.status in GONE:
                raise Missing("picture_gone", f"the picture's host answered {answer.status}")
            if answer.status != 200:
                raise BadHost("picture_host_down", f"the picture's host answered {answer.status}")
            return _picture(b"".join(answer.chunks))
    except BadHost:
        raise
    except (Refused, TryLater) as error:
        raise _as_answered(error) from error


def playground_hosts() -> list[str]:
    """In a playground pictures come from the simulated gateway, which is not public."""
    if not settings.SANDBOX:
        return []
    port = urlsplit(settings.SANDBOX_URL).port or settings.PORT
    return [f"{host}:{port}" for host in ("127.0.0.1", "localhost")]


def _hosts() -> list[str]:
    return [*settings.MEDIA_PROXY_HOSTS, *(one.partition(":")[0] for one in playground_hosts())]


def _picture(body: bytes) -> Picture:
    mimetype = sniff.sniff(io.BytesIO(body))
    if mimetype not in PICTURES:
        raise BadHost("not_a_picture", "what the host sent is no picture that may be shown")
    return Picture(mimetype, hashlib.sha256(body).hexdigest(), body)


def _as_answered(error: Refused | TryLater) -> ChatError:
    if error.code == "media_too_slow":
        return SlowHost(error.code, error.detail)
    if error.code == "bad_url":
        return Refused(error.code, error.detail, status=400)
    if error.code in {"host_not_allowed", "address_not_allowed"}:
        return Refused(error.code, error.detail, status=403)
    return BadHost(error.code, error.detail)


def forget(*urls: str) -> bool:
    """What was shown of these addresses, however they were written. False when the cache is away."""
    names = []
    for url in urls:
        with suppress(Refused):
            names.append(cache_name(judged(url)))
    return not names or media_cache().shelf.forget(names)


def cache_name(url: str) -> str:
    """Of a judged address. Like a file's, and no file's: media hashes have no dot."""
    return f"media:proxy.{hashlib.sha256(url.encode()).hexdigest()}"


def packed(answer: Picture | ChatError) -> tuple[bytes, int]:
    """What is kept of an answer, and for how many seconds."""
    if isinstance(answer, Picture):
        return _line(mimetype=answer.mimetype, sha256=answer.sha256) + answer.body, NEAR_SECONDS
    seconds = GONE_SECONDS if isinstance(answer, Missing) else TROUBLE_SECONDS
    return _line(code=answer.code, detail=answer.detail, status=answer.status), seconds


def unpacked(value: bytes) -> Picture | ChatError | None:
    """None for what is not as it was put there."""
    line, _, body = value.partition(b"\n")
    try:
        facts = json.loads(line)
        if "code" in facts:
            return _refusal(facts["status"], facts["code"], facts["detail"])
        picture = Picture(facts["mimetype"], facts["sha256"], body)
    except (ValueError, KeyError, TypeError):
        return None
    is_whole = picture.mimetype in PICTURES and hashlib.sha256(body).hexdigest() == picture.sha256
    return picture if is_whole else None


def _line(**facts: object) -> bytes:
    return json.dumps(facts).encode() + b"\n"


def _refusal(status: int, code: str, detail: str) -> ChatError:
    for kind in (Missing, BadHost, SlowHost):
        if kind.status == status:
            return kind(code, detail)
    return Refused(code, detail, status=status)
