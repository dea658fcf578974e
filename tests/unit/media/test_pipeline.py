"""From bytes to a file that is stored, understood and known to be readable."""

import asyncio
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from backend.lib.errors import ChatError, Refused, TryLater
from backend.media import pipeline, storages
from backend.media.cache import key_of, media_cache
from backend.media.decoders import Decoders
from backend.media.local import LocalMediaStorage
from backend.media.pipeline import Ingested, chat_key
from backend.media.spool import spool_root
from backend.media.storages import MediaStorage, Stat
from backend.realtime.wire import Metadata
from tests.ceph import Ceph
from tests.parts import EMBEDDED
from tests.unit.media import samples


@pytest.fixture(scope="module")
def pool() -> Iterator[Decoders]:
    made = Decoders(1)
    yield made
    made.close()


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MediaStorage:
    made = LocalMediaStorage(location=tmp_path / "media")
    monkeypatch.setattr(pipeline, "media_storage", lambda: made)
    return made


@pytest.fixture(autouse=True)
def _nothing_is_left_in_the_spool() -> Iterator[None]:
    yield
    assert list(spool_root().iterdir()) == []


def taken(body: bytes, kind: str, file_name: str = "", **options: Any) -> Ingested:
    chosen = {"key_for": lambda name: chat_key("acme", "talk", "1", name), **options}
    with pipeline.spool([body], limit_bytes=pipeline.limit_bytes(kind)) as spooled:
        return pipeline.store(spooled, kind=kind, file_name=file_name, **chosen)


def refusal(body: bytes, kind: str, **options: Any) -> ChatError:
    with pytest.raises(ChatError) as raised:
        taken(body, kind, **options)
    return raised.value


def read(storage: MediaStorage, key: str) -> bytes:
    return b"".join(storage.read_range(key))


def test_a_photo_is_stored_with_everything_that_is_known_of_it(storage, pool):
    body = samples.jpeg(orientation=6)
    done = taken(body, "image", "férias.png", pool=pool)
    thumbnail = read(storage, done.thumbnail_key)
    assert done == Ingested(
        file_name="férias.jpg",
        file_type="image/jpeg",
        size_bytes=len(body),
        content_sha256=hashlib.sha256(body).hexdigest(),
        storage_type="local",
        storage_key="chat/acme/talk/1_ferias.jpg",
        thumbnail_key="chat/acme/talk/1_ferias.jpg_thumb.webp",
        renditions={},
        beside={"thumbnail": (len(thumbnail), hashlib.sha256(thumbnail).hexdigest())},
        metadata={"width": 480, "height": 640},
        warnings=(),
    )
    assert read(storage, done.storage_key) == body
    assert Image.open(io.BytesIO(thumbnail)).size == (240, 320)


def test_what_was_stored_lies_near_already(storage, pool):
    async def all_of(*names: str) -> list[bytes | None]:
        near = media_cache().shelf.on_loop()
        try:
            return [await near.get(key_of("a-hash", name)) for name in names]
        finally:
            await near.close()

    done = taken(samples.voice(), "voice", "", pool=pool, media_hash="a-hash")
    wanted = [read(storage, key) for key in (done.storage_key, done.renditions["aac"])]

    assert asyncio.run(all_of("", "aac")) == wanted


@pytest.mark.parametrize(
    ("make", "kind", "facts", "renditions"),
    [
        (samples.heic, "image", {"width", "height"}, {"jpeg"}),
        (samples.moving_webp, "sticker", {"width", "height", "animated"}, set()),
        (samples.video, "video", {"width", "height", "duration"}, {"poster"}),
        (samples.voice, "voice", {"duration", "waveform"}, {"aac"}),
        (samples.pdf, "document", {"pages"}, {"poster"}),
        (samples.docx, "document", set(), set()),
        (samples.archive, "document", set(), set()),
        (lambda: samples.archive("animation/animation.json"), "sticker", set(), set()),
        (samples.jpeg, "document", {"width", "height"}, set()),
    ],
)
def test_every_kind_is_understood_as_far_as_it_can_be(storage, pool, make, kind, facts, renditions):
    body = make()
    done = taken(body, kind, pool=pool)
    assert set(done.metadata) == facts
    assert set(done.renditions) == renditions
    assert read(storage, done.storage_key) == body
    for key in done.renditions.values():
        assert read(storage, key)[:2] == b"\xff\xd8" or read(storage, key)[4:8] == b"ftyp"
    assert Metadata(**done.metadata)


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (samples.pdf(), "image", "not_what_it_says"),
        (samples.voice(), "video", "not_what_it_says"),
        (samples.jpeg(), "sticker", "not_what_it_says"),
        (b"MZ" + bytes(500), "document", "type_not_allowed"),
        (b"<!DOCTYPE html><html>login", "image", "not_a_file"),
        (b"\xff\xd8\xff" + bytes(500), "image", "undecodable"),
        (samples.huge_png(), "image", "too_many_pixels"),
        (b"\0\0\0\x18ftypmp42" + bytes(500), "video", "undecodable"),
        (b"ID3" + bytes(5000), "audio", "undecodable"),
    ],
)
def test_bytes_that_are_not_what_the_kind_allows_fail_and_say_why(storage, pool, tmp_path, body, kind, code):
    error = refusal(body, kind, pool=pool)
    assert (type(error), error.code) == (Refused, code)
    assert not (tmp_path / "media").exists()


@pytest.mark.parametrize(
    ("body", "warning"),
    [(samples.huge_png(), "too_many_pixels"), (b"\xff\xd8\xff" + bytes(500), "undecodable"),
     (b"%PDF-1.7 nothing", "pdf_unreadable"), (samples.noise(800, 600)[:20_000], "thumbnail_failed")],
)  # fmt: skip
def test_a_document_that_cannot_be_shown_is_still_delivered(storage, pool, body, warning):
    done = taken(body, "document", pool=pool)
    assert (done.warnings, done.thumbnail_key) == ((warning,), "")
    assert read(storage, done.storage_key) == body


def test_a_dead_decoder_costs_the_thumbnail_only(storage):
    pool = Decoders(1, start="import sys; sys.exit(1)")
    done = taken(samples.jpeg(), "image", pool=pool)
    pool.close()
    assert (done.warnings, done.thumbnail_key) == (("decoder_failed",), "")


def test_ready_means_readable(storage, pool, monkeypatch):
    monkeypatch.setattr(storage, "stat", lambda key: Stat(size=1, modified_at=None))
    error = refusal(samples.jpeg(), "image", pool=pool)
    assert (type(error), error.code) == (TryLater, "read_back_failed")


def test_a_storage_that_loses_what_it_took_is_noticed(storage, pool, monkeypatch):
    monkeypatch.setattr(storage, "save_file", lambda *_, **__: None)
    assert refusal(samples.jpeg(), "image", pool=pool).code == "read_back_failed"


def test_a_storage_that_is_away_is_tried_later(storage, pool, tmp_path):
    (tmp_path / "media").write_text("not a directory")
    error = refusal(samples.jpeg(), "image", pool=pool)
    assert (type(error), error.code) == (TryLater, "storage_unavailable")


def test_doing_it_twice_gives_the_same(storage, pool):
    assert taken(samples.jpeg(), "image", pool=pool) == taken(samples.jpeg(), "image", pool=pool)


def test_progress_tells_each_stage_from_its_beginning(storage, pool):
    told: list[tuple[str, int, int]] = []
    body = samples.jpeg()

    def told_of(stage: str, done: int, total: int) -> None:
        told.append((stage, done, total))

    size, pieces = len(body), [body[:9], body[9:]]
    tell = pipeline.Paced(told_of)
    with pipeline.spool(pieces, limit_bytes=size, announced_bytes=size, on_progress=tell) as spooled:
        pipeline.store(spooled, kind="image", file_name="", key_for=lambda _: "chat/a", pool=pool, on_progress=tell)
    assert told == [
        ("downloading", 9, size),
        ("processing", 0, size),
        ("storing", 0, size),
    ]


def test_keys_lie_where_a_lifecycle_rule_expects_them():
    assert chat_key("t", "c", "i", "Relatório 1/2.pdf") == "chat/t/c/i_2.pdf"
    assert chat_key("t", None, "i", "ação.pdf") == "chat/t/unfiled/i_acao.pdf"
    assert pipeline.profile_pic_key("t", "abc") == "profile_pics/t/abc.jpg"
    for key in (chat_key("t", "c", "i", name) for name in ("", "..", ".x", "a" * 300, "a\0b", "-x", "é.é")):
        assert storages.check_key(key)


def test_the_real_storage_takes_the_whole_journey(s3, pool):
    key = f"chat/acme/talk/{hashlib.sha256(b'journey').hexdigest()[:8]}_v.mp4"
    done = taken(samples.video(), "video", "v.mp4", key_for=lambda _: key, pool=pool)
    storage = storages.media_storage()
    assert (done.storage_type, done.storage_key) == ("s3", key)
    assert read(storage, key) == samples.video()
    assert storage.stat(done.thumbnail_key).mime == "image/webp"
    assert storage.stat(done.renditions["poster"]).mime == "image/jpeg"


MEASURED = """
import json, sys
import django
django.setup()
from backend.media import pipeline
from backend.media.decoders import Decoders
pool = Decoders(1)
def peak_kib():
    # getrusage would tell the largest of this process and of what it was forked from
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
def chunks(path):
    with open(path, "rb") as file:
        while chunk := file.read(65536):
            yield chunk
def journey(path):
    with pipeline.spool(chunks(path), limit_bytes=60_000_000) as spooled:
        return pipeline.store(spooled, kind="video", file_name="v.mp4", key_for=lambda n: "chat/a/b/" + n, pool=pool)
journey(sys.argv[1])
before = peak_kib()
done = journey(sys.argv[2])
grown = peak_kib() - before
heavy = sorted(name for name in sys.modules if name in ("boto3", "av", "PIL", "pypdfium2", "pillow_heif"))
print(json.dumps([grown, done.size_bytes, sorted(done.metadata), heavy]))
"""


@pytest.mark.parametrize("kind", ["local"] if EMBEDDED else ["local", "s3"])
def test_a_video_of_fifty_megabytes_costs_the_server_almost_no_memory(tmp_path, settings, request, kind):
    # 50 MB of a real video: a box that players skip follows the pictures.
    small, large = tmp_path / "small.mp4", tmp_path / "large.mp4"
    small.write_bytes(samples.video())
    filling = 50 * 1024 * 1024 - len(samples.video()) - 8
    with large.open("wb") as file:
        file.write(samples.video() + (filling + 8).to_bytes(4, "big") + b"free")
        file.truncate(50 * 1024 * 1024)
    environment = {"DJANGO_SETTINGS_MODULE": "backend.settings", "SECRET_KEY": "x", "DEBUG": "1"}
    environment["DATA_DIR"] = str(tmp_path)
    if kind == "s3":
        ceph: Ceph = request.getfixturevalue("s3")
        environment |= {"S3_BUCKET": settings.S3_BUCKET, "S3_ENDPOINT_URL": ceph.url}
        environment |= {"S3_ACCESS_KEY": ceph.access_key, "S3_SECRET_KEY": ceph.secret_key}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(small), str(large)],
        env=environment,
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    grown_kib, size, facts, heavy = json.loads(done.stdout)
    assert (size, facts) == (50 * 1024 * 1024, ["duration", "height", "width"])
    assert heavy == (["boto3"] if kind == "s3" else [])
    assert grown_kib < 16 * 1024
