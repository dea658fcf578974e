"""How stored bytes are answered: ranges exactly as asked, names that survive, and nothing that runs in a browser.

The caller has been checked already; this only turns a stored object into an HTTP answer. Bodies are streamed in slices
at the reader's pace, never read whole.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from backend.media.storages import media_storage

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

SANDBOXED = "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; img-src 'self'"
RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")
_readers = ThreadPoolExecutor(8, thread_name_prefix="media-read")


@dataclass(frozen=True, slots=True)
class Stored:
    """One object to answer with. `etag` is the SHA-256 of its content, or any text that changes with it."""

    key: str
    size_bytes: int
    mimetype: str
    file_name: str
    etag: str


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end`, both included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start + 1


class NotSatisfiable(ValueError):
    """The range lies outside the file: 416."""


def answer(request: HttpRequest, stored: Stored) -> HttpResponseBase:
    """200, 206, 304 or 416; for HEAD the same head without a body. Raises what the storage raises."""
    etag = f'"{stored.etag}"'
    head = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": disposition(stored),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": SANDBOXED,
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if _matches(request.headers.get("If-None-Match", ""), etag):
        return HttpResponse(status=304, headers=head)
    try:
        span = asked_span(request, stored.size_bytes, etag)
    except NotSatisfiable:
        return HttpResponse(status=416, headers=head | {"Content-Range": f"bytes */{stored.size_bytes}"})
    status = 200 if span is None else 206
    whole = span or Span(0, stored.size_bytes - 1)
    head |= {"Content-Length": str(whole.length), "Content-Type": stored.mimetype}
    if span is not None:
        head["Content-Range"] = f"bytes {span.start}-{span.end}/{stored.size_bytes}"
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=head)
    chunks = media_storage().read_range(stored.key, whole.start, whole.length)
    first = next(chunks, b"")  # a storage that is away must still be able to become an error answer
    # Django gives the connection back at the last byte: enough paused videos would hold the whole pool.
    close_old_connections()
    return StreamingHttpResponse(_stream(first, chunks), status=status, headers=head)


def asked_span(request: HttpRequest, size_bytes: int, etag: str) -> Span | None:
    """The single range that was asked for; None for the whole file: no range, several, or one that makes no sense
    (RFC 9110 14.2 lets a server ignore those). Raises NotSatisfiable."""
    found = RANGE.match(request.headers.get("Range", "").strip())
    if_range = request.headers.get("If-Range", "")
    if found is None or (if_range and if_range != etag) or found.groups() == ("", ""):
        return None
    first, last = found.groups()
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


def _matches(if_none_match: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags


async def _stream(first: bytes, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The storage is read in threads of its own, one slice at a time, as the reader takes them."""
    following = sync_to_async(lambda: next(chunks, b""), thread_sensitive=False, executor=_readers)
    chunk = first
    try:
        while chunk:
            yield chunk
            chunk = await following()
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            with contextlib.suppress(ValueError):  # the reader left while a thread was in it: it ends by itself
                await sync_to_async(close, thread_sensitive=False, executor=_readers)()
