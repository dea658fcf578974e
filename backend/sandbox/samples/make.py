"""Makes the sample media: `python -m backend.sandbox.samples.make`. All of it is drawn and played by this file.

The results are committed, so that nobody needs to run this; it stays so that anybody can say where they come from.
"""

import colorsys
import io
import json
import math
import random
import struct
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageDraw, ImageFilter

HERE = Path(__file__).parent
FACES = {"maria": 0.95, "joao": 0.58, "beatriz": 0.78, "carlos": 0.33, "owner": 0.48}
ORIENTATION, MAKE, MODEL, GPS_TAG = 0x0112, 0x010F, 0x0110, 0x8825
VOICE_RATE, VIDEO_RATE = 48_000, 24


def landscape(seed: int, size: tuple[int, int]) -> Image.Image:
    """Hills under a low sun; the seed chooses hour, hills and grain."""
    luck, (width, height) = random.Random(seed), size
    hue = luck.random()
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for y in range(height):
        draw.line([(0, y), (width, y)], fill=_rgb(hue + 0.12 * y / height, 0.55, 0.98 - 0.35 * y / height))
    sun = width * luck.uniform(0.2, 0.8), height * luck.uniform(0.2, 0.45), width * 0.07
    draw.ellipse([sun[0] - sun[2], sun[1] - sun[2], sun[0] + sun[2], sun[1] + sun[2]], fill=_rgb(hue + 0.5, 0.15, 1))
    for layer in range(5):
        base, waves = height * (0.45 + 0.11 * layer), [(luck.uniform(1, 4), luck.uniform(0, 6)) for _ in range(3)]
        line = [
            (x, base - height * 0.05 * sum(math.sin(f * x / width * 3 + p) for f, p in waves))
            for x in range(0, width + 8, 8)
        ]
        draw.polygon(
            [(0, height), *line, (width, height)], fill=_rgb(hue + 0.3 + layer * 0.04, 0.5, 0.62 - 0.11 * layer)
        )
    return _grain(image.filter(ImageFilter.GaussianBlur(0.8)), luck)


def _grain(image: Image.Image, luck: random.Random) -> Image.Image:
    small = Image.frombytes("L", (256, 256), luck.randbytes(65536)).resize(image.size)
    return Image.blend(image, Image.merge("RGB", [small] * 3), 0.06)


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def photos() -> None:
    landscape(3, (1280, 960)).save(HERE / "photo-beach.jpg", quality=91)
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE], exif[MODEL] = 6, "Sandbox", "Phone 1"
    # Stored lying on its side, to be shown turned a quarter to the right.
    landscape(5, (960, 1280)).transpose(Image.Transpose.ROTATE_90).save(
        HERE / "photo-rotated.jpg", quality=80, exif=exif
    )
    exif = Image.Exif()
    exif[MAKE], exif[MODEL] = "Sandbox", "Phone 2"
    exif.get_ifd(GPS_TAG).update({1: "S", 2: (20.0, 48.0, 40.68), 3: "W", 4: (49.0, 22.0, 32.88)})
    landscape(8, (1280, 720)).save(HERE / "photo-gps.jpg", quality=80, exif=exif)
    logo = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    ImageDraw.Draw(logo).ellipse([20, 20, 380, 380], fill=(20, 140, 120, 200))
    logo.save(HERE / "logo-alpha.png", optimize=True)
    for number in range(1, 9):
        landscape(100 + number, (960, 720) if number % 3 else (720, 960)).save(HERE / f"album-{number}.jpg", quality=72)


def faces() -> None:
    (HERE / "faces").mkdir(exist_ok=True)
    for name, hue in FACES.items():
        image = Image.new("RGB", (256, 256), _rgb(hue, 0.25, 0.95))
        draw = ImageDraw.Draw(image)
        draw.ellipse([28, 190, 228, 390], fill=_rgb(hue, 0.65, 0.65))
        draw.ellipse([74, 56, 182, 188], fill=_rgb(0.07, 0.35, 0.9))
        draw.pieslice([68, 44, 188, 168], 180, 360, fill=_rgb(hue + 0.4, 0.4, 0.25))
        for x in (106, 140):
            draw.ellipse([x, 118, x + 11, 130], fill=(40, 30, 30))
        draw.arc([106, 132, 150, 164], 20, 160, fill=(120, 50, 50), width=4)
        image.save(HERE / "faces" / f"{name}.jpg", quality=85)


def tone(seconds: float, *, rate: int, is_speech: bool) -> bytes:
    """16-bit mono: syllables of a low voice, or a small tune."""
    notes = [262, 330, 392, 523, 392, 330, 294, 349]
    samples = bytearray()
    for index in range(round(seconds * rate)):
        at = index / rate
        if is_speech:
            pitch = 140 + 25 * math.sin(at * 2.1)
            loud = max(0.0, math.sin(at * 9)) ** 0.6 * (0.55 + 0.45 * math.sin(at * 1.3)) * (0 if at % 2.6 > 2.2 else 1)
            value = sum(math.sin(math.tau * pitch * k * at) / k for k in (1, 2, 3, 5)) * loud * 0.32
        else:
            pitch, decay = notes[int(at * 3) % len(notes)], math.exp(-3 * (at * 3 % 1))
            value = (math.sin(math.tau * pitch * at) + 0.4 * math.sin(math.tau * pitch * 2 * at)) * decay * 0.5
        samples += struct.pack("<h", round(max(-1, min(1, value)) * 30_000))
    return bytes(samples)


def _encode_audio(sink: Any, stream: Any, samples: bytes, *, rate: int) -> None:
    size = rate // 50
    resampler = av.AudioResampler(
        format=stream.format, layout=stream.layout, rate=rate, frame_size=stream.frame_size or size
    )
    for start in range(0, len(samples) // 2, size):
        piece = samples[start * 2 : (start + size) * 2]
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
        frame.planes[0].update(piece.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        for ready in resampler.resample(frame):
            sink.mux(stream.encode(ready))
    for ready in resampler.resample(None):
        sink.mux(stream.encode(ready))
    sink.mux(stream.encode(None))


def sounds() -> None:
    with av.open(str(HERE / "voice.ogg"), "w", format="ogg") as sink:
        stream: Any = sink.add_stream("libopus", rate=VOICE_RATE)
        stream.layout, stream.bit_rate = "mono", 24_000
        _encode_audio(sink, stream, tone(7, rate=VOICE_RATE, is_speech=True), rate=VOICE_RATE)
    with av.open(str(HERE / "song.mp3"), "w", format="mp3") as sink:
        stream = sink.add_stream("libmp3lame", rate=44_100)
        stream.layout, stream.bit_rate = "mono", 64_000
        _encode_audio(sink, stream, tone(9, rate=44_100, is_speech=False), rate=44_100)


def film(name: str, *, seconds: int, size: tuple[int, int], has_sound: bool) -> None:
    """A ball over drifting hills."""
    ground = landscape(21, (size[0] * 2, size[1]))
    with av.open(str(HERE / name), "w", options={"movflags": "+faststart"}) as sink:
        video: Any = sink.add_stream("libx264", rate=VIDEO_RATE, options={"crf": "30", "preset": "slow"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio: Any = sink.add_stream("aac", rate=44_100) if has_sound else None
        if audio is not None:
            audio.layout, audio.bit_rate = "mono", 64_000
        for number in range(seconds * VIDEO_RATE):
            left = round(size[0] * 0.5 * (1 - math.cos(math.tau * number / (seconds * VIDEO_RATE))))
            image = ground.crop((left, 0, left + size[0], size[1]))
            height = size[1] * (0.75 - 0.4 * abs(math.sin(number / VIDEO_RATE * math.pi)))
            ImageDraw.Draw(image).ellipse(
                [size[0] / 2 - 24, height - 24, size[0] / 2 + 24, height + 24], fill=(235, 80, 60)
            )
            frames: Any = av.VideoFrame
            sink.mux(video.encode(frames.from_image(image)))
        sink.mux(video.encode(None))
        if audio is not None:
            _encode_audio(sink, audio, tone(seconds, rate=44_100, is_speech=False), rate=44_100)


def stickers() -> None:
    frames = []
    for number in range(12):
        image = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
        draw, tilt = ImageDraw.Draw(image), 14 * math.sin(math.tau * number / 12)
        draw.ellipse([56, 56, 456, 456], fill=(255, 205, 60, 255), outline=(200, 140, 20, 255), width=10)
        for x in (180, 292):
            draw.ellipse([x, 190 + tilt, x + 40, 250 + tilt], fill=(70, 45, 20, 255))
        draw.arc([160, 220 + tilt, 352, 370 + tilt], 15, 165, fill=(120, 60, 20, 255), width=14)
        frames.append(image)
    frames[0].save(HERE / "sticker.webp", quality=80)
    frames[0].save(
        HERE / "sticker-animated.webp", save_all=True, append_images=frames[1:], duration=80, loop=0, quality=60
    )
    lottie = {
        "v": "5.5.2",
        "fr": 30,
        "ip": 0,
        "op": 30,
        "w": 512,
        "h": 512,
        "nm": "sandbox",
        "assets": [],
        "layers": [],
    }
    with zipfile.ZipFile(HERE / "sticker.was", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("animation/animation.json"), json.dumps(lottie))


def documents() -> None:
    """Words without accents: Pillow's own font has none, and no other is sure to be there."""
    pages = []
    for number in range(1, 4):
        page = Image.new("RGB", (827, 1169), "white")
        draw = ImageDraw.Draw(page)
        draw.text((80, 80), f"Proposta - folha {number} de 3", fill=(30, 60, 90), font_size=34)
        for line in range(18):
            text = f"Item {number * 18 + line - 17:02d}   Consulta de exemplo   R$ {(line + 3) * 17 * number},00"
            draw.text((80, 170 + line * 48), text, fill=(60, 60, 60), font_size=22)
        pages.append(page.quantize(8).convert("RGB"))
    pages[0].save(HERE / "orcamento.pdf", save_all=True, append_images=pages[1:], resolution=100, quality=40)
    (HERE / "lista.txt").write_text("Lista de compras\n- pão\n- café\n- feijão\n", encoding="utf-8")
    (HERE / "horarios.csv").write_text("dia;hora;vaga\nsegunda;14h;sim\nterça;15h;não\n", encoding="utf-8")
    with zipfile.ZipFile(HERE / "arquivos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("lista.txt", "horarios.csv"):
            archive.writestr(zipfile.ZipInfo(name), (HERE / name).read_bytes())
    (HERE / "contrato.docx").write_bytes(docx(["Contrato de exemplo", "Este documento não vale nada."]))


def docx(paragraphs: list[str]) -> bytes:
    """The smallest Word file that opens."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{types}"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{links}"><Relationship Id="r1" Type="{office}" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')
    return target.getvalue()


def main() -> None:
    photos()
    faces()
    sounds()
    film("video.mp4", seconds=6, size=(480, 848), has_sound=True)
    film("gif.mp4", seconds=2, size=(320, 240), has_sound=False)
    stickers()
    documents()


if __name__ == "__main__":
    main()
