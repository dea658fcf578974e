"""The webhook door of the running program: whatever Evolution may send is on disk before it hears 200."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.parts import Parts
from tests.process.chat_process import ChatProcess
from tests.servers import HOST, Postgres

TEXT = (Path(__file__).parents[1] / "payloads" / "001_upsert_text.json").read_bytes()
MiB = 1024 * 1024


class Scene:
    """One process on a PostgreSQL, and a look into its table of stored webhooks."""

    def __init__(self, chat: ChatProcess, database_url: str) -> None:
        self.chat = chat
        self.path = chat.demo()["webhook_url"].removeprefix(chat.url)
        self._database_url = database_url

    def post(self, body: bytes | Iterator[bytes], *, suffix: str = "", **headers: str) -> httpx.Response:
        return httpx.post(f"{self.chat.url}{self.path}{suffix}", content=body, headers=headers, timeout=60)

    def stored(self) -> list[tuple[str, bytes]]:
        with psycopg.connect(self._database_url) as link:
            rows = link.execute("SELECT event, body FROM chat_inboundevent ORDER BY id").fetchall()
        return [(event, bytes(body)) for event, body in rows]


@pytest.fixture(scope="module")
def scene(parts: Parts, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    database = f"door_{parts.vhost.replace('-', '_')}"
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as link:
        link.execute(f"CREATE DATABASE {database}")
    url = postgres.url_of(database)
    chat = ChatProcess(tmp_path_factory.mktemp("door"), {"DATABASE_URL": url, "DECODERS": "1"}).migrate()
    with chat:
        yield Scene(chat, url)


def unlike(number: int, **fields: Any) -> bytes:
    """A text message that is no redelivery of another."""
    body = json.loads(TEXT)
    body["data"]["key"]["id"] = f"DOOR{number:028d}"
    return json.dumps(body | fields).encode()


@pytest.mark.parametrize(
    ("suffix", "event"),
    [
        ("", "messages.upsert"),
        ("/", "messages.upsert"),
        ("/messages-upsert", "messages-upsert"),
        ("//messages-upsert", "messages-upsert"),
        ("/messages-upsert/", "messages-upsert"),
    ],
)
def test_every_form_of_the_address_is_taken(scene: Scene, suffix: str, event: str) -> None:
    body = unlike(hash(suffix) % 10**9)
    answer = scene.post(body, suffix=suffix)

    assert (answer.status_code, answer.json()) == (200, {"stored": True})
    assert (event, body.replace(b"TOKEN-CLINICA-01-0001", b"")) in scene.stored()


def test_a_foreign_host_and_odd_headers_change_nothing(scene: Scene) -> None:
    odd = {"Host": "evil.example", "Content-Type": "text/plain", "Origin": "https://evil.example", "X-Any": "thing"}

    assert scene.post(unlike(1), **odd).status_code == 200


@pytest.mark.parametrize("size", [3 * MiB, 60 * MiB])
def test_a_large_body_is_stored_whole(scene: Scene, size: int) -> None:
    body = unlike(size, filler="x" * size)
    answer = scene.post(body)

    assert answer.status_code == 200
    assert max(len(stored) for _, stored in scene.stored()) >= size


def test_a_body_above_the_limit_is_refused_before_it_is_read(scene: Scene) -> None:
    with socket.create_connection((HOST, scene.chat.port), 10) as link:
        link.sendall(f"POST {scene.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {101 * MiB}\r\n\r\n".encode())

        assert link.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_above_the_limit_of_its_address_is_cut_off(scene: Scene) -> None:
    chunks = (b"x" * MiB for _ in range(8))
    answer = httpx.post(f"{scene.chat.url}/api/auth/login/", content=chunks, timeout=60)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_chunked_body_is_stored(scene: Scene) -> None:
    body = unlike(2, filler="y" * 200_000)
    answer = scene.post(body[start : start + 10_000] for start in range(0, len(body), 10_000))

    assert answer.status_code == 200
    assert any(b"y" * 200_000 in stored for _, stored in scene.stored())


def test_a_caller_that_waits_for_100_continue_is_told_to_go_on(scene: Scene) -> None:
    body = unlike(3)
    head = f"POST {scene.path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((HOST, scene.chat.port), 10) as link:
        link.sendall(head.encode())
        assert link.recv(100).startswith(b"HTTP/1.1 100 Continue")
        link.sendall(body)

        assert link.recv(1000).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[1, 2, 3]",
        b"null",
        b'{"event": "messages.upsert", "data": "\\u0000 and \\ud800"}',
        b'{"event": "messages.upsert", "data": NaN}',
        b"\xff\xfe\x00\x01" * 100,
        b"[" * 4_000_000,
        b'{"a":' * 100_000,
    ],
    ids=["empty", "text", "array", "null", "nul-and-surrogate", "nan", "bytes", "deep-array", "deep-object"],
)
def test_what_cannot_be_understood_is_stored_all_the_same(scene: Scene, body: bytes) -> None:
    answer = scene.post(body)

    assert answer.status_code == 200
    assert body in [stored for _, stored in scene.stored()]


def test_a_retry_is_stored_once(scene: Scene) -> None:
    body = unlike(4)
    before = len(scene.stored())

    assert [scene.post(body).status_code for _ in range(3)] == [200, 200, 200]
    assert len(scene.stored()) == before + 1


def test_the_gateways_key_is_not_kept(scene: Scene) -> None:
    scene.post(unlike(5, apikey="a-key-that-must-not-be-kept"))

    assert not any(b"a-key-that-must-not-be-kept" in stored for _, stored in scene.stored())


def test_an_unknown_secret_is_404_and_stores_nothing(scene: Scene) -> None:
    before = len(scene.stored())
    answer = httpx.post(f"{scene.chat.url}/api/webhooks/evolution/no-such-secret", content=unlike(6))

    assert answer.status_code == 404
    assert len(scene.stored()) == before


def test_only_post_is_taken(scene: Scene) -> None:
    assert httpx.get(f"{scene.chat.url}{scene.path}").status_code == 405


def test_without_a_database_the_gateway_is_told_to_come_again(tmp_path: Path, private_postgres: Postgres) -> None:
    """503, never a 4xx; and once the database is back, so is the door, without a restart."""
    url = private_postgres.url_of("postgres")
    with ChatProcess(tmp_path, {"DATABASE_URL": url, "DECODERS": "1"}).migrate() as chat:
        scene = Scene(chat, url)
        private_postgres.kill9()
        down = scene.post(unlike(7))
        private_postgres.start()
        up = [scene.post(unlike(8)).status_code for _ in range(8)]

        assert down.status_code == 503
        assert int(down.headers["Retry-After"]) > 0
        assert up[-1] == 200
        assert b"DOOR" in scene.stored()[-1][1]
