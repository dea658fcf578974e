"""WhatsApp's own encrypted files (`.enc`), decrypted by us while they arrive, in constant memory.

    for plain in decrypted(chunks, media_key=key, kind="image", enc_sha256=…, sha256=…): ...

The format: HKDF-SHA256(mediaKey, 112 bytes, info "WhatsApp … Keys") gives iv 16, key 32, mac key 32; the file is
AES-256-CBC with PKCS7 padding, followed by the first 10 bytes of HMAC-SHA256(mac key, iv + ciphertext):
tests/contract/evolution.md 2.5. What is yielded is not proven until the iterator has ended: a wrong MAC or digest
raises in its last step, so whoever reads must not use the bytes before.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.gateways.base import MediaKind
from backend.lib.errors import Refused, TryLater

MAC_BYTES = 10
BLOCK_BYTES = 16
MEDIA_KEY_BYTES = 32
OVERHEAD_BYTES = BLOCK_BYTES + MAC_BYTES

# Stickers are images to WhatsApp, GIFs and round video notes are videos, voice notes are audio.
_INFO: dict[MediaKind, bytes] = {
    "image": b"WhatsApp Image Keys",
    "sticker": b"WhatsApp Image Keys",
    "video": b"WhatsApp Video Keys",
    "audio": b"WhatsApp Audio Keys",
    "voice": b"WhatsApp Audio Keys",
    "document": b"WhatsApp Document Keys",
}


@dataclass(frozen=True, slots=True)
class Keys:
    """What a media key stretches into."""

    iv: bytes
    cipher: bytes
    mac: bytes


def derive(media_key: bytes, kind: MediaKind) -> Keys:
    """Raises Refused(`bad_media_key`) unless the key has 32 bytes."""
    if len(media_key) != MEDIA_KEY_BYTES:
        raise Refused("bad_media_key", f"a media key has {MEDIA_KEY_BYTES} bytes, this one {len(media_key)}")
    stretched = HKDF(algorithm=SHA256(), length=112, salt=None, info=_INFO[kind]).derive(media_key)
    return Keys(iv=stretched[:16], cipher=stretched[16:48], mac=stretched[48:80])


def decrypted(
    chunks: Iterable[bytes],
    *,
    media_key: bytes,
    kind: MediaKind,
    enc_sha256: bytes | None = None,
    sha256: bytes | None = None,
) -> Iterator[bytes]:
    """The plain bytes. The last step raises TryLater(`digest_mismatch`) when the MAC or one of the digests that were
    announced does not hold, or the file is no whole number of blocks."""
    keys = derive(media_key, kind)
    aes = Cipher(algorithms.AES256(keys.cipher), modes.CBC(keys.iv)).decryptor()
    seen = _Digests(keys)
    whole, plain_digest = _Tail(MAC_BYTES), hashlib.sha256()
    padded = _Tail(BLOCK_BYTES)
    for chunk in chunks:
        seen.wire.update(chunk)
        if ciphertext := whole.push(chunk):
            seen.mac.update(ciphertext)
            if plain := padded.push(aes.update(ciphertext)):
                plain_digest.update(plain)
                yield plain
    seen.check(whole.kept, enc_sha256)
    last = _unpadded(aes, padded.kept)
    plain_digest.update(last)
    if sha256 is not None and not hmac.compare_digest(plain_digest.digest(), sha256):
        raise TryLater("digest_mismatch", "the decrypted bytes are not those that were sent")
    if last:
        yield last


class _Tail:
    """Passes bytes on, but always holds the last `size` of them back."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.kept = b""

    def push(self, chunk: bytes) -> bytes:
        joined = self.kept + chunk
        self.kept = joined[-self._size :]
        return joined[: -self._size]


class _Digests:
    """What is computed over the encrypted bytes."""

    def __init__(self, keys: Keys) -> None:
        self.wire = hashlib.sha256()
        self.mac = hmac.new(keys.mac, keys.iv, hashlib.sha256)

    def check(self, announced_mac: bytes, enc_sha256: bytes | None) -> None:
        if enc_sha256 is not None and not hmac.compare_digest(self.wire.digest(), enc_sha256):
            raise TryLater("digest_mismatch", "the encrypted bytes are not those that were announced")
        if not hmac.compare_digest(self.mac.digest()[:MAC_BYTES], announced_mac):
            raise TryLater("digest_mismatch", "the authentication code does not hold")


def _unpadded(aes: CipherContext, block: bytes) -> bytes:
    try:
        block += aes.finalize()
    except ValueError as error:
        raise TryLater("digest_mismatch", "the encrypted bytes end inside a block") from error
    count = block[-1] if block else 0
    if not 1 <= count <= BLOCK_BYTES or block[-count:] != bytes([count]) * count:
        raise TryLater("digest_mismatch", "the padding does not hold")
    return block[:-count]
