"""The file that a message offers: the payload's hints, checked for size and form. tests/contract/evolution.md 2.3."""

from backend.gateways import evolution_wire as wire
from backend.gateways.base import MediaKind, MediaOffer
from backend.gateways.evolution_wire import Fields
from backend.lib.text import shown_name

PREVIEW_LIMIT = 8 * 1024
WAVEFORM_STEPS = 64
WHATSAPP_URL = "https://mmg.whatsapp.net/"


def offer(kind: MediaKind, body: Fields) -> MediaOffer:
    """Of an imageMessage and its like. A preview is kept only if it begins as a picture and is small."""
    thumbnail = wire.raw(body.get("jpegThumbnail"), limit=PREVIEW_LIMIT)
    return MediaOffer(
        kind=kind,
        mimetype=wire.words(body.get("mimetype"), limit=100).strip(),
        file_name=shown_name(wire.first_words(body, "fileName", "title", limit=1_000)) if kind == "document" else "",
        size_bytes=wire.amount(body.get("fileLength"), most=2**50),
        sha256=_exactly_32(body.get("fileSha256")),
        enc_sha256=_exactly_32(body.get("fileEncSha256")),
        media_key=_exactly_32(body.get("mediaKey")),
        direct_path=_direct_path(body),
        width=wire.amount(body.get("width"), most=100_000),
        height=wire.amount(body.get("height"), most=100_000),
        duration=_duration(body.get("seconds")),
        pages=wire.amount(body.get("pageCount"), most=1_000_000),
        waveform=_waveform(body.get("waveform")),
        preview=thumbnail if thumbnail and _is_picture(thumbnail) else None,
        is_animated=wire.flag(body.get("isAnimated")) or wire.flag(body.get("gifPlayback")),
        is_view_once=wire.flag(body.get("viewOnce")),
    )


def _direct_path(body: Fields) -> str:
    """The path at WhatsApp's media host; the `url` holds the same one."""
    if path := wire.words(body.get("directPath"), limit=4_000):
        return path
    url = wire.words(body.get("url"), limit=4_000)
    return url.removeprefix(WHATSAPP_URL.rstrip("/")) if url.startswith(WHATSAPP_URL) else ""


def _exactly_32(value: object) -> bytes | None:
    found = wire.raw(value)
    return found if found and len(found) == 32 else None


def _duration(value: object) -> float | None:
    seconds = wire.decimal(value)
    return seconds if seconds is not None and 0 < seconds < 1_000_000 else None


def _waveform(value: object) -> tuple[int, ...] | None:
    """64 steps of 0 to 100, whatever number of steps was told."""
    steps = wire.raw(value)
    if not steps:
        return None
    count = len(steps)
    return tuple(min(100, steps[index * count // WAVEFORM_STEPS]) for index in range(WAVEFORM_STEPS))


def _is_picture(head: bytes) -> bool:
    return head.startswith(b"\xff\xd8\xff") or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")
