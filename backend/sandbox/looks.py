"""What a phone knows of a file before it sends it: size in pixels, seconds, pages, a small preview, a waveform.

Pillow and PyAV are imported on first use: the sandbox is mounted in processes that may never see a file.
"""

import hashlib
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

THUMBNAIL_PIXELS = 72
WAVEFORM_BARS = 64
REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Looks:
    """Nothing is certain: a field that could not be read is None."""

    width: int | None = None
    height: int | None = None
    seconds: int | None = None
    pages: int | None = None
    thumbnail: bytes | None = None
    waveform: bytes | None = None
    is_animated: bool = False


# PDFium may be in one thread at a time.
_pdfium = threading.Lock()
_remembered: OrderedDict[tuple[bytes, str], Looks] = OrderedDict()


def look_at(data: bytes, *, mimetype: str) -> Looks:
    """Never raises for a broken file: a phone would not send it, but a test may want to."""
    name = hashlib.sha256(data).digest(), mimetype
    if name not in _remembered:
        _remembered[name] = _look_at(data, mimetype)
        if len(_remembered) > REMEMBERED:
            _remembered.popitem(last=False)
    return _remembered[name]


def _look_at(data: bytes, mimetype: str) -> Looks:
    family = mimetype.partition("/")[0]
    try:
        if family == "image":
            return _image(data)
        if family in ("audio", "video"):
            return _stream(data, has_picture=family == "video")
    except (OSError, ValueError, SyntaxError):
        return Looks()
    return _pdf(data) if mimetype == "application/pdf" else Looks()


def _pdf(data: bytes) -> Looks:
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415  (first use)

    with _pdfium:
        try:
            document = pypdfium2.PdfDocument(data)
            preview = document[0].render(scale=0.3).to_pil()
            return Looks(pages=len(document), thumbnail=_jpeg_preview(preview))
        except pypdfium2.PdfiumError:
            return Looks()


def _image(data: bytes) -> Looks:
    from PIL import Image, ImageOps  # noqa: PLC0415  (first use)

    with Image.open(io.BytesIO(data)) as opened:
        is_animated = bool(getattr(opened, "is_animated", False))
        upright = ImageOps.exif_transpose(opened)
        return Looks(upright.width, upright.height, thumbnail=_jpeg_preview(upright), is_animated=is_animated)


def _jpeg_preview(image: object) -> bytes:
    from PIL import Image  # noqa: PLC0415  (first use)

    assert isinstance(image, Image.Image)
    small = image.convert("RGB")
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    target = io.BytesIO()
    small.save(target, "JPEG", quality=50)
    return target.getvalue()


def _stream(data: bytes, *, has_picture: bool) -> Looks:
    import av  # noqa: PLC0415  (first use)

    try:
        with av.open(io.BytesIO(data), "r") as container:
            seconds = round((container.duration or 0) / av.time_base)
            if not has_picture:
                return Looks(seconds=max(1, seconds), waveform=_waveform(data))
            stream = container.streams.video[0]
            frame: Any = next(container.decode(stream))
            image = frame.to_image()
            return Looks(image.width, image.height, max(1, seconds), thumbnail=_jpeg_preview(image))
    except (av.error.FFmpegError, IndexError, StopIteration):
        return Looks()


def _waveform(data: bytes) -> bytes:
    """64 loudness samples from 0 to 100, as phones send them."""
    import av  # noqa: PLC0415  (first use)

    peaks: list[int] = []
    with av.open(io.BytesIO(data), "r") as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                samples = memoryview(bytes(piece.planes[0])[: piece.samples * 2]).cast("h")
                peaks.append(max((abs(sample) for sample in samples), default=0))
    if not peaks:
        return bytes(WAVEFORM_BARS)
    loudest = max(1, *peaks)
    return bytes(100 * peaks[bar * len(peaks) // WAVEFORM_BARS] // loudest for bar in range(WAVEFORM_BARS))
