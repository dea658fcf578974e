"""How a stored file is answered: exact ranges, honest names, nothing that runs in a browser."""

import os
from collections.abc import AsyncGenerator

import pytest

from backend.media import serving
from backend.media.serving import Ask, Opened, Reply, Span, Stored

SIZE = 700_000
DATA = os.urandom(SIZE)
ETAG = "a" * 64
STORED = Stored("chat/t/c/photo.jpg", SIZE, "image/jpeg", "foto de férias.jpg", ETAG)


class Bytes:
    """A source that gives what it is asked for, in pieces, and remembers what that was."""

    def __init__(self, *, is_hit: bool = False) -> None:
        self.is_hit, self.asked = is_hit, []

    async def open(self, stored: Stored, span: Span) -> Opened:
        self.asked.append(span)
        return Opened(self._pieces(span), self.is_hit)

    async def _pieces(self, span: Span) -> AsyncGenerator[bytes, None]:
        for start in range(span.start, span.end + 1, 300_000):
            yield DATA[start : min(start + 300_000, span.end + 1)]


async def ask(method: str = "GET", *, source: Bytes | None = None, **headers: str) -> Reply:
    given = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return await serving.answer(Ask(method, given), STORED, source or Bytes())


async def body_of(reply: Reply) -> bytes:
    if isinstance(reply.body, bytes):
        return reply.body
    return b"".join([piece async for piece in reply.body])


def said(reply: Reply, name: str) -> str:
    assert len({header for header, _ in reply.headers}) == len(reply.headers)
    return dict(reply.headers).get(name.encode(), b"").decode("latin1")


async def test_the_whole_file_comes_with_its_head() -> None:
    reply = await ask()

    assert reply.status == 200
    assert await body_of(reply) == DATA
    assert (said(reply, "content-length"), said(reply, "x-content-size")) == (str(SIZE), str(SIZE))
    assert (said(reply, "etag"), said(reply, "accept-ranges")) == (f'"{ETAG}"', "bytes")
    assert (said(reply, "content-type"), said(reply, "x-content-type-options")) == ("image/jpeg", "nosniff")
    assert said(reply, "content-security-policy").startswith("sandbox;")
    assert "immutable" in said(reply, "cache-control")


@pytest.mark.parametrize(("is_hit", "word"), [(True, "HIT"), (False, "MISS")])
async def test_it_says_where_the_bytes_came_from(is_hit: bool, word: str) -> None:
    assert said(await ask(source=Bytes(is_hit=is_hit)), "x-cache") == word


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-1", 0, 1),  # Safari's first question
        ("bytes=0-0", 0, 0),
        ("bytes=300000-599999", 300_000, 599_999),
        ("bytes=699999-", 699_999, 699_999),
        ("bytes=500000-", 500_000, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        ("bytes=-1000", SIZE - 1000, SIZE - 1),
        ("bytes=-9999999", 0, SIZE - 1),
        ("bytes=0-99999999999", 0, SIZE - 1),
    ],
)
async def test_a_range_is_answered_as_asked(asked: str, start: int, end: int) -> None:
    reply = await ask(range=asked)

    assert reply.status == 206
    assert said(reply, "content-range") == f"bytes {start}-{end}/{SIZE}"
    assert said(reply, "content-length") == str(end - start + 1)
    assert said(reply, "x-content-size") == str(SIZE)
    assert await body_of(reply) == DATA[start : end + 1]


@pytest.mark.parametrize("asked", ["bytes=700000-", "bytes=9999999-99999999", "bytes=-0"])
async def test_a_range_outside_the_file_is_416_and_reads_nothing(asked: str) -> None:
    source = Bytes()
    reply = await ask(range=asked, source=source)

    assert (reply.status, said(reply, "content-range"), source.asked) == (416, f"bytes */{SIZE}", [])


@pytest.mark.parametrize(
    "asked",
    ["", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,5-6", f"bytes={'0-1,' * 10_000}0-1"],
)
async def test_several_ranges_and_nonsense_get_the_whole_file(asked: str) -> None:
    reply = await ask(range=asked)

    assert (reply.status, said(reply, "content-length")) == (200, str(SIZE))


@pytest.mark.parametrize(("tag", "status"), [(f'"{ETAG}"', 206), ('"other"', 200), (f'W/"{ETAG}"', 200)])
async def test_if_range_keeps_the_pieces_of_one_file_together(tag: str, status: int) -> None:
    assert (await ask(range="bytes=0-1", if_range=tag)).status == status


@pytest.mark.parametrize(("tags", "status"), [(f'"{ETAG}"', 304), (f'"x", W/"{ETAG}"', 304), ("*", 304), ('"x"', 200)])
async def test_who_has_it_is_told_so(tags: str, status: int) -> None:
    source = Bytes()
    reply = await ask(if_none_match=tags, source=source)

    assert (reply.status, bool(source.asked)) == (status, status == 200)


@pytest.mark.parametrize("asked", ["", "bytes=10-19", "bytes=700000-"])
async def test_head_has_the_head_of_the_whole_file_and_looks_whether_it_can_be_read(asked: str) -> None:
    """RFC 9110 knows ranges for GET alone."""
    source = Bytes(is_hit=True)
    reply = await ask("HEAD", range=asked, source=source)

    assert (reply.status, said(reply, "content-length"), reply.body) == (200, str(SIZE), b"")
    assert (said(reply, "x-cache"), source.asked) == ("HIT", [Span(0, 0)])


@pytest.mark.parametrize(
    ("mimetype", "kind"),
    [
        ("image/jpeg", "inline"),
        ("video/mp4", "inline"),
        ("audio/ogg; codecs=opus", "inline"),
        ("application/pdf", "inline"),
        ("text/html", "attachment"),
        ("image/svg+xml", "attachment"),
        ("application/xml", "attachment"),
        ("text/xml", "attachment"),
        ("text/plain", "attachment"),
        ("application/xhtml+xml", "attachment"),
        ("application/javascript", "attachment"),
        ("application/zip", "attachment"),
        ("", "attachment"),
    ],
)
def test_only_what_cannot_run_is_shown_in_place(mimetype: str, kind: str) -> None:
    assert serving.disposition(Stored("k", 1, mimetype, "f", "e")).startswith(f"{kind};")


@pytest.mark.parametrize("type_", sorted(serving.INLINE_TYPES))
def test_nothing_that_carries_script_is_on_the_list(type_: str) -> None:
    assert not any(word in type_ for word in ("html", "svg", "xml", "javascript", "text/"))


@pytest.mark.parametrize(
    ("name", "plain", "encoded"),
    [
        ("foto de férias.jpg", "foto de f_rias.jpg", "foto%20de%20f%C3%A9rias.jpg"),
        ('a"b\\c.pdf', "a_b_c.pdf", "a%22b%5Cc.pdf"),
        ("x\r\nSet-Cookie: a=b.txt", "x__Set-Cookie: a=b.txt", "x%0D%0ASet-Cookie%3A%20a%3Db.txt"),
    ],
)
def test_a_name_survives_and_never_leaves_its_header(name: str, plain: str, encoded: str) -> None:
    assert serving.disposition(Stored("k", 1, "image/jpeg", name, "e")) == (
        f"inline; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
    )
