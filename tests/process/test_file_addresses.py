"""What a stranger writes on the wire to the addresses of files: a refusal, never a fault of ours, never silence."""

import hashlib
import socket
import sqlite3
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.process.chat_process import ChatProcess
from tests.servers import HOST

BODY = b"%PDF-1.4 a small file of Acme" * 100
RANGES = ",".join(f"{number}-{number}" for number in range(10_000))


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatProcess]:
    with ChatProcess(tmp_path_factory.mktemp("chat"), {"DECODERS": "1"}).migrate() as running:
        yield running


@pytest.fixture(scope="module")
def path(chat: ChatProcess) -> str:
    """Of a file that is there."""
    tenant_id = chat.demo()["tenant_id"].replace("-", "")
    (chat.folder / "media" / "chat").mkdir(parents=True)
    (chat.folder / "media" / "chat" / "file").write_bytes(BODY)
    with sqlite3.connect(chat.folder / "chat.sqlite3") as link:
        names = [row[1] for row in link.execute("PRAGMA table_info(media_attachment)") if row[3]]
        facts: dict[str, object] = dict.fromkeys(names, "")
        facts |= {"id": uuid4().hex, "tenant_id": tenant_id, "status": "completed", "storage_type": "local"}
        facts |= {"media_hash": "there", "storage_key": "chat/file", "content_sha256": hashlib.sha256(BODY).hexdigest()}
        facts |= {"size_bytes": len(BODY), "file_type": "application/pdf", "file_name": "a.pdf", "pinned": False}
        facts |= {"metadata": "{}", "renditions": "{}", "upload": "{}", "held": False}
        facts |= dict.fromkeys(("created_at", "updated_at"), "2026-01-01 00:00:00")
        facts = {name: value for name, value in facts.items() if name in names}
        marks = ",".join("?" * len(facts))
        link.execute(f"INSERT INTO media_attachment ({','.join(facts)}) VALUES ({marks})", list(facts.values()))
    return "/media/there"


def say(chat: ChatProcess, request: bytes) -> bytes:
    """The answer's first line; the connection ends with it."""
    with socket.create_connection((HOST, chat.port), timeout=5) as link:
        link.sendall(request)
        return link.recv(4096).partition(b"\r\n")[0]


def test_it_is_there(chat: ChatProcess, path: str) -> None:
    assert httpx.get(chat.url + path).content == BODY


@pytest.mark.parametrize(
    "target",
    [
        b"/media/",
        b"/media/%2e%2e%2fsecret",
        b"/media/a%2fb",
        b"/media/there%2f",
        b"/media/there%00",
        b"/media/%00",
        b"/media/%ff%fe",
        b"/media/%",
        b"/media/%zz",
        b"/media//there",
        b"/media/./there",
        b"/media/../media/there",
        b"/media/there;x=1",
        b"/media/" + b"x" * 10_000,
        b"/media/" + b"x" * 100_000,
        b"/media/" + b"%41" * 3_000,
        b"/api/chat/attachments/%2e%2e/download/",
        b"/api/chat/attachments//download/",
        b"/api/chat/attachments/x%2fdownload/",
        b"/api/chat/attachments/" + b"1" * 5_000 + b"/download/",
    ],
)
def test_an_address_of_a_wrong_shape_is_refused(chat: ChatProcess, path: str, target: bytes) -> None:
    line = say(chat, b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target)

    assert line.split(b" ")[1] in {b"400", b"401", b"404", b"414", b"431"}


@pytest.mark.parametrize(
    "header",
    [
        f"Range: bytes={RANGES}",
        f"Range: bytes={'9' * 5_000}-",
        "Range: bytes=0-18446744073709551616",
        "Range: bytes=-18446744073709551616",
        "Range: bytes=\u0660-\u0661",
        "Range: bytes= 0-1",
        "Range: bytes=0x0-0x1",
        "Range: bytes=5-2",
        "Range: \x00",
        "If-None-Match: " + '"x", ' * 2_000,
        "If-None-Match: \x00",
        "If-Range: Thu, 01 Jan 1970 00:00:00 GMT\r\nRange: bytes=0-1",
        "Cookie: " + "a=b; " * 3_000,
        "Authorization: Bearer \x00",
        "Content-Length: 5\r\nExpect: 100-continue",
    ],
)
def test_a_header_of_a_wrong_shape_is_ignored_or_refused(chat: ChatProcess, path: str, header: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\nhello"
    line = say(chat, request.encode("utf-8"))

    assert line.split(b" ")[1] in {b"100", b"200", b"400", b"416", b"431"}


def test_nothing_of_this_was_a_fault_of_ours(chat: ChatProcess, path: str) -> None:
    assert "Traceback" not in chat.log()
    assert httpx.get(chat.url + path, headers={"Range": "bytes=0-3"}).content == BODY[:4]
