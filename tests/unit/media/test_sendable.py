"""What is made of a file before it is sent. The files are made here; Pillow and PyAV say what came of them."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, ImageCms

from backend.lib.errors import ChatError, Refused, TryLater
from backend.media import pipeline, scrub
from backend.media.decoders import Decoded, Decoders
from backend.media.local import LocalMediaStorage
from backend.media.pipeline import Ingested
from backend.media.spool import spool_root
from backend.media.storages import MediaStorage
from tests.unit.media import samples

MEGABYTE = 1024 * 1024
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
EVERYTHING = {"orientation", "make", "gps"}


@pytest.fixture(scope="module")
def pool() -> Iterator[Decoders]:
    made = Decoders(1)
    yield made
    made.close()


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MediaStorage:
    made = LocalMediaStorage(location=tmp_path / "media")
    monkeypatch.setattr(pipeline, "media_storage", lambda: made)
    return made


@pytest.fixture(autouse=True)
def _nothing_is_left_in_the_spool() -> Iterator[None]:
    yield
    assert list(spool_root().iterdir()) == []


def sent(pool: Decoders, body: bytes, kind: str, file_name: str = "", **options: Any) -> Ingested:
    with pipeline.spool([body], limit_bytes=pipeline.limit_bytes(kind)) as spooled:
        return pipeline.store(
            spooled,
            kind=kind,
            file_name=file_name,
            key_for=lambda name: pipeline.chat_key("acme", "talk", "1", name),
            sends=True,
            pool=pool,
            **options,
        )


def refusal(pool: Decoders, body: bytes, kind: str) -> ChatError:
    with pytest.raises(ChatError) as raised:
        sent(pool, body, kind)
    return raised.value


def read(storage: MediaStorage, key: str) -> bytes:
    return b"".join(storage.read_range(key))


def picture(storage: MediaStorage, done: Ingested) -> Image.Image:
    image = Image.open(io.BytesIO(read(storage, done.storage_key)))
    image.load()
    return image


def sound(storage: MediaStorage, key: str) -> dict[str, Any]:
    with av.open(io.BytesIO(read(storage, key))) as container:
        stream = container.streams.audio[0]
        context = stream.codec_context
        frames = list(container.decode(stream))
        return {
            "format": container.format.name,
            "codec": context.name,
            "channels": context.channels,
            "rate": context.sample_rate,
            "seconds": sum(frame.samples for frame in frames) / frames[0].sample_rate,
            "starts": frames[0].time,
            "tags": dict(container.metadata) | dict(stream.metadata),
        }


def reveals(image: Image.Image) -> set[str]:
    exif = image.getexif()
    found = {0x0112: "orientation", 0x010F: "make", 0x8825: "gps"}
    told = {name for tag, name in found.items() if tag in exif}
    return told | ({"xmp", "comment", "photoshop", "mp"} & image.info.keys())


# --- Pictures -------------------------------------------------------------------------------------------------------


def test_a_photo_says_nothing_of_its_camera_and_place(storage, pool):
    body = samples.jpeg(icc_profile=PROFILE, comment=b"minha casa", quality=90)
    assert reveals(Image.open(io.BytesIO(body))) == {*EVERYTHING, "comment"}

    image = picture(storage, sent(pool, body, "image"))

    assert reveals(image) == set()
    assert image.info["icc_profile"] == PROFILE
    assert image.size == (640, 480)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_as_the_camera_was_held(storage, pool, orientation):
    """As a reader that looks at no EXIF sees it."""
    body = samples.jpeg(orientation=orientation, icc_profile=PROFILE)
    done = sent(pool, body, "image")

    image = picture(storage, done)
    expected = samples.turned(orientation)
    assert image.size == expected.size == (done.metadata["width"], done.metadata["height"])
    for place in ((10, 10), (image.width - 10, 10), (10, image.height - 10)):
        near = zip(image.getpixel(place), expected.getpixel(place), strict=True)
        assert all(abs(one - other) < 12 for one, other in near)
    assert (reveals(image), image.info["icc_profile"]) == (set(), PROFILE)


def test_what_hangs_on_behind_a_photo_is_not_sent(storage, pool):
    done = sent(pool, samples.jpeg() + b"a film of the same moment, with its place", "image")
    assert b"a film" not in read(storage, done.storage_key)


def test_a_small_photo_keeps_its_quality(storage, pool):
    body = samples.jpeg(quality=95)
    image = picture(storage, sent(pool, body, "image"))
    assert image.quantization == Image.open(io.BytesIO(body)).quantization


def test_a_large_photo_becomes_a_megabyte(storage, pool):
    body = samples.noise(2000, 1500)
    assert len(body) > 2 * MEGABYTE

    done = sent(pool, body, "image", "praia.jpg")

    assert MEGABYTE // 4 < done.size_bytes <= MEGABYTE
    assert picture(storage, done).size == (2000, 1500)


def test_a_photo_that_no_quality_makes_small_is_made_smaller(storage, pool):
    done = sent(pool, samples.noise(4200, 3000), "image")
    image = picture(storage, done)
    assert done.size_bytes <= MEGABYTE
    assert image.width < 4200
    assert image.width / image.height == pytest.approx(1.4, abs=0.01)
    assert (done.metadata["width"], done.metadata["height"]) == image.size


def test_heic_becomes_jpeg(storage, pool):
    done = sent(pool, samples.heic(), "image", "IMG_0001.HEIC")
    image = picture(storage, done)
    assert (done.file_name, done.file_type, image.format) == ("IMG_0001.jpg", "image/jpeg", "JPEG")
    assert (image.size, done.renditions) == ((640, 480), {})
    assert done.thumbnail_key


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_logo_stays_transparent(storage, pool, orientation):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "a camera"
    logo = Image.new("RGBA", (300, 200), (255, 0, 0, 0))
    logo.paste((0, 0, 255, 255), (50, 50, 150, 150))
    body = samples.saved(logo, "PNG", icc_profile=PROFILE, exif=exif)

    done = sent(pool, body, "image", "logo.png")

    image = picture(storage, done)
    assert (done.file_name, done.file_type, image.mode) == ("logo.png", "image/png", "RGBA")
    assert image.getpixel((2, 2))[3] == 0
    assert image.size == ((300, 200) if orientation == 1 else (200, 300))
    assert (reveals(image), image.info["icc_profile"]) == (set(), PROFILE)


def test_a_large_transparent_picture_is_made_smaller(storage, pool):
    noisy = Image.effect_noise((1400, 1000), 90).convert("RGBA")
    noisy.putalpha(128)
    done = sent(pool, samples.saved(noisy, "PNG"), "image")
    image = picture(storage, done)
    assert (image.format, image.mode) == ("PNG", "RGBA")
    assert done.size_bytes <= MEGABYTE


@pytest.mark.parametrize(("mode", "ending"), [("RGB", "jpg"), ("RGBA", "png")])
def test_webp_becomes_what_every_telephone_shows(storage, pool, mode, ending):
    image = samples.picture(mode=mode)
    if mode == "RGBA":
        image.putalpha(100)
    done = sent(pool, samples.saved(image, "WEBP"), "image", "figura.webp")
    assert done.file_name == f"figura.{ending}"


def test_a_gif_goes_on_moving(storage, pool):
    body = samples.gif()
    done = sent(pool, body, "image", "oi.gif")
    assert read(storage, done.storage_key) == body
    assert (done.file_type, done.metadata["animated"]) == ("image/gif", True)


def test_a_gif_of_3000_frames_is_refused(storage, pool):
    error = refusal(pool, samples.long_gif(3000), "image")
    assert (type(error), error.code) == (Refused, "too_many_frames")


# --- Films ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "turned"), [("mp4", False), ("mov", False), ("3gp", False), ("mp4", True)])
def test_a_film_says_nothing_of_where_it_was_taken(storage, pool, kind, turned):
    body = samples.located_film(kind, turned=turned)
    told = {word for word in (b"loci", b"+48.8577", b"a camera") if word in body}
    assert len(told) >= 2

    done = sent(pool, body, "video", f"torre.{kind}")

    stored = read(storage, done.storage_key)
    assert not any(word in stored for word in told)
    assert len(stored) == len(body)
    assert frames(stored) == frames(body)
    assert done.metadata["duration"] == pytest.approx(samples.SECONDS, abs=0.1)
    assert (done.metadata["width"] < done.metadata["height"]) is turned


def test_a_film_that_says_nothing_is_sent_as_it_is(storage, pool):
    body = samples.film("avi", "mpeg4")
    assert read(storage, sent(pool, body, "video").storage_key) == body


@pytest.mark.parametrize(
    "body",
    [
        b"\0\0\0\x10ftypmp42" + bytes(4) + b"\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\0\0\0\x10ftypmp42" + bytes(4) + b"\0\0\0\x04moov" + bytes(50),
        b"\0\0\0\x10ftypmp42" + bytes(4) + b"\xff\xff\xff\xffudta" + bytes(50),
        b"\0\0\0\x08moov" * 20_000,
        b"moov",
        b"",
    ],
)
def test_boxes_that_lie_are_left_alone(tmp_path, body):
    (tmp_path / "film").write_bytes(body)
    assert scrub.blank(tmp_path / "film") == 0
    assert (tmp_path / "film").read_bytes() == body


def frames(body: bytes) -> list[bytes]:
    with av.open(io.BytesIO(body)) as container:
        return [bytes(packet) for packet in container.demux() if packet.size]


# --- Voice ----------------------------------------------------------------------------------------------------------


RECORDINGS = {
    "Chrome": lambda: samples.audio("webm", "libopus"),
    "Chrome, two microphones": lambda: samples.audio("webm", "libopus", layout="stereo"),
    "Firefox": lambda: samples.audio("ogg", "libopus"),
    "Safari": lambda: samples.audio("mp4", "aac", 44_100),
    "Safari, old": lambda: samples.audio("mp4", "aac", 48_000, layout="stereo"),
    "a file": lambda: samples.audio("wav", "pcm_s16le", 8_000),
}


@pytest.mark.parametrize("browser", RECORDINGS)
def test_a_recording_becomes_what_whatsapp_takes(storage, pool, browser):
    done = sent(pool, RECORDINGS[browser](), "voice", "gravação.webm")

    heard = sound(storage, done.storage_key)
    assert (done.file_name, done.file_type) == ("gravação.ogg", "audio/ogg")
    assert (heard["format"], heard["codec"], heard["channels"], heard["rate"]) == ("ogg", "opus", 1, 48_000)
    assert heard["seconds"] == pytest.approx(samples.SECONDS, abs=0.05)
    assert done.metadata["duration"] == pytest.approx(samples.SECONDS, abs=0.05)
    assert len(done.metadata["waveform"]) == 64
    assert done.metadata["waveform"][-4] > done.metadata["waveform"][3]


@pytest.mark.parametrize("browser", RECORDINGS)
def test_browsers_without_ogg_get_aac(storage, pool, browser):
    done = sent(pool, RECORDINGS[browser](), "voice")

    body, heard = read(storage, done.renditions["aac"]), sound(storage, done.renditions["aac"])
    assert (heard["codec"], heard["channels"], heard["rate"]) == ("aac", 1, 48_000)
    assert heard["seconds"] == pytest.approx(samples.SECONDS, abs=0.05)
    assert body.index(b"moov") < body.index(b"mdat")


def test_opus_is_copied_and_not_encoded_again(storage, pool):
    body = samples.audio("webm", "libopus")
    done = sent(pool, body, "voice")
    assert packets(read(storage, done.storage_key)) == packets(body)


def test_a_recording_that_begins_late_is_heard_at_once(storage, pool):
    heard = sound(storage, sent(pool, samples.audio("webm", "libopus", starts=5), "voice").storage_key)
    assert heard["starts"] == pytest.approx(0, abs=0.01)
    assert heard["seconds"] == pytest.approx(samples.SECONDS, abs=0.05)


def test_a_recording_says_nothing_of_who_made_it(storage, pool):
    body = samples.audio("ogg", "libopus", tags={"artist": "Ana", "location": "-23.5-46.6"})
    tags = sound(storage, sent(pool, body, "voice").storage_key)["tags"]
    assert "Ana" not in tags.values() and "-23.5-46.6" not in tags.values()


def test_a_webm_that_was_picked_as_a_file_is_sent_as_ogg(storage, pool):
    done = sent(pool, samples.audio("webm", "libopus"), "audio", "nota.webm")
    assert (done.file_name, done.file_type, done.renditions) == ("nota.ogg", "audio/ogg", {})


def test_music_is_sent_as_it_is(storage, pool):
    body = samples.audio("mp3", "libmp3lame", 44_100)
    assert read(storage, sent(pool, body, "audio").storage_key) == body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (samples.video("mp4"), "not_what_it_says"),
        (samples.wav_of_nothing(), "undecodable"),
        (samples.voice()[:200], "undecodable"),
        (b"<!DOCTYPE html><html>login", "not_a_file"),
    ],
)
def test_a_recording_of_nothing_is_refused(storage, pool, body, code):
    error = refusal(pool, body, "voice")
    assert (type(error), error.code) == (Refused, code)


def test_an_incoming_voice_note_can_be_heard_in_every_browser(storage, pool):
    body = samples.voice()
    with pipeline.spool([body], limit_bytes=MEGABYTE) as spooled:
        done = pipeline.store(spooled, kind="voice", file_name="", key_for=lambda name: f"chat/acme/{name}", pool=pool)

    assert read(storage, done.storage_key) == body
    assert sound(storage, done.renditions["aac"])["seconds"] == pytest.approx(samples.SECONDS, abs=0.05)


# --- When it does not work ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "kind"), [(samples.jpeg, "image"), (samples.voice, "voice")])
def test_what_could_not_be_cleaned_is_not_sent(storage, make, kind):
    class Broken:
        def decode(self, *_: object, **__: object) -> Decoded:
            return Decoded(warnings=("decoder_failed",))

    with pytest.raises(TryLater) as raised:
        sent(Broken(), make(), kind)
    assert raised.value.code == "processing_failed"


def packets(body: bytes) -> list[bytes]:
    with av.open(io.BytesIO(body)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]
