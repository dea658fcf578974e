"""A file may do anything to a decoder; the next file is none the worse for it, nor is the server."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend.media import decoders as module
from backend.media.decoders import Decoded, Decoders
from tests.unit.media import samples

START = "import sys; sys.path.insert(0, sys.argv[1]); from tests.unit.media import hostile; hostile.main()"
Make = Callable[..., Decoders]


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Make]:
    made: list[Decoders] = []

    def make(count: int = 1, **options: object) -> Decoders:
        chosen = {"start": START, "directory": lambda: tmp_path, **options}
        made.append(Decoders(count, **chosen))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo"
    path.write_bytes(samples.jpeg())
    return path


def ask(pool: Decoders, path: Path, mime: str = "image/jpeg") -> Decoded:
    return pool.decode(path, mime=mime, kind="image")


def is_fine(decoded: Decoded) -> bool:
    assert (decoded.warnings, decoded.error) == ((), "")
    assert decoded.thumbnail is not None
    return decoded.metadata == {"width": 640, "height": 480}


@pytest.mark.parametrize("codec_threads", [2, 32])
@pytest.mark.parametrize("act", ["_allocate", "_spin", "_sleep", "_abort", "_babble", "_lie"])
def test_a_file_that_does_its_worst_is_followed_by_one_that_is_fine(pool, photo, act, codec_threads):
    one = pool(cpu_seconds=1, wall_seconds=20.0 if act != "_sleep" else 1.0, codec_threads=codec_threads)
    assert is_fine(ask(one, photo))
    assert ask(one, photo, f"image/{act}").warnings == ("decoder_failed",)
    assert is_fine(ask(one, photo))


@pytest.mark.parametrize("codec_threads", [2, 32])
def test_a_large_video_fits_the_limits_however_many_threads_are_asked_for(pool, tmp_path, codec_threads):
    path = tmp_path / "video"
    path.write_bytes(samples.video(width=3840, height=2160, seconds=1, sound=False))
    decoded = pool(codec_threads=codec_threads).decode(path, mime="video/mp4", kind="video")
    assert (decoded.warnings, decoded.error) == ((), "")
    assert (decoded.metadata["width"], decoded.metadata["height"]) == (3840, 2160)
    assert set(decoded.renditions) == {"poster"}


def test_an_endless_allocation_does_not_reach_the_server(pool, photo):
    def resident_kib() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4

    one = pool()
    ask(one, photo)
    before = resident_kib()
    ask(one, photo, "image/_allocate")
    assert resident_kib() - before < 16 * 1024


def test_a_file_cannot_fill_the_disk(pool, photo, tmp_path):
    one = pool()
    assert ask(one, photo, "image/_fill").renditions == {}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1024 * 1024
    assert is_fine(ask(one, photo))


def test_a_link_instead_of_a_picture_is_thrown_away(pool, photo, tmp_path):
    assert ask(pool(), photo, "image/_leak").thumbnail is None
    assert [path.name for path in tmp_path.iterdir()] == ["photo"]


def test_what_a_library_prints_is_no_answer(pool, photo):
    one = pool()
    assert ask(one, photo, "image/_print").warnings == ()
    assert is_fine(ask(one, photo))


def test_what_a_library_throws_is_a_warning_and_the_process_lives_on(pool, photo):
    one = pool()
    one.warm()
    before = pids(one)
    assert ask(one, photo, "image/_throw").warnings == ("thumbnail_failed",)
    assert is_fine(ask(one, photo))
    assert pids(one) == before


def test_a_decoder_has_nothing_of_ours(pool, photo, tmp_path, monkeypatch):
    monkeypatch.setenv("S3_SECRET_KEY", "secret")
    kept_open = (tmp_path / "photo").open("rb")
    environment, nice, descriptors, directory, threads = ask(pool(), photo, "image/_tell").detail.split()
    kept_open.close()
    # Python sets the one itself where the locale is C: PEP 538
    assert (environment, nice, directory, threads) == ("LC_CTYPE", "10", str(tmp_path), "2")
    # 0, 1, 2, our answers, and the directory being listed
    assert int(descriptors) <= 5


def test_decoders_start_before_they_are_needed(pool):
    one = pool(3)
    assert pids(one) == []
    one.warm()
    assert len(pids(one)) == 3
    one.warm()
    assert len(pids(one)) == 3


def test_a_decoder_is_replaced_after_its_share_of_files(pool, photo, monkeypatch):
    monkeypatch.setattr(module, "FILES_PER_CHILD", 2)
    one = pool()
    seen = []
    for _ in range(4):
        ask(one, photo)
        seen += pids(one)
    assert seen[0] != seen[1] == seen[2] != seen[3]


def test_threads_share_the_decoders_and_each_gets_its_own_answer(pool, tmp_path):
    one = pool(2)

    def size_of(width: int) -> int | None:
        path = tmp_path / f"photo-{width}"
        path.write_bytes(samples.jpeg(width, 40))
        return ask(one, path).metadata.get("width")

    widths = list(range(60, 90))
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(size_of, widths)) == widths


def test_decoders_end_with_the_server(pool, photo):
    one = pool(2)
    one.warm()
    running = pids(one)
    one.close()
    assert [pid for pid in running if Path(f"/proc/{pid}").exists()] == []


def test_a_type_that_is_never_opened_needs_no_decoder(pool, photo):
    one = pool()
    assert one.decode(photo, mime="application/zip", kind="document") == Decoded()
    assert pids(one) == []


def test_the_server_goes_on_while_a_file_is_decoded(pool, photo):
    one = pool(cpu_seconds=1)
    busy = threading.Thread(target=ask, args=(one, photo, "image/_spin"))
    busy.start()
    turns, ends_at = 0, time.monotonic() + 0.5
    while time.monotonic() < ends_at:
        time.sleep(0.001)
        turns += 1
    busy.join()
    assert turns > 100


def pids(pool: Decoders) -> list[int]:
    return [child.pid for child in pool._free.queue if child is not None]
