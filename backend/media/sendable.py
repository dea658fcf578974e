"""Pictures made fit to be sent: nothing in them but what they show, upright, and not larger than need be. Runs in a
decoder process only.

The gateway drops EXIF without a look at the orientation in it (tests/contract/evolution.md 4.4): they are turned here.
"""

import io
import math
from pathlib import Path

from PIL import Image

from backend.media.pixels import flattened, upright
from backend.media.verdict import Undecodable, Verdict

TARGET_BYTES = 1024 * 1024
FIRST_QUALITY, QUALITY_STEP, LOWEST_QUALITY, SHRUNK_QUALITY = 85, 10, 20, 70
SHRINKS = 6
MAX_FRAMES = 1000
MAX_PROFILE_BYTES = 512 * 1024
UPRIGHT = {None, 1}
_ORIENTATION = 0x0112


def clean(image: Image.Image, mime: str, verdict: Verdict) -> Image.Image:
    """Leaves the sendable file, and returns what it shows. A GIF is sent as it is: it moves, and has no EXIF."""
    if mime == "image/gif":
        if getattr(image, "n_frames", 1) > MAX_FRAMES:
            raise Undecodable("too_many_frames", f"more than {MAX_FRAMES} frames")
        return image
    size = Path(verdict.name).stat().st_size
    if _may_stay(image, size):
        pixels, body = image, _same_jpeg(image)
    else:
        pixels = upright(image, max_profile_bytes=MAX_PROFILE_BYTES)
        if _is_transparent(pixels) or (mime == "image/png" and size <= TARGET_BYTES):
            pixels, body = _png(pixels)
        else:
            pixels, body = _jpeg(flattened(pixels))
    Path(verdict.output("send")).write_bytes(body.getvalue())
    return pixels


def _may_stay(image: Image.Image, size: int) -> bool:
    is_plain = image.format == "JPEG" and image.mode in {"RGB", "L"}
    return is_plain and size <= TARGET_BYTES and image.getexif().get(_ORIENTATION) in UPRIGHT


def _same_jpeg(image: Image.Image) -> io.BytesIO:
    """The same pixels in the same quality, without what lay beside them: EXIF, XMP, comments, a second picture."""
    profile = image.info.get("icc_profile")
    is_progressive = bool(image.info.get("progressive"))
    image.load()
    image.info.pop("comment", None)
    body = io.BytesIO()
    image.save(body, "JPEG", quality="keep", icc_profile=profile, progressive=is_progressive, optimize=True)
    return body


def _is_transparent(pixels: Image.Image) -> bool:
    if "A" not in pixels.getbands():
        return False
    darkest = pixels.getchannel("A").getextrema()[0]
    return isinstance(darkest, int | float) and darkest < 255


def _jpeg(pixels: Image.Image) -> tuple[Image.Image, io.BytesIO]:
    """First the quality gives way, then the size."""
    quality = FIRST_QUALITY
    body = _encoded(pixels, "JPEG", quality)
    while body.tell() > TARGET_BYTES and quality > LOWEST_QUALITY:
        quality -= QUALITY_STEP
        body = _encoded(pixels, "JPEG", quality)
    return _shrunk(pixels, body, "JPEG")


def _png(pixels: Image.Image) -> tuple[Image.Image, io.BytesIO]:
    """It has no quality: what is too large is made smaller."""
    return _shrunk(pixels, _encoded(pixels, "PNG"), "PNG")


def _shrunk(pixels: Image.Image, body: io.BytesIO, kind: str) -> tuple[Image.Image, io.BytesIO]:
    profile = pixels.info.get("icc_profile")
    for _ in range(SHRINKS):
        if body.tell() <= TARGET_BYTES:
            break
        ratio = math.sqrt(TARGET_BYTES / body.tell())
        size = (max(1, int(pixels.width * ratio)), max(1, int(pixels.height * ratio)))
        pixels = pixels.resize(size, Image.Resampling.LANCZOS)
        pixels.info = {"icc_profile": profile} if profile else {}
        body = _encoded(pixels, kind, SHRUNK_QUALITY)
    return pixels, body


def _encoded(pixels: Image.Image, kind: str, quality: int = FIRST_QUALITY) -> io.BytesIO:
    body, profile = io.BytesIO(), pixels.info.get("icc_profile")
    if kind == "JPEG":
        pixels.save(body, kind, quality=quality, icc_profile=profile)
    else:
        pixels.save(body, kind, icc_profile=profile)
    return body
