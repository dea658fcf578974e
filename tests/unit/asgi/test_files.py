"""The addresses of files: who may read, for how long that is believed, and how it is said that something is wrong."""

import asyncio
import hashlib
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.http import HttpResponse
from django.utils import timezone

from asgi_workers.files import Files
from backend.chat import files as chat_files
from backend.chat import healing
from backend.lib.errors import Missing, TryLater
from backend.media import pieces
from backend.media.cache import media_cache
from backend.media.models import Attachment
from backend.media.storages import media_storage
from backend.tenants.models import ApiToken, Membership
from tests.cast import Member
from tests.ceph import Ceph
from tests.chaosproxy import ChaosProxy
from tests.visitor import Visitor, read

DAY = 24 * 3600
NOBODYS = "3f0c7c9e-8f0b-4d5e-9a3c-6f1f2d7b8a10"
BODY, SMALL = b"\xff\xd8\xff bytes of Acme" * 1000, b"RIFF small"


class Process:
    """One process's Files, which remembers, on a loop and a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.runner = asyncio.Runner()
        self.files = Files(clock=lambda: self.now)

    def close(self) -> None:
        self.runner.run(self.files.close())
        self.runner.close()


class Regular(Visitor):
    """A visitor of one process, again and again."""

    process: Process

    def read(self, environ: dict[str, Any]) -> HttpResponse:
        return self.process.runner.run(read(self.process.files, environ))


@pytest.fixture
def process(transactional_db: None) -> Iterator[Process]:
    made = Process()
    yield made
    made.close()


@pytest.fixture
def photo(ana: Member, tmp_path: Path, s3: object) -> Attachment:
    """Stored, completed, with a thumbnail beside it."""
    return put(ana, tmp_path, BODY, SMALL)


def put(member: Member, folder: Path, body: bytes, small: bytes) -> Attachment:
    key = f"chat/{member.tenant.pk}/unfiled/{uuid.uuid4()}.jpg"
    for name, data in ((key, body), (f"{key}_thumb.webp", small)):
        path = folder / "stored"
        path.write_bytes(data)
        media_storage().save_file(name, path, "image/jpeg")
    return Attachment.objects.create(
        tenant=member.tenant,
        file_name="férias.jpg",
        file_type="image/jpeg",
        size_bytes=len(body),
        status="completed",
        storage_type=media_storage().storage_type,
        storage_key=key,
        thumbnail_key=f"{key}_thumb.webp",
        renditions={"jpeg": f"{key}_thumb.webp"},
        metadata={"beside": {"thumbnail": [len(small), hashlib.sha256(small).hexdigest()]}},
        content_sha256=hashlib.sha256(body).hexdigest(),
    )


def as_regular(process: Process, member: Member | None = None, *, session: bool = False) -> Regular:
    visitor = Regular(headers={"Authorization": f"Bearer {member.token}"} if member and not session else None)
    visitor.process = process
    if member and session:
        visitor.force_login(member.user)
    return visitor


def download(photo: Attachment) -> str:
    return f"/api/chat/attachments/{photo.pk}/download/"


def said(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"] if answer.status_code >= 400 else ""


# --- What is answered -----------------------------------------------------------------------------------------------


def test_each_address_answers_with_its_bytes(process: Process, ana: Member, photo: Attachment) -> None:
    visitor = as_regular(process, ana)
    path = f"/api/chat/attachments/{photo.pk}"
    answers = [visitor.get(f"{path}/{name}") for name in ("download/", "thumbnail/", "renditions/jpeg")]
    answers.append(as_regular(process).get(f"/media/{photo.media_hash}", {"timestamp": "1"}))

    assert [answer.content for answer in answers] == [BODY, SMALL, SMALL, BODY]
    assert [answer["X-Content-Size"] for answer in answers] == [str(len(answer.content)) for answer in answers]
    assert answers[1]["ETag"] == f'"{hashlib.sha256(SMALL).hexdigest()}"'
    assert answers[3]["ETag"] == f'"{photo.content_sha256}"'
    assert [answer["X-Cache"] for answer in answers] == ["MISS", "MISS", "MISS", "HIT"]


def test_the_second_look_is_a_hit_and_the_browser_need_not_ask_for_bytes_again(
    process: Process, ana: Member, photo: Attachment
) -> None:
    visitor = as_regular(process, ana, session=True)
    first, second = visitor.get(download(photo)), visitor.get(download(photo))
    third = visitor.get(download(photo), headers={"If-None-Match": first["ETag"]})

    assert [first["X-Cache"], second["X-Cache"]] == ["MISS", "HIT"]
    assert (third.status_code, third.content) == (304, b"")


def test_another_process_finds_it_near_too(process: Process, ana: Member, photo: Attachment) -> None:
    as_regular(process, ana).get(download(photo))
    media_cache().hot.forget([f"media:{photo.media_hash}"])

    assert Visitor().get(f"/media/{photo.media_hash}")["X-Cache"] == "HIT"


# --- Who may --------------------------------------------------------------------------------------------------------


def end_session(member: Member) -> None:
    Session.objects.all().delete()


def leave(member: Member) -> None:
    Membership.objects.filter(user=member.user).delete()


def lose_token(member: Member) -> None:
    ApiToken.objects.filter(user=member.user).delete()


@pytest.mark.parametrize(("end", "session"), [(end_session, True), (leave, True), (leave, False), (lose_token, False)])
def test_who_may_no_longer_reads_nothing_five_seconds_later(
    process: Process, ana: Member, photo: Attachment, end: Any, session: bool
) -> None:
    visitor = as_regular(process, ana, session=session)
    assert visitor.get(download(photo)).status_code == 200
    end(ana)
    process.now = 5.1

    assert visitor.get(download(photo)).status_code == 401


def test_it_is_looked_up_once_in_five_seconds(
    process: Process, ana: Member, photo: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = as_regular(process, ana)
    assert visitor.get(download(photo)).status_code == 200
    monkeypatch.setattr(process.files, "_database", None)

    for process.now in (1.0, 2.0, 4.9):
        assert visitor.get(download(photo)).status_code == 200


def test_another_company_knows_of_nothing(process: Process, ana: Member, carla: Member, photo: Attachment) -> None:
    as_regular(process, ana).get(download(photo))
    stranger = as_regular(process, carla)
    for status in ("completed", "expired", "failed"):
        Attachment.objects.filter(pk=photo.pk).update(status=status)
        for name in ("download/", "thumbnail/", "renditions/jpeg", "renditions/none"):
            answer = stranger.get(f"/api/chat/attachments/{photo.pk}/{name}")
            assert said(answer) == (404, "no_such_attachment")


def test_nobody_is_asked_who_they_are(process: Process, photo: Attachment) -> None:
    answer = as_regular(process).get(download(photo))

    assert (said(answer), answer["WWW-Authenticate"]) == ((401, "not_logged_in"), "Bearer")


def test_a_stolen_word_is_not_what_is_remembered(process: Process, ana: Member, photo: Attachment) -> None:
    as_regular(process, ana).get(download(photo))

    assert ana.token not in repr(vars(process.files._callers))


# --- How long -------------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_ready_is_visible_the_moment_it_is(process: Process, ana: Member, photo: Attachment) -> None:
    Attachment.objects.filter(pk=photo.pk).update(status="processing")
    visitor = as_regular(process, ana)
    assert said(visitor.get(download(photo))) == (404, "not_readable")
    assert said(visitor.get(f"/media/{photo.media_hash}")) == (404, "not_readable")
    Attachment.objects.filter(pk=photo.pk).update(status="completed")

    assert visitor.get(download(photo)).status_code == 200
    assert visitor.get(f"/media/{photo.media_hash}").status_code == 200


def test_an_expired_file_is_gone_for_all_within_five_seconds(process: Process, ana: Member, photo: Attachment) -> None:
    visitor = as_regular(process, ana)
    paths = [download(photo), f"/media/{photo.media_hash}"]
    assert [visitor.get(path).status_code for path in paths] == [200, 200]
    Attachment.objects.filter(pk=photo.pk).update(status="expired")
    process.now = 5.1

    assert [said(visitor.get(path)) for path in paths] == [(410, "expired")] * 2


@pytest.mark.parametrize(("days", "pinned"), [(None, False), (3, True), (3, False), (1000, False)])
def test_a_browser_keeps_a_file_no_longer_than_we_do(
    process: Process, ana: Member, photo: Attachment, days: int | None, pinned: bool
) -> None:
    expires_at = days and timezone.now() + timedelta(days=days)
    Attachment.objects.filter(pk=photo.pk).update(expires_at=expires_at, pinned=pinned)
    paths = [download(photo), f"/api/chat/attachments/{photo.pk}/thumbnail/", f"/media/{photo.media_hash}"]
    told = [as_regular(process, ana).get(path)["Cache-Control"] for path in paths]

    seconds = {int(one.removeprefix("private, max-age=").removesuffix(", immutable")) for one in told}
    if days == 3 and not pinned:
        assert all(3 * DAY - 60 < one <= 3 * DAY for one in seconds)
    else:
        assert seconds == {365 * DAY}


@pytest.mark.parametrize(("pinned", "status"), [(False, 410), (True, 200)])
def test_past_its_time_it_is_gone_whether_the_sweeper_was_there_or_not(
    process: Process, ana: Member, photo: Attachment, pinned: bool, status: int
) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Attachment.objects.filter(pk=photo.pk).update(expires_at=past, pinned=pinned)

    assert as_regular(process, ana).get(download(photo)).status_code == status


# --- What goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/a/b",
        "/media/%2e%2e%2fsecret",
        "/media/a%00b",
        "/media/" + "x" * 33,
        "/media/" + "x" * 5000,
        "/media/é",
        "/media/a b",
        "/media/unknown",
        "/media//unknown",
        "/media/unknown/",
        "/api/chat/attachments/1/download/",
        "/api/chat/attachments/%00/download/",
        "/api/chat/attachments/..%2f..%2fx/download/",
        f"/api/chat/attachments/{NOBODYS}%2f/download/",
        f"/api/chat/attachments/{NOBODYS}/download/",
        f"/api/chat/attachments/{NOBODYS}/renditions/%00",
        f"/api/chat/attachments/{NOBODYS}/renditions/..%2f..%2fetc",
    ],
)
def test_an_address_of_a_wrong_shape_names_nothing(process: Process, ana: Member, path: str) -> None:
    answer = as_regular(process, ana).get(path)

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_files_are_only_read_there(process: Process, ana: Member, photo: Attachment, method: str) -> None:
    for path in (download(photo), f"/media/{photo.media_hash}"):
        answer = getattr(as_regular(process, ana), method)(path)
        assert (said(answer), answer["Allow"]) == ((405, "method_not_allowed"), "GET, HEAD")


@pytest.mark.parametrize(
    "cookie", ["sessionid=\x00", 'sessionid="\\000aaaaaaaaaaaa"', "sessionid=" + "x" * 5000, "=;=;", "\xff" * 50]
)
def test_a_cookie_of_any_shape_is_nobody(process: Process, photo: Attachment, cookie: str) -> None:
    answer = as_regular(process).get(download(photo), headers={"Cookie": cookie})

    assert answer.status_code == 401


@pytest.mark.parametrize("word", ["Bearer", "Bearer ", "Bearer \x00", "Basic x", "Bearer " + "x" * 5000, "\xff"])
def test_an_authorization_of_any_shape_is_nobody(process: Process, photo: Attachment, word: str) -> None:
    assert said(as_regular(process).get(download(photo), headers={"Authorization": word})) == (401, "invalid_token")


def test_ten_thousand_ranges_are_the_whole_file(process: Process, photo: Attachment) -> None:
    many = "bytes=" + ",".join(f"{number}-{number}" for number in range(10_000))
    answer = as_regular(process).get(f"/media/{photo.media_hash}", headers={"Range": many})

    assert (answer.status_code, answer.content) == (200, BODY)


def test_without_the_database_it_is_said_when_to_come_again(
    process: Process, photo: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(media_hash: str) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(chat_files, "by_hash", away)
    answer = as_regular(process).get(f"/media/{photo.media_hash}")

    assert (said(answer), answer["Retry-After"]) == ((503, "database_unavailable"), "5")


class NoStorage:
    """Is away, and says so."""

    storage_type = "s3"

    def read_piece(self, key: str, start: int, length: int) -> bytes:
        raise TryLater("storage_unavailable")


def test_without_the_storage_what_is_near_is_answered_and_the_rest_is_503(
    process: Process, ana: Member, photo: Attachment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, other = as_regular(process, ana), put(ana, tmp_path, BODY + b"!", SMALL)
    visitor.get(download(photo))
    visitor.get(f"/api/chat/attachments/{photo.pk}/thumbnail/")
    media_cache().hot.forget([f"media:{photo.media_hash}"])
    process.now = 6.0
    monkeypatch.setattr(pieces, "media_storage", lambda _: NoStorage())

    assert visitor.get(download(photo)).content == BODY
    assert visitor.get(f"/api/chat/attachments/{photo.pk}/thumbnail/").content == SMALL
    refused = visitor.get(download(other))
    assert (said(refused), refused["Retry-After"]) == ((503, "storage_unavailable"), "5")


@pytest.mark.parametrize(("is_open", "method"), [(True, "get"), (True, "head"), (False, "get")])
def test_an_object_that_is_gone_is_told_to_who_can_fetch_it_again(
    process: Process, ana: Member, photo: Attachment, monkeypatch: pytest.MonkeyPatch, is_open: bool, method: str
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(healing, "object_gone", told.append)
    media_storage().delete(photo.storage_key)
    path = f"/media/{photo.media_hash}" if is_open else download(photo)
    answer = getattr(as_regular(process, ana), method)(path)

    assert (said(answer), answer["Retry-After"], told) == ((404, "object_gone"), "5", [photo.pk])


def test_an_old_row_that_does_not_know_what_lies_beside_it_is_answered_too(
    process: Process, ana: Member, photo: Attachment
) -> None:
    Attachment.objects.filter(pk=photo.pk).update(metadata={})
    answer = as_regular(process, ana).get(f"/api/chat/attachments/{photo.pk}/thumbnail/")

    assert (answer.content, answer["X-Content-Size"]) == (SMALL, str(len(SMALL)))
    assert as_regular(process, ana).get(f"/api/chat/attachments/{photo.pk}/thumbnail/")["X-Cache"] == "HIT"


@pytest.fixture
def silence(s3: Ceph, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChaosProxy]:
    """The storage as seen over a line that carries nothing once `is_silent`."""
    storage: Any = media_storage()
    with ChaosProxy(s3.port + 1) as line:
        monkeypatch.setattr(storage, "endpoint_url", f"http://127.0.0.1:{line.port}")
        for name in ("client", "impatient"):
            monkeypatch.setitem(vars(storage), name, None)  # put back at the end
            del vars(storage)[name]
        yield line
        line.heal()


def test_a_silent_storage_keeps_nobody_from_what_is_near(
    process: Process, ana: Member, photo: Attachment, tmp_path: Path, silence: ChaosProxy
) -> None:
    """Rows of old files do not say how large their thumbnails are, and somebody has lost what lies behind others."""
    as_regular(process, ana).get(download(photo))
    old = [put(ana, tmp_path, BODY + bytes([number]), SMALL) for number in range(settings.FILES_POOL)]
    Attachment.objects.filter(pk__in=[one.pk for one in old]).update(metadata={})
    silence.is_silent = True
    process.now = 6.0
    thumbnails = [f"/api/chat/attachments/{one.pk}/thumbnail/" for one in old]

    async def all_at_once() -> tuple[HttpResponse, list[HttpResponse]]:
        waiting = [asyncio.create_task(read(process.files, asked(path, ana))) for path in thumbnails]
        await asyncio.sleep(0.5)
        near = await asyncio.wait_for(read(process.files, asked(download(photo), ana)), 2)
        return near, await asyncio.wait_for(asyncio.gather(*waiting), 5)

    near, others = process.runner.run(all_at_once())
    assert (near.status_code, near.content) == (200, BODY)
    assert {(answer.status_code, answer["Retry-After"]) for answer in others} == {(503, "5")}


def test_healing_keeps_nobody_from_what_is_near(
    process: Process, ana: Member, photo: Attachment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_regular(process, ana).get(download(photo))
    lost = [put(ana, tmp_path, BODY + bytes([number]), SMALL) for number in range(settings.FILES_POOL)]
    for one in lost:
        media_storage().delete(one.storage_key)
    is_over = threading.Event()
    monkeypatch.setattr(healing, "object_gone", lambda _: is_over.wait(10))
    process.now = 6.0

    async def all_at_once() -> HttpResponse:
        waiting = [asyncio.create_task(read(process.files, asked(download(one), ana))) for one in lost]
        await asyncio.sleep(0.5)
        near = await asyncio.wait_for(read(process.files, asked(download(photo), ana)), 2)
        is_over.set()
        await asyncio.gather(*waiting)
        return near

    assert process.runner.run(all_at_once()).content == BODY


def asked(path: str, member: Member) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "9.9.9.9",
        "HTTP_AUTHORIZATION": f"Bearer {member.token}",
    }


def test_an_object_that_goes_while_it_is_read_is_told_too(
    process: Process, ana: Member, tmp_path: Path, s3: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(healing, "object_gone", told.append)
    large = put(ana, tmp_path, bytes(4 * 1024 * 1024), SMALL)
    sent: list[dict[str, Any]] = []

    async def lose_it_after_the_first_piece() -> None:
        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body" and len(sent) == 1:
                await asyncio.to_thread(media_storage().delete, large.storage_key)
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": f"/media/{large.media_hash}", "query_string": b""}
        await process.files(scope | {"headers": []}, asyncio.Event().wait, send)

    with pytest.raises(Missing):  # an answer that has begun can only be broken off
        process.runner.run(lose_it_after_the_first_piece())
    assert told == [large.pk]


def test_a_reader_who_leaves_ends_the_answer(process: Process, ana: Member, tmp_path: Path, s3: object) -> None:
    large = put(ana, tmp_path, bytes(4 * 1024 * 1024), SMALL)
    sent: list[dict[str, Any]] = []

    async def leave_after_the_first_piece() -> None:
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if message["type"] == "http.response.body":
                gone.set()
            await asyncio.sleep(0)

        path = f"/media/{large.media_hash}"
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
        await process.files(scope, receive, send)

    process.runner.run(leave_after_the_first_piece())

    assert sum(len(message.get("body", b"")) for message in sent) < 2 * 1024 * 1024


def test_what_it_is_called_is_said_in_old_words_and_new(process: Process, photo: Attachment) -> None:
    answer = as_regular(process).get(f"/media/{photo.media_hash}")

    assert answer["Content-Disposition"] == "inline; filename=\"f_rias.jpg\"; filename*=UTF-8''f%C3%A9rias.jpg"
