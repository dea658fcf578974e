"""Sound as WhatsApp and as every browser take it: OGG/Opus mono 48 kHz, and AAC in an MP4.

Runs in a decoder process only.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from backend.media.verdict import Undecodable

RATE = 48_000
OPUS_BITS, AAC_BITS = 32_000, 64_000
MAX_THREADS = 2
STEP_SAMPLES = 960


def to_opus(source: InputContainer, path: str, *, cpu_seconds: float) -> None:
    """Copied when it is Opus in mono already; nothing else that was in the file comes along."""
    stream = source.streams.audio[0]
    if stream.codec_context.name == "opus" and stream.codec_context.channels == 1:
        with suppress(av.FFmpegError, ValueError):
            _copy(source, stream, path)
            return
        source.seek(0)
    _encode(source, path, "ogg", "libopus", OPUS_BITS, cpu_seconds)


def to_aac(source: InputContainer, path: str, *, cpu_seconds: float) -> None:
    """Its index stands first, so that it plays while it comes."""
    _encode(source, path, "mp4", "aac", AAC_BITS, cpu_seconds)


def _copy(source: InputContainer, stream: AudioStream, path: str) -> None:
    with av.open(path, "w", format="ogg") as container:
        made = container.add_stream_from_template(stream)
        first: int | None = None
        for packet in source.demux(stream):
            if packet.pts is None or packet.size == 0:
                continue
            # A recording that does not begin at nought would be heard as silence first.
            first = packet.pts if first is None else first
            packet.pts = packet.dts = packet.pts - first
            packet.stream = made
            container.mux(packet)
        if first is None:
            raise ValueError("no packets")


def _encode(source: InputContainer, path: str, kind: str, codec: str, bits: int, cpu_seconds: float) -> None:
    options = {"movflags": "+faststart"} if kind == "mp4" else {}
    with av.open(path, "w", format=kind, options=options) as container:
        made = container.add_stream(codec, rate=RATE, layout="mono")
        assert isinstance(made, AudioStream)
        made.bit_rate = bits
        if not _fill(container, made, _frames(source, time.process_time() + cpu_seconds)):
            raise Undecodable("undecodable", "no sound could be decoded")
        container.mux(made.encode(None))


def _fill(container: OutputContainer, made: AudioStream, frames: Iterator[AudioFrame]) -> int:
    """Stamped anew, sample by sample: what the source left out leaves no hole. Returns how many samples there were."""
    written = 0
    for frame in frames:
        frame.pts, frame.time_base = written, Fraction(1, RATE)
        written += frame.samples
        container.mux(made.encode(frame))
    return written


def _frames(source: InputContainer, ends_at: float) -> Iterator[AudioFrame]:
    stream = source.streams.audio[0]
    stream.codec_context.thread_count = MAX_THREADS
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    for packet in source.demux(stream):
        if time.process_time() > ends_at:
            raise TimeoutError("longer than it is worth")
        with suppress(av.FFmpegError):  # a broken packet is left out
            for frame in packet.decode():
                yield from resampler.resample(frame)
    yield from resampler.resample(None)
