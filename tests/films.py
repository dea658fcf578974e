"""Films whose frames say which they are, for whoever looks at a player."""

import random
import tempfile
from fractions import Fraction
from pathlib import Path

import av
from playwright.sync_api import ElementHandle

WIDTH, HEIGHT, FRAMES_A_SECOND, SECONDS = 640, 360, 10, 60
BITS = 10
BAND = 40
"""Pixels at the top, where a frame's number stands in black and white, the highest bit first."""
KEY_FRAME_EVERY = FRAMES_A_SECOND
"""A phone's own films have one about once a second."""
_RATE = {"b": "6800k", "maxrate": "6800k", "bufsize": "6800k"}

_READ_NUMBER = """(player, { width, height, bits, band }) => {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.drawImage(player, 0, 0, width, height);
  let number = 0;
  for (let bit = 0; bit < bits; bit += 1) {
    const [red] = brush.getImageData(((bit + 0.5) * width) / bits, band / 2, 1, 1).data;
    number = number * 2 + (red > 127 ? 1 : 0);
  }
  return number;
}"""


def number_shown(player: ElementHandle) -> int:
    """The number of the frame that a player in a page shows."""
    layout = {"width": WIDTH, "height": HEIGHT, "bits": BITS, "band": BAND}
    number: int = player.evaluate(_READ_NUMBER, layout)
    return number


def numbered_film() -> bytes:
    """An MP4 of a minute that may be played from its first bytes; about 50 MB."""
    with tempfile.TemporaryDirectory() as folder:  # its index is moved to the front when the rest is written
        path = Path(folder) / "film.mp4"
        _write(path)
        return path.read_bytes()


def _write(path: Path) -> None:
    dice = random.Random(7)
    grains = [dice.randbytes(WIDTH * HEIGHT) for _ in range(8)]
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as film:
        options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "nal-hrd=cbr:force-cfr=1"}
        stream = film.add_stream("libx264", rate=FRAMES_A_SECOND, options=options | _RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = KEY_FRAME_EVERY
        for number in range(SECONDS * FRAMES_A_SECOND):
            frame = av.VideoFrame(WIDTH, HEIGHT, "gray")
            frame.planes[0].update(_picture(number, grains[number % len(grains)]))
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_A_SECOND)
            film.mux(stream.encode(frame.reformat(format="yuv420p")))
        film.mux(stream.encode(None))


def _picture(number: int, grain: bytes) -> bytes:
    bits = (number >> (BITS - 1 - bit) & 1 for bit in range(BITS))
    line = b"".join((b"\xff" if is_set else b"\x00") * (WIDTH // BITS) for is_set in bits)
    return line * BAND + grain[BAND * WIDTH :]
