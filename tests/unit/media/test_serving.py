"""How a stored file is answered: exact ranges, honest names, nothing that runs in a browser."""

import os
from pathlib import Path

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from backend.media import serving
from backend.media.serving import Stored
from backend.media.storages import media_storage

SIZE = 700_000
DATA = os.urandom(SIZE)
ETAG = "a" * 64


@pytest.fixture
def stored(tmp_path: Path, s3: object) -> Stored:
    file = tmp_path / "photo.jpg"
    file.write_bytes(DATA)
    media_storage().save_file("chat/t/c/photo.jpg", file, "image/jpeg")
    return Stored("chat/t/c/photo.jpg", SIZE, "image/jpeg", "foto de férias.jpg", ETAG)


@pytest.fixture(autouse=True)
def _without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another test's connection must not be looked at here."""
    monkeypatch.setattr(serving, "close_old_connections", lambda: None)


def request(method: str = "GET", **headers: str) -> HttpRequest:
    return RequestFactory(headers=headers).generic(method, "/")


async def body_of(answer) -> bytes:
    if not answer.streaming:
        return answer.content
    return b"".join([chunk async for chunk in answer.streaming_content])


async def test_the_whole_file_comes_with_its_head(stored: Stored) -> None:
    answer = serving.answer(request(), stored)

    assert answer.status_code == 200
    assert await body_of(answer) == DATA
    assert answer["Content-Length"] == str(SIZE)
    assert (answer["ETag"], answer["Accept-Ranges"]) == (f'"{ETAG}"', "bytes")
    assert (answer["X-Content-Type-Options"], answer["Content-Security-Policy"][:8]) == ("nosniff", "sandbox;")


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
async def test_a_range_is_answered_as_asked(stored: Stored, asked: str, start: int, end: int) -> None:
    answer = serving.answer(request(range=asked), stored)

    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {start}-{end}/{SIZE}"
    assert answer["Content-Length"] == str(end - start + 1)
    assert await body_of(answer) == DATA[start : end + 1]


@pytest.mark.parametrize("asked", ["bytes=700000-", "bytes=9999999-99999999", "bytes=-0"])
def test_a_range_outside_the_file_is_416(stored: Stored, asked: str) -> None:
    answer = serving.answer(request(range=asked), stored)

    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize(
    "asked",
    ["", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,5-6", f"bytes={'0-1,' * 10_000}0-1"],
)
def test_several_ranges_and_nonsense_get_the_whole_file(stored: Stored, asked: str) -> None:
    answer = serving.answer(request(range=asked), stored)

    assert (answer.status_code, answer["Content-Length"]) == (200, str(SIZE))


@pytest.mark.parametrize(("tag", "status"), [(f'"{ETAG}"', 206), ('"other"', 200), (f'W/"{ETAG}"', 200)])
def test_if_range_keeps_the_pieces_of_one_file_together(stored: Stored, tag: str, status: int) -> None:
    assert serving.answer(request(range="bytes=0-1", if_range=tag), stored).status_code == status


@pytest.mark.parametrize(("tags", "status"), [(f'"{ETAG}"', 304), (f'"x", W/"{ETAG}"', 304), ("*", 304), ('"x"', 200)])
def test_who_has_it_is_told_so(stored: Stored, tags: str, status: int) -> None:
    assert serving.answer(request(if_none_match=tags), stored).status_code == status


def test_head_has_the_same_head_and_no_body(stored: Stored) -> None:
    answer = serving.answer(request("HEAD", range="bytes=10-19"), stored)

    assert (answer.status_code, answer["Content-Length"], answer.content) == (206, "10", b"")


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


async def test_a_reader_that_leaves_closes_the_storage(stored: Stored) -> None:
    answer = serving.answer(request(), stored)
    stream = answer.streaming_content
    await anext(stream)
    await stream.aclose()
