"""WhatsApp's media encryption, forward: what a phone uploads. tests/contract/evolution.md 2.5."""

import hashlib
import hmac
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAC_BYTES = 10


class Sealed(NamedTuple):
    """Ciphertext with its ten bytes of MAC, and the digest the payload announces as fileEncSha256."""

    body: bytes
    enc_sha256: bytes


def seal(plain: bytes, *, media_key: bytes, kind: str) -> Sealed:
    """`kind` is Image, Video, Audio or Document; a sticker counts as Image, a GIF as Video."""
    derived = HKDF(hashes.SHA256(), 112, None, f"WhatsApp {kind} Keys".encode()).derive(media_key)
    iv, key, mac_key = derived[:16], derived[16:48], derived[48:80]
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    body = ciphertext + hmac.digest(mac_key, iv + ciphertext, "sha256")[:MAC_BYTES]
    return Sealed(body, hashlib.sha256(body).digest())
