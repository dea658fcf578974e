"""What every WhatsApp gateway looks like from inside: our own frozen types, and one protocol.

A provider's JSON is parsed once, in the provider's module, into the types below; nothing else of `backend` knows a
provider's field name. (The happenings a webhook can tell of stand beside `MediaOffer`.)
"""

from dataclasses import dataclass
from typing import Literal

MediaKind = Literal["image", "video", "audio", "voice", "document", "sticker"]


@dataclass(frozen=True, slots=True)
class MediaOffer:
    """A file that a message speaks of, and every way the payload gives to get at its bytes.

    All fields come from outside and are hints until the bytes are here, except the three digests and keys, which the
    bytes are checked against. Sizes in bytes, duration in seconds.
    """

    kind: MediaKind
    mimetype: str
    file_name: str = ""
    size_bytes: int | None = None
    sha256: bytes | None = None
    enc_sha256: bytes | None = None
    media_key: bytes | None = None
    direct_path: str = ""
    media_url: str = ""
    inline_base64: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    pages: int | None = None
    waveform: tuple[int, ...] | None = None
    preview: bytes | None = None
    is_animated: bool = False
    is_view_once: bool = False
