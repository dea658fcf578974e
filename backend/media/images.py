"""Pictures: how large, which way up, and what they look like small. Runs in a decoder process only.

A thumbnail carries nothing of the original but its pixels: no EXIF, no XMP, no place where it was taken.
"""

import io
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from backend.media import sendable
from backend.media.pixels import AS_THEY_ARE, flattened, profile_of, upright
from backend.media.verdict import Undecodable, Verdict

MAX_PIXELS = 40_000_000  # a thumbnail of this many costs 160 MB for a moment
THUMBNAIL_SIDE = 320
THUMBNAIL_BYTES = 50 * 1024
ANIMATED_BYTES = 256 * 1024
ANIMATED_FRAMES = 48
POSTER_SIDE = 1280
PORTRAIT_SIDE = 200
QUALITIES = (80, 65, 50, 35, 20)
HEIF_THREADS = 2

_FORMATS = {
    "image/jpeg": ("JPEG",),
    "image/png": ("PNG",),
    "image/gif": ("GIF",),
    "image/webp": ("WEBP",),
    "image/heic": ("HEIF",),
}
_ORIENTATION = 0x0112
_SIDEWAYS = {5, 6, 7, 8}


def load() -> None:
    """What is slow the first time, done before it is needed."""
    Image.init()


def look(request: dict[str, Any], verdict: Verdict) -> None:
    """Facts, thumbnail, and for HEIC a JPEG that every browser shows; what is sent is cleaned first."""
    with _opened(request["name"], request["mime"]) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Undecodable("too_many_pixels", f"{image.width} x {image.height} pixels")
        sideways = image.getexif().get(_ORIENTATION) in _SIDEWAYS
        verdict.facts["width"], verdict.facts["height"] = image.size[::-1] if sideways else image.size
        is_animated = getattr(image, "is_animated", False)
        if is_animated:
            verdict.facts["animated"] = True
        if request["kind"] == "portrait":
            _save_portrait(image, verdict)
            return
        if request["sends"]:
            sent = sendable.clean(image, request["mime"], verdict)
            verdict.facts["width"], verdict.facts["height"] = sent.size
            save_thumbnail(sent, verdict)
            return
        if request["mime"] == "image/heic":
            save_jpeg(upright(image), verdict.output("jpeg"), quality=88)
        if is_animated and request["kind"] == "sticker" and _save_moving(image, verdict):
            return
        save_thumbnail(image, verdict)


def _opened(name: str, mime: str) -> Image.Image:
    if mime == "image/heic":
        _register_heif()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        return Image.open(name, formats=_FORMATS[mime])
    except Image.DecompressionBombError as error:
        raise Undecodable("too_many_pixels", str(error)) from error
    except (UnidentifiedImageError, SyntaxError, EOFError) as error:
        raise Undecodable("undecodable", "the picture cannot be opened") from error


@cache
def _register_heif() -> None:
    import pillow_heif  # noqa: PLC0415  # ten megabytes that most children never need

    pillow_heif.options.DECODE_THREADS = HEIF_THREADS
    pillow_heif.register_heif_opener()


def save_thumbnail(image: Image.Image, verdict: Verdict) -> None:
    """WebP, longest side THUMBNAIL_SIDE, in the best quality that fits THUMBNAIL_BYTES."""
    small, body = _small(image), io.BytesIO()
    for quality in QUALITIES:
        body = io.BytesIO()
        small.save(body, "WEBP", quality=quality, method=4)
        if body.tell() <= THUMBNAIL_BYTES:
            break
    Path(verdict.output("thumb")).write_bytes(body.getvalue())


def save_jpeg(image: Image.Image, path: str, *, quality: int = 82) -> None:
    flattened(image).save(path, "JPEG", quality=quality, icc_profile=profile_of(image))


def _save_portrait(image: Image.Image, verdict: Verdict) -> None:
    """The middle of a face's picture, square, as JPEG: all that is kept of a profile picture."""
    image.draft("RGB", (2 * PORTRAIT_SIDE, 2 * PORTRAIT_SIDE))  # a JPEG need not be decoded whole
    plain = upright(image)
    profile = profile_of(plain)
    square = ImageOps.fit(flattened(plain), (PORTRAIT_SIDE, PORTRAIT_SIDE))
    square.save(verdict.output("thumb"), "JPEG", quality=88, icc_profile=profile)


def _small(image: Image.Image) -> Image.Image:
    if image.mode not in AS_THEY_ARE and image.mode != "CMYK":
        image = upright(image)
    # Before anything is decoded: a JPEG is then read at an eighth to a half of its size.
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return upright(image)


def _save_moving(image: Image.Image, verdict: Verdict) -> bool:
    """A sticker that moves stays one, with fewer frames if it has many; False when it will not fit."""
    step = -(-getattr(image, "n_frames", 1) // ANIMATED_FRAMES)
    frames: list[Image.Image] = []
    durations: list[int] = []
    for number, frame in enumerate(ImageSequence.Iterator(image)):
        frame.load()  # only then is its duration known
        shown = max(20, int(frame.info.get("duration", 100)))
        if number % step:
            durations[-1] += shown
            continue
        small = frame.convert("RGBA")
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        small.info = {}
        frames.append(small)
        durations.append(shown)
    body = io.BytesIO()
    frames[0].save(
        body, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=60, method=2
    )
    image.seek(0)
    if body.tell() > ANIMATED_BYTES:
        return False
    Path(verdict.output("thumb")).write_bytes(body.getvalue())
    return True
