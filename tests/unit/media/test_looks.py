"""What a decoder finds out about a file, and what its pictures look like."""

import io
import warnings
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from backend.media import decoder, images, moving
from tests.unit.media import samples


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    images.load()
    return tmp_path


def looked_at(body: bytes, mime: str, kind: str = "document") -> dict[str, Any]:
    Path("file").write_bytes(body)
    asked = {"name": "file", "mime": mime, "kind": kind, "sends": False, "threads": 2, "cpu_seconds": 20}
    return decoder.examine(asked)


def thumbnail() -> Image.Image:
    return Image.open("file.thumb")


def side_colours(image: Image.Image) -> tuple[str, str, str, str]:
    """Left, top, right, bottom: r or b."""
    plain = image.convert("RGB")
    width, height = plain.size
    points = [(2, height // 2), (width // 2, 2), (width - 3, height // 2), (width // 2, height - 3)]
    names = []
    for point in points:
        red, _, blue = plain.getpixel(point)
        names.append("r" if red > blue else "b")
    return names[0], names[1], names[2], names[3]


# --- Pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orientation", "left", "top", "size"),
    [(1, "r", None, (640, 480)), (2, "b", None, (640, 480)), (3, "b", None, (640, 480)), (4, "r", None, (640, 480)),
     (5, None, "r", (480, 640)), (6, None, "r", (480, 640)), (7, None, "b", (480, 640)), (8, None, "b", (480, 640))],
)  # fmt: skip
def test_a_photo_stands_as_the_camera_was_held(orientation, left, top, size):
    answer = looked_at(samples.jpeg(orientation=orientation), "image/jpeg")
    assert (answer["facts"]["width"], answer["facts"]["height"]) == size
    colours = side_colours(thumbnail())
    assert left in {None, colours[0]}
    assert top in {None, colours[1]}
    assert max(thumbnail().size) == 320
    assert (thumbnail().width > thumbnail().height) == (size[0] > size[1])


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3000, 2), (2, 3000), (320, 320), (4000, 3000)])
def test_thumbnails_keep_the_shape_and_never_grow(width, height):
    looked_at(samples.saved(Image.new("RGB", (width, height)), "PNG"), "image/png")
    assert thumbnail().width <= min(width, 320)
    assert thumbnail().height <= min(height, 320)
    assert max(thumbnail().size) == min(320, max(width, height))


def test_the_worst_photo_still_has_a_small_thumbnail():
    looked_at(samples.noise(4000, 3000), "image/jpeg")
    assert thumbnail().format == "WEBP"
    assert Path("file.thumb").stat().st_size <= 50 * 1024


def test_nothing_of_the_camera_or_the_place_is_in_a_thumbnail():
    xmp = b"<x:xmpmeta>somewhere</x:xmpmeta>"
    looked_at(samples.jpeg(xmp=xmp, comment=b"at home", icc_profile=b"p" * 10_000), "image/jpeg")
    body = Path("file.thumb").read_bytes()
    assert not thumbnail().getexif()
    assert not {"xmp", "exif", "comment", "icc_profile"} & thumbnail().info.keys()
    for trace in (b"a camera", b"somewhere", b"at home"):
        assert trace not in body


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_every_kind_of_pixel_becomes_a_thumbnail(mode):
    image = Image.new("I;16", (64, 64), 40_000) if mode == "I;16" else samples.picture(mode=mode)
    answer = looked_at(samples.saved(image, "PNG"), "image/png")
    assert answer["warnings"] == []
    if mode == "I;16":
        assert thumbnail().convert("L").getpixel((10, 10)) == pytest.approx(156, abs=3)


def test_a_print_photo_becomes_a_thumbnail_in_its_colours():
    looked_at(samples.saved(samples.picture(mode="CMYK"), "JPEG"), "image/jpeg")
    assert side_colours(thumbnail())[0] == "r"


def test_what_is_transparent_stays_so():
    looked_at(samples.saved(Image.new("RGBA", (400, 400), (255, 0, 0, 0)), "PNG"), "image/png")
    assert thumbnail().convert("RGBA").getchannel("A").getextrema() == (0, 0)


def test_heic_gets_a_jpeg_that_browsers_show():
    answer = looked_at(samples.heic(), "image/heic", "image")
    assert answer["outputs"] == ["jpeg", "thumb"]
    shown = Image.open("file.jpeg")
    assert (shown.format, shown.size, side_colours(shown)[0]) == ("JPEG", (640, 480), "r")


def test_a_moving_sticker_moves_in_its_thumbnail():
    answer = looked_at(samples.moving_webp(size=400), "image/webp", "sticker")
    assert answer["facts"] == {"width": 400, "height": 400, "animated": True}
    assert getattr(thumbnail(), "n_frames", 1) == 6
    assert thumbnail().size == (320, 320)
    assert thumbnail().convert("RGBA").getchannel("A").getextrema()[0] == 0


def test_a_long_sticker_keeps_its_time_with_fewer_frames(monkeypatch):
    monkeypatch.setattr(images, "ANIMATED_FRAMES", 3)
    looked_at(samples.moving_webp(), "image/webp", "sticker")
    shown = thumbnail()
    total = 0
    for number in range(getattr(shown, "n_frames", 1)):
        shown.seek(number)
        shown.load()
        total += shown.info["duration"]
    assert getattr(shown, "n_frames", 1) == 3
    assert total == 6 * 80


def test_a_moving_sticker_that_will_not_fit_stands_still(monkeypatch):
    monkeypatch.setattr(images, "ANIMATED_BYTES", 100)
    answer = looked_at(samples.moving_webp(), "image/webp", "sticker")
    assert answer["facts"]["animated"] is True
    assert getattr(thumbnail(), "n_frames", 1) == 1


def test_a_gif_is_known_to_move():
    answer = looked_at(samples.gif(), "image/gif", "image")
    assert answer["facts"]["animated"] is True
    assert answer["outputs"] == ["thumb"]


@pytest.mark.parametrize("side", [7_000, 50_000])
def test_more_than_forty_megapixels_are_never_decoded(side):
    with warnings.catch_warnings(action="ignore"):
        answer = looked_at(samples.huge_png(side), "image/png")
    assert (answer["error"], answer["outputs"]) == ("too_many_pixels", [])


@pytest.mark.parametrize(
    ("body", "mime"), [(b"\xff\xd8\xff" + bytes(100), "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"),
                       (b"GIF89a", "image/gif"), (b"RIFF\0\0\0\0WEBP", "image/webp")],
)  # fmt: skip
def test_a_signature_without_a_picture_cannot_be_opened(body, mime):
    assert looked_at(body, mime)["error"] == "undecodable"


def test_a_picture_cut_short_is_only_a_warning():
    answer = looked_at(samples.noise(800, 600)[:20_000], "image/jpeg")
    assert (answer["error"], answer["warnings"]) == ("", ["thumbnail_failed"])
    assert answer["facts"]["width"] == 800


def test_one_kind_is_never_opened_as_another():
    assert looked_at(samples.png(), "image/jpeg")["error"] == "undecodable"


# --- Sound ----------------------------------------------------------------------------------------------------------

SOUNDS = [("ogg", "libopus", 48_000, "audio/ogg"), ("mp3", "libmp3lame", 44_100, "audio/mpeg"),
          ("adts", "aac", 44_100, "audio/aac"), ("ipod", "aac", 44_100, "audio/mp4"),
          ("wav", "pcm_s16le", 44_100, "audio/wav")]  # fmt: skip


@pytest.mark.parametrize(("kind", "codec", "rate", "mime"), SOUNDS)
def test_a_recording_has_its_length_and_its_shape(kind, codec, rate, mime):
    answer = looked_at(samples.audio(kind, codec, rate), mime, "audio")
    assert (answer["error"], answer["warnings"]) == ("", [])
    assert answer["facts"]["duration"] == pytest.approx(2, abs=0.12)
    waveform = answer["facts"]["waveform"]
    assert len(waveform) == 64
    assert (max(waveform), min(waveform) >= 0) == (100, True)
    assert sum(waveform[:16]) < sum(waveform[16:32]) < sum(waveform[32:48]) < sum(waveform[48:])


def test_silence_is_flat_and_short_sounds_have_64_steps():
    assert moving.folded([0] * 500) == [0] * 64
    assert moving.folded([7]) == [100] * 64
    assert len(moving.folded([1, 2, 3])) == 64
    assert moving.folded(list(range(640)))[::63] == [1, 100]


def test_a_long_recording_is_listened_to_here_and_there(monkeypatch):
    monkeypatch.setattr(moving, "WHOLE_SECONDS", 1.0)
    answer = looked_at(samples.audio("wav", "pcm_s16le", 44_100, 8), "audio/wav", "audio")
    waveform = answer["facts"]["waveform"]
    assert answer["facts"]["duration"] == pytest.approx(8, abs=0.1)
    assert waveform[5] < waveform[30] < waveform[60]


def test_a_recording_that_takes_too_long_has_no_waveform(monkeypatch):
    monkeypatch.setattr(moving, "CPU_BUDGET_SECONDS", -1.0)
    answer = looked_at(samples.voice(), "audio/ogg", "voice")
    assert answer["warnings"] == ["waveform_failed"]
    assert answer["facts"]["duration"] == pytest.approx(2, abs=0.1)


def test_a_playlist_is_never_followed():
    playlist = b"ID3" + b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    assert looked_at(playlist, "audio/mpeg", "audio")["error"] in {"undecodable", "not_what_it_says"}


# --- Video ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "mime"), [("mp4", "video/mp4"), ("mov", "video/quicktime"), ("avi", "video/x-msvideo")]
)
def test_a_video_has_its_length_its_size_and_a_poster(kind, mime):
    answer = looked_at(samples.video(kind), mime, "video")
    assert answer["facts"]["duration"] == pytest.approx(2, abs=0.2)
    assert (answer["facts"]["width"], answer["facts"]["height"]) == (320, 180)
    assert answer["outputs"] == ["poster", "thumb"]
    assert side_colours(Image.open("file.poster"))[0] == "r"


def test_a_video_held_upright_stands_upright():
    answer = looked_at(samples.sideways_video(), "video/mp4", "video")
    poster = Image.open("file.poster")
    assert (answer["facts"]["width"], answer["facts"]["height"]) == (180, 320)
    assert poster.size == (180, 320)
    # turned clockwise: what was left is now above
    assert (side_colours(poster)[1], side_colours(poster)[3]) == ("r", "b")


@pytest.mark.parametrize("body", [b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", b"\0\0\0\x18ftypmp42" + bytes(5000)])
def test_a_container_without_a_video_cannot_be_opened(body):
    assert looked_at(body, "video/mp4", "video")["error"] in {"undecodable", "not_what_it_says"}


def test_a_video_without_pictures_is_not_what_it_says():
    answer = looked_at(samples.audio("mp4", "aac", 44_100), "video/mp4", "video")
    assert answer["error"] == "not_what_it_says"


def test_a_video_cut_short_keeps_what_is_known():
    body = samples.video("avi")
    answer = looked_at(body[: len(body) // 2], "video/x-msvideo", "video")
    assert (answer["facts"]["width"], answer["error"]) == (320, "")


# --- Documents ------------------------------------------------------------------------------------------------------


def test_a_pdf_has_its_pages_and_its_first_one_is_shown():
    answer = looked_at(samples.pdf(3), "application/pdf")
    assert answer["facts"] == {"pages": 3}
    assert answer["outputs"] == ["poster", "thumb"]
    assert max(Image.open("file.poster").size) == 1280
    assert thumbnail().height == 320


def test_a_pdf_that_cannot_be_opened_is_only_a_warning():
    assert looked_at(b"%PDF-1.7 nothing", "application/pdf")["warnings"] == ["pdf_unreadable"]


def test_a_locked_pdf_says_so():
    import pypdfium2.raw

    assert pypdfium2.raw.FPDF_ERR_PASSWORD == 4
    locked = io.BytesIO(LOCKED_PDF)
    assert looked_at(locked.getvalue(), "application/pdf")["warnings"] == ["pdf_locked"]


LOCKED_PDF = (
    b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj
3 0 obj<</Filter/Standard/V 1/R 2/P -4/O<"""
    + b"ab" * 32
    + b">/U<"
    + b"cd" * 32
    + b""">>>endobj
trailer<</Root 1 0 R/Encrypt 3 0 R/ID[<00><00>]/Size 4>>
%%EOF"""
)
