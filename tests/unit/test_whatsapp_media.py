"""WhatsApp's encrypted files come out as they went in, or not at all."""

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.gateways.whatsapp_media import decrypted
from backend.lib.errors import Refused, TryLater
from tests.unit.whatsapp_cipher import KEY, Sealed, hkdf, seal

PLAIN = bytes(range(256)) * 40 + b"the end"


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def opened(
    sealed: Sealed, *, body: bytes | None = None, kind: str = "image", size: int = 1000, **digests: bytes
) -> bytes:
    wanted = {"enc_sha256": sealed.enc_sha256, "sha256": sealed.sha256, **digests}
    chunks = pieces(sealed.body if body is None else body, size)
    return b"".join(decrypted(chunks, media_key=KEY, kind=kind, **wanted))


def test_the_tests_own_key_derivation_is_the_standards():
    # RFC 5869, test case 3: no salt, no info.
    assert hkdf(b"\x0b" * 22, b"", 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


@pytest.mark.parametrize("kind", ["image", "video", "audio", "voice", "document", "sticker"])
def test_each_kind_has_its_keys(kind):
    assert opened(seal(PLAIN, kind), kind=kind) == PLAIN


@pytest.mark.parametrize(("sealed_as", "opened_as"), [("image", "video"), ("audio", "document"), ("video", "sticker")])
def test_the_keys_of_another_kind_do_not_open_it(sealed_as, opened_as):
    assert mismatch(seal(PLAIN, sealed_as), kind=opened_as)


@settings(max_examples=60, deadline=None)
@given(plain=st.binary(max_size=200), size=st.integers(1, 80))
def test_however_it_is_cut_it_comes_out_whole(plain, size):
    assert opened(seal(plain, "document"), kind="document", size=size) == plain


def test_digests_that_were_not_announced_are_not_needed():
    sealed = seal(PLAIN, "image")
    assert b"".join(decrypted([sealed.body], media_key=KEY, kind="image")) == PLAIN


@pytest.mark.parametrize("at", [0, 100, 5000, -27, -11, -10, -1])
def test_one_changed_byte_is_noticed_without_any_digest(at):
    sealed = seal(PLAIN, "image")
    body = bytearray(sealed.body)
    body[at] ^= 1
    with pytest.raises(TryLater) as raised:
        list(decrypted([bytes(body)], media_key=KEY, kind="image"))
    assert raised.value.code == "digest_mismatch"


@pytest.mark.parametrize("cut", [1, 10, 16, 26, 5000])
def test_a_file_cut_short_is_noticed(cut):
    sealed = seal(PLAIN, "image")
    assert mismatch(sealed, body=sealed.body[:-cut])


@pytest.mark.parametrize("body", [b"", b"x", b"x" * 10, b"x" * 26, b"<html>no</html>" * 10])
def test_what_is_no_such_file_is_noticed(body):
    assert mismatch(seal(PLAIN, "image"), body=body)


def test_announced_digests_must_hold():
    sealed = seal(PLAIN, "image")
    assert mismatch(sealed, enc_sha256=bytes(32))
    assert mismatch(sealed, sha256=bytes(32))


def test_another_key_does_not_open_it():
    assert mismatch(seal(PLAIN, "image", key=bytes(32)))


def test_a_key_of_another_length_never_opens_anything():
    with pytest.raises(Refused) as raised:
        list(decrypted([b""], media_key=b"short", kind="image"))
    assert raised.value.code == "bad_media_key"


def test_memory_does_not_grow_with_the_file():
    sealed = seal(bytes(8 * 1024 * 1024), "video")
    tracemalloc.start()
    for _ in decrypted(pieces(sealed.body, 64 * 1024), media_key=KEY, kind="video", sha256=sealed.sha256):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1024 * 1024


def mismatch(sealed: Sealed, **options: object) -> bool:
    with pytest.raises(TryLater) as raised:
        opened(sealed, **options)
    return raised.value.code == "digest_mismatch"
