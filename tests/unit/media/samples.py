"""Files for tests, made when they are needed: small, true to their kind, and none of them kept in the repository."""

import functools
import io
import math
import struct
import wave
import zipfile
import zlib
from array import array
from fractions import Fraction
from typing import Any

import av
import pillow_heif
import pypdfium2
from PIL import Image, ImageOps

SECONDS = 2


def picture(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    """Left half red, right half blue, so that a turned picture shows it."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    body = io.BytesIO()
    image.save(body, kind, **options)
    return body.getvalue()


def jpeg(width: int = 640, height: int = 480, *, orientation: int = 1, **options: Any) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a camera"
    exif.get_ifd(0x8825)[1] = "N"
    return saved(picture(width, height), "JPEG", exif=exif, **options)


@functools.cache
def noise(width: int, height: int) -> bytes:
    return saved(Image.effect_noise((width, height), 60).convert("RGB"), "JPEG", quality=90)


def png(mode: str = "RGB") -> bytes:
    return saved(picture(mode=mode), "PNG")


def huge_png(side: int = 50_000) -> bytes:
    """A header that promises `side` by `side` pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x\x9c") + chunk(b"IEND", b"")


def frames(count: int = 6, size: int = 200) -> list[Image.Image]:
    made = []
    for number in range(count):
        frame = Image.new("RGBA", (size, size), (0, 0, 0, 0))
        frame.paste((255, number * 40 % 256, 0, 255), (number * 5, 20, number * 5 + 60, 90))
        made.append(frame)
    return made


def moving_webp(count: int = 6, size: int = 200) -> bytes:
    first, *rest = frames(count, size)
    return saved(first, "WEBP", save_all=True, append_images=rest, duration=80, loop=0)


def gif() -> bytes:
    first, *rest = (frame.convert("P") for frame in frames())
    return saved(first, "GIF", save_all=True, append_images=rest, duration=80)


def long_gif(count: int) -> bytes:
    """`count` frames of a few bytes each."""
    first = saved(Image.new("P", (8, 8), 0), "GIF")
    at = first.index(b",", 13)
    return first[:at] + first[at:-1] * count + b";"


def turned(orientation: int) -> Image.Image:
    """The same picture as a reader of EXIF shows it."""
    return ImageOps.exif_transpose(Image.open(io.BytesIO(jpeg(orientation=orientation))))


@functools.cache
def heic() -> bytes:
    pillow_heif.register_heif_opener()
    return saved(picture(), "HEIF")


@functools.cache
def video(
    kind: str = "mp4", *, width: int = 320, height: int = 180, seconds: int = SECONDS, sound: bool = True
) -> bytes:
    body = io.BytesIO()
    with av.open(body, "w", format=kind) as container:
        pictures = container.add_stream("libx264" if kind != "avi" else "mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        sounds = container.add_stream("aac" if kind != "avi" else "libmp3lame", rate=44_100) if sound else None
        for _ in range(seconds * 10):
            container.mux(pictures.encode(av.VideoFrame.from_image(picture(width, height))))
        container.mux(pictures.encode(None))
        if sounds is not None:
            _crescendo(container, sounds, seconds)
    return body.getvalue()


def film(kind: str, codec: str) -> bytes:
    """Pictures alone."""
    body = io.BytesIO()
    with av.open(body, "w", format=kind) as container:
        pictures = container.add_stream(codec, rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        container.mux(pictures.encode(av.VideoFrame.from_image(picture(64, 64))))
        container.mux(pictures.encode(None))
    return body.getvalue()


def located_film(kind: str, *, turned: bool = False) -> bytes:
    """As a telephone records it: the place is in the file's own metadata."""
    source, body = io.BytesIO(sideways(video()) if turned else video(kind)), io.BytesIO()
    with av.open(source) as film, av.open(body, "w", format=kind) as container:
        container.metadata.update({"location": "+48.8577+002.295/", "comment": "a camera", "make": "a camera"})
        made = {stream.index: container.add_stream_from_template(stream) for stream in film.streams}
        for packet in film.demux():
            if packet.dts is not None:
                packet.stream = made[packet.stream.index]
                container.mux(packet)
    return sideways(body.getvalue()) if turned else body.getvalue()


def sideways_video() -> bytes:
    return sideways(video(sound=False))


def sideways(film: bytes) -> bytes:
    """As a telephone held upright records it: the matrix in the track header turns it by 90 degrees."""
    body = bytearray(film)
    at = body.index(b"tkhd") + 4 + 4 + 20 + 16
    body[at : at + 36] = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    return bytes(body)


def audio(
    kind: str,
    codec: str,
    rate: int = 48_000,
    seconds: int = SECONDS,
    *,
    layout: str = "mono",
    starts: int = 0,
    tags: dict[str, str] | None = None,
) -> bytes:
    """`starts`: the second at which the recording's own clock begins."""
    body = io.BytesIO()
    with av.open(body, "w", format=kind) as container:
        container.metadata.update(tags or {})
        _crescendo(container, container.add_stream(codec, rate=rate, layout=layout), seconds, starts=starts)
    return body.getvalue()


def wav_of_nothing() -> bytes:
    body = io.BytesIO()
    with wave.open(body, "wb") as made:
        made.setparams((1, 2, 8000, 0, "NONE", ""))
    return body.getvalue()


def voice(seconds: int = SECONDS) -> bytes:
    return audio("ogg", "libopus", 48_000, seconds)


def _crescendo(container: Any, stream: Any, seconds: int, *, starts: int = 0) -> None:
    total, step = seconds * stream.rate, stream.rate // 50
    for start in range(0, total, step):
        wave = array("h", [int(20_000 * start / total * math.sin(at / 20)) for at in range(start, start + step)])
        frame = av.AudioFrame(format="s16", layout="mono", samples=step)
        frame.planes[0].update(wave.tobytes())
        frame.rate, frame.pts, frame.time_base = stream.rate, start + starts * stream.rate, Fraction(1, stream.rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def pdf(pages: int = 3) -> bytes:
    document, body = pypdfium2.PdfDocument.new(), io.BytesIO()
    with document:
        for _ in range(pages):
            document.new_page(595, 842)
        document.save(body)
    return body.getvalue()


def archive(*names: str, first: tuple[str, bytes] | None = None) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as made:
        if first is not None:
            made.writestr(zipfile.ZipInfo(first[0]), first[1], zipfile.ZIP_STORED)
        for name in names:
            made.writestr(name, b"x")
    return body.getvalue()


def docx(*more: str) -> bytes:
    return archive("[Content_Types].xml", "_rels/.rels", "word/document.xml", *more)


def odf(kind: str) -> bytes:
    return archive("content.xml", first=("mimetype", f"application/vnd.oasis.opendocument.{kind}".encode()))


def compound(stream: str, *, directory_sector: int = 1) -> bytes:
    """A compound file with one stream in its directory, which lies in `directory_sector`."""
    end, free = 0xFFFFFFFE, 0xFFFFFFFF
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0"))
    header[24:34] = struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header[44:52] = struct.pack("<II", 1, directory_sector)
    header[76:512] = struct.pack("<109I", 0, *[free] * 108)
    table = [0xFFFFFFFD, *[free] * 127]
    table[directory_sector] = end
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HB", len(name) * 2 + 2, 5) + bytes(61)
        for name in ("Root Entry", "\x05SummaryInformation", stream)
    )
    sectors = [struct.pack("<128I", *table), *[bytes(512)] * (directory_sector - 1), entries.ljust(512, b"\0")]
    return bytes(header) + b"".join(sectors)
