"""Sound and video: how long, how loud, and one frame to show. Runs in a decoder process only.

The demuxer is named by the type that the bytes had, so that nothing opens as a playlist of other files.
"""

import time
from array import array
from collections.abc import Iterator
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.video.frame import VideoFrame
from PIL import Image

from backend.media import voices
from backend.media.images import MAX_PIXELS, POSTER_SIDE, save_jpeg, save_thumbnail
from backend.media.verdict import Undecodable, Verdict

STEPS = 64
MAX_THREADS = 2
PEAK_RATE = 8000
PEAK_SAMPLES = 400
WHOLE_SECONDS = 900.0
CPU_BUDGET_SECONDS = 10.0
POSTER_AT_SECONDS = 1.0

_DEMUXERS = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/3gpp": "mov",
    "video/x-msvideo": "avi",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/mp4": "mov",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/amr": "amr",
    "audio/webm": "matroska",
}


def listen(request: dict[str, Any], verdict: Verdict) -> None:
    """Duration and waveform; for WhatsApp and for every browser, the same sound in their forms."""
    _convert(request, verdict)
    with _opened(request, needs_sound=True) as container:
        announced = _seconds(container)
        if announced is not None:
            verdict.facts["duration"] = announced
        sound = _Sound(container, threads=request["threads"])
        try:
            if announced is not None and announced > WHOLE_SECONDS:
                peaks = sound.sampled(announced)
            else:
                peaks, verdict.facts["duration"] = sound.whole()
        except _OutOfTime:
            verdict.warnings.append("waveform_failed")
            return
        if not peaks:
            raise Undecodable("undecodable", "no sound could be decoded")
        verdict.facts["waveform"] = folded(peaks)


def _convert(request: dict[str, Any], verdict: Verdict) -> None:
    """What is sent must be made; a form for browsers is worth a warning."""
    if request["sends"] and (request["kind"] == "voice" or request["mime"] == "audio/webm"):
        with _opened(request, needs_sound=True) as container:
            voices.to_opus(container, f"{request['name']}.send", cpu_seconds=request["cpu_seconds"])
        verdict.output("send")
    if request["kind"] == "voice":
        try:
            with _opened(request, needs_sound=True) as container:
                voices.to_aac(container, f"{request['name']}.aac", cpu_seconds=request["cpu_seconds"] / 2)
            verdict.output("aac")
        except (av.FFmpegError, TimeoutError):
            verdict.warnings.append("aac_failed")


def watch(request: dict[str, Any], verdict: Verdict) -> None:
    """Size, duration and a poster, upright."""
    with _opened(request) as container:
        if not container.streams.video:
            raise Undecodable("not_what_it_says", "there is no picture in this file")
        duration = _seconds(container)
        if duration is not None:
            verdict.facts["duration"] = duration
        context = container.streams.video[0].codec_context
        verdict.facts["width"], verdict.facts["height"] = context.width, context.height
        if context.width * context.height > MAX_PIXELS:
            verdict.warnings.append("too_many_pixels")
            return
        frame = _frame(container, duration or 0.0, request["threads"])
        if frame is None:
            verdict.warnings.append("thumbnail_failed")
            return
        picture = _picture(frame)
        if frame.rotation % 180:
            verdict.facts["width"], verdict.facts["height"] = context.height, context.width
    save_jpeg(picture, verdict.output("poster"))
    save_thumbnail(picture, verdict)


def folded(peaks: list[int]) -> list[int]:
    """STEPS numbers of 0 to 100, the loudest 100; silence is all zero."""
    steps = []
    for step in range(STEPS):
        first = step * len(peaks) // STEPS
        part = peaks[first : max(first + 1, (step + 1) * len(peaks) // STEPS)]
        steps.append(sum(part) / len(part))
    loudest = max(steps)
    return [round(100 * level / loudest) if loudest > 0 else 0 for level in steps]


class _OutOfTime(Exception):
    """Longer than a waveform is worth."""


def _opened(request: dict[str, Any], *, needs_sound: bool = False) -> InputContainer:
    try:
        container: InputContainer = av.open(
            request["name"], mode="r", format=_DEMUXERS[request["mime"]], options={"protocol_whitelist": "file"}
        )
    except av.FFmpegError as error:
        raise Undecodable("undecodable", "the file cannot be opened") from error
    if needs_sound and not container.streams.audio:
        container.close()
        raise Undecodable("not_what_it_says", "there is no sound in this file")
    return container


def _seconds(container: InputContainer) -> float | None:
    return round(container.duration / av.time_base, 2) if container.duration and container.duration > 0 else None


# --- Sound ----------------------------------------------------------------------------------------------------------


class _Sound:
    """The first sound of a file, mono at PEAK_RATE, within one budget of processor time."""

    def __init__(self, container: InputContainer, *, threads: int) -> None:
        self._container, self._stream = container, container.streams.audio[0]
        self._stream.codec_context.thread_count = min(threads, MAX_THREADS)
        self._ends_at = time.process_time() + CPU_BUDGET_SECONDS

    def whole(self) -> tuple[list[int], float]:
        """Every peak, and the duration as it was heard, which formats without an index only guess at."""
        peaks: list[int] = []
        heard = 0
        for samples in self._samples():
            heard += len(samples)
            peaks += _peaks(samples)
        return peaks, round(heard / PEAK_RATE, 2)

    def sampled(self, duration: float) -> list[int]:
        """One short listen for each step of a long recording."""
        peaks = []
        for step in range(STEPS):
            self._container.seek(int(duration * step / STEPS * av.time_base))
            peaks.append(max(_peaks(next(self._samples(), array("h"))), default=0))
        return peaks

    def _samples(self) -> Iterator["array[int]"]:
        """About a second at a time. Packets that are broken are left out."""
        resampler = av.AudioResampler(format="s16", layout="mono", rate=PEAK_RATE)
        pending = array("h")
        for frame in self._frames():
            for plain in resampler.resample(frame):
                pending.frombytes(bytes(plain.planes[0])[: plain.samples * 2])
            if len(pending) >= PEAK_RATE:
                yield pending
                pending = array("h")
        for plain in resampler.resample(None):
            pending.frombytes(bytes(plain.planes[0])[: plain.samples * 2])
        if pending:
            yield pending

    def _frames(self) -> Iterator[AudioFrame]:
        for packet in self._container.demux(self._stream):
            if time.process_time() > self._ends_at:
                raise _OutOfTime
            try:
                yield from packet.decode()
            except av.FFmpegError:
                continue


def _peaks(samples: "array[int]") -> list[int]:
    parts = (samples[start : start + PEAK_SAMPLES] for start in range(0, len(samples), PEAK_SAMPLES))
    return [max(abs(max(part)), abs(min(part))) for part in parts]


# --- Pictures -------------------------------------------------------------------------------------------------------


def _frame(container: InputContainer, duration: float, threads: int) -> VideoFrame | None:
    """The first that can be decoded from a little way in: the very first is often black."""
    stream = container.streams.video[0]
    stream.codec_context.thread_count = min(threads, MAX_THREADS)
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    for start in (min(POSTER_AT_SECONDS, duration / 2), 0.0):
        try:
            container.seek(int(start * av.time_base))
            for frame in container.decode(stream):
                if frame.pts is None or frame.time + 0.05 >= start:
                    return frame
        except av.FFmpegError:
            continue
    return None


def _picture(frame: VideoFrame) -> Image.Image:
    scale = min(1.0, POSTER_SIDE / max(frame.width, frame.height))
    width, height = max(2, int(frame.width * scale)), max(2, int(frame.height * scale))
    small = frame.reformat(width=width, height=height, format="rgb24")
    picture: Image.Image = small.to_image()  # type: ignore[no-untyped-call]  # PyAV types it not
    return picture.rotate(frame.rotation, expand=True) if frame.rotation else picture
