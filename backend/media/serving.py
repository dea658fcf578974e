"""How stored bytes are answered: ranges exactly as asked, names that survive, and nothing that runs in a browser.

Who asks has been checked already. This is the one place that decides a reply, and it knows no framework: an `Ask` goes
in, a `Reply` comes out, and whoever holds the connection sends it. Bodies come in slices at the reader's pace.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from urllib.parse import quote

INLINE_TYPES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "video/mp4",
        "video/quicktime",
        "video/webm",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/aac",
        "audio/mp4",
        "application/pdf",
    }
)
"""What a browser may show in place. Never to join it: HTML, SVG, XML or anything else that can carry script."""

SANDBOXED = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; img-src 'self'; frame-ancestors 'self'"
)
RANGE = re.compile(rb"^bytes=(\d{0,18})-(\d{0,18})$")

NOTHING = (b"content-length", b"0")
UNMEASURED = -1
"""The size of what no row knows the size of: it is asked of the storage before it is answered with."""

YEAR_SECONDS = 365 * 24 * 3600

Headers = list[tuple[bytes, bytes]]


def unchanging(seconds: int) -> bytes:
    """Cache-Control of bytes that stay as they are, and of which a browser may keep a copy for so long."""
    return b"private, max-age=%d, immutable" % seconds


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, as far as a reply depends on it. Header names are lower case, as ASGI gives them."""

    method: str
    headers: Mapping[bytes, bytes]
    query: bytes = b""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The body is whole, or read as it is asked for; whoever sends it closes it."""

    status: int
    headers: Headers
    body: bytes | AsyncGenerator[bytes, None] = b""


@dataclass(frozen=True)
class Stored:
    """One object to answer with. `sha256` is empty where nobody has measured the content: then `etag` is some text that
    changes with it."""

    key: str
    size_bytes: int
    mimetype: str
    file_name: str
    etag: str
    sha256: str = ""
    cache_key: str = ""
    storage_type: str = ""
    cache_control: bytes = unchanging(YEAR_SECONDS)

    @cached_property
    def head(self) -> Headers:
        """The headers that every reply with this object bears."""
        return [
            (b"etag", self.quoted_etag),
            (b"accept-ranges", b"bytes"),
            (b"cache-control", self.cache_control),
            (b"content-disposition", disposition(self).encode("latin1")),
            (b"x-content-type-options", b"nosniff"),
            (b"content-security-policy", SANDBOXED.encode()),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"x-content-size", b"%d" % self.size_bytes),
            (b"content-type", self.mimetype.encode("latin1")),
        ]

    @cached_property
    def quoted_etag(self) -> bytes:
        return f'"{self.etag}"'.encode("latin1")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end`, both included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start + 1


@dataclass(frozen=True, slots=True)
class Opened:
    """The bytes of a span. What keeps them from coming was raised before this was made."""

    body: bytes | AsyncGenerator[bytes, None]
    is_hit: bool


class Source(Protocol):
    """Where the bytes come from: the cache, else the storage."""

    async def open(self, stored: Stored, span: Span) -> Opened:
        """Raises Missing(`object_gone`) and TryLater(`storage_unavailable`)."""


class NotSatisfiable(ValueError):
    """The range lies outside the file: 416."""


async def answer(ask: Ask, stored: Stored, source: Source) -> Reply:
    """200, 206, 304 or 416; for HEAD the same head without a body: its first byte is looked at, so that it says nothing
    that a GET would not. Raises what `source.open` raises."""
    if _matches(ask.headers.get(b"if-none-match", b""), stored.quoted_etag):
        return Reply(304, stored.head)
    try:
        span = asked_span(ask, stored)
    except NotSatisfiable:
        return Reply(416, [*stored.head, (b"content-range", b"bytes */%d" % stored.size_bytes), NOTHING])
    whole = span or Span(0, stored.size_bytes - 1)
    head = [*stored.head, (b"content-length", b"%d" % whole.length)]
    if span is not None:
        head.append((b"content-range", b"bytes %d-%d/%d" % (span.start, span.end, stored.size_bytes)))
    is_head = ask.method == "HEAD"
    opened = await source.open(stored, Span(0, 0) if is_head else whole)
    head.append((b"x-cache", b"HIT" if opened.is_hit else b"MISS"))
    return Reply(200 if span is None else 206, head, b"" if is_head else opened.body)


def asked_span(ask: Ask, stored: Stored) -> Span | None:
    """The single range that was asked for; None for the whole file: no range, several, or one that makes no sense
    (RFC 9110 14.2 lets a server ignore those, and knows ranges for GET alone). Raises NotSatisfiable."""
    found = RANGE.match(ask.headers.get(b"range", b"").strip()) if ask.method == "GET" else None
    if_range = ask.headers.get(b"if-range", b"")
    if found is None or (if_range and if_range != stored.quoted_etag) or found.groups() == (b"", b""):
        return None
    first, last = found.groups()
    size_bytes = stored.size_bytes
    if not first:
        wanted = min(int(last), size_bytes)
        if wanted == 0:
            raise NotSatisfiable
        return Span(size_bytes - wanted, size_bytes - 1)
    start = int(first)
    end = min(int(last), size_bytes - 1) if last else size_bytes - 1
    if last and int(last) < start:
        return None
    if start >= size_bytes:
        raise NotSatisfiable
    return Span(start, end)


def disposition(stored: Stored) -> str:
    """`inline` only for what may be shown in place; the name twice, for old and for new readers (RFC 6266)."""
    kind = "inline" if stored.mimetype.partition(";")[0] in INLINE_TYPES else "attachment"
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", stored.file_name) or "file"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(stored.file_name, safe='')}"


def _matches(if_none_match: bytes, etag: bytes) -> bool:
    if not if_none_match:
        return False
    tags = {tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")}
    return etag in tags or b"*" in tags
