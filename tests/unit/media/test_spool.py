"""Bytes come in capped, counted and hashed, or they do not come in at all."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.lib.errors import ChatError, Refused, TryLater
from backend.media.spool import Paced, paced, spool, spool_first, spool_root, sweep

BODY = b"0123456789" * 100


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings) -> Path:
    settings.SPOOL_ROOT = tmp_path / "spool"
    return spool_root()


@dataclass(frozen=True)
class Rung:
    """A way that answers as told."""

    says: bytes | ChatError
    sha256: bytes | None = None
    size_bytes: int | None = None

    @property
    def open(self) -> Callable[[int], AbstractContextManager[Iterator[bytes]]]:
        @contextmanager
        def opened(limit_bytes: int) -> Iterator[Iterator[bytes]]:
            if isinstance(self.says, ChatError):
                raise self.says
            yield iter([self.says])

        return opened


def test_a_file_is_spooled_whole_and_gone_after_its_block(root):
    with spool([BODY[:300], BODY[300:]], limit_bytes=1000) as spooled:
        assert spooled.path.read_bytes() == BODY
        assert (spooled.size_bytes, spooled.sha256) == (1000, hashlib.sha256(BODY).hexdigest())
        assert list(root.iterdir()) == [spooled.path]
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "kind", "code"),
    [
        ({"limit_bytes": 999}, Refused, "file_too_large"),
        ({"expected_sha256": bytes(32)}, TryLater, "digest_mismatch"),
        ({"announced_bytes": 999}, TryLater, "more_than_announced"),
    ],
)
def test_what_is_wrong_with_the_bytes_is_said_and_nothing_is_left(root, options, kind, code):
    with pytest.raises(kind) as raised:
        spool([BODY], **{"limit_bytes": 1000, **options})
    assert raised.value.code == code
    assert list(root.iterdir()) == []


def test_an_empty_file_is_refused(root):
    with pytest.raises(Refused) as raised:
        spool([], limit_bytes=1000)
    assert raised.value.code == "empty_file"


def test_an_announced_size_gives_way_to_a_digest_that_holds():
    with spool([BODY], limit_bytes=1000, expected_sha256=hashlib.sha256(BODY).digest(), announced_bytes=1) as spooled:
        assert spooled.size_bytes == 1000


def test_a_source_that_breaks_leaves_nothing(root):
    def breaking() -> Iterator[bytes]:
        yield BODY
        raise TryLater("cut_short")

    with pytest.raises(TryLater):
        spool(breaking(), limit_bytes=5000)
    assert list(root.iterdir()) == []


def test_a_full_disk_is_tried_later(root, monkeypatch):
    monkeypatch.setattr("backend.media.spool.spool_root", lambda: root / "not there")
    with pytest.raises(TryLater) as raised:
        spool([BODY], limit_bytes=5000)
    assert raised.value.code == "spool_unavailable"


def test_progress_is_told_at_most_four_times_in_any_second():
    now, told = [0.0], []
    tell = Paced(lambda stage, done, total: told.append((now[0], stage)), clock=lambda: now[0])
    for step in range(1000):
        tell("downloading" if step < 450 else "processing" if step < 480 else "storing", step, 1000)
        now[0] += 0.01
    moments = [moment for moment, _ in told]
    assert max(sum(start <= moment < start + 1 for moment in moments) for start in moments) <= 4
    assert {stage for _, stage in told} == {"downloading", "processing", "storing"}
    assert 28 <= len(told) <= 34


def test_the_pace_is_one_for_all_steps():
    tell = Paced(lambda *_: None)
    assert paced(tell) is tell


def test_the_next_way_is_tried_whatever_is_wrong_with_this_one():
    ways = [
        Rung(TryLater("media_host_down")),
        Rung(Refused("media_gone")),
        Rung(b""),
        Rung(b"other", hashlib.sha256(BODY).digest()),
        Rung(BODY, hashlib.sha256(BODY).digest()),
        Rung(AssertionError("not reached")),
    ]
    with spool_first(ways, limit_bytes=1000) as spooled:
        assert spooled.size_bytes == 1000


@pytest.mark.parametrize(
    ("ways", "kind", "code"),
    [
        ([], Refused, "media_gone"),
        ([Rung(Refused("media_gone")), Rung(Refused("bad_url"))], Refused, "media_gone"),
        ([Rung(Refused("media_gone")), Rung(TryLater("gateway_down"))], TryLater, "gateway_down"),
        ([Rung(BODY, bytes(32)), Rung(TryLater("gateway_down"))], TryLater, "digest_mismatch"),
        ([Rung(BODY * 2), Rung(BODY)], Refused, "file_too_large"),
    ],
)
def test_when_no_way_holds_it_says_why_and_whether_to_try_again(ways, kind, code):
    with pytest.raises(kind) as raised:
        spool_first(ways, limit_bytes=1000)
    assert raised.value.code == code


def test_what_a_killed_process_left_is_swept(root):
    for name, age in (("old", 7200), ("new", 60)):
        (root / name).write_bytes(b"x")
        os.utime(root / name, (time.time() - age, time.time() - age))
    assert sweep() == 1
    assert [path.name for path in root.iterdir()] == ["new"]


def test_only_we_may_look_into_the_spool(root):
    assert root.stat().st_mode & 0o777 == 0o700
