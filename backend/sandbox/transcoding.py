"""What Evolution does to files before it sends them. Pillow and PyAV are imported on first use."""

import io


def to_jpeg(data: bytes) -> bytes | None:
    """As sharp does: JPEG without alpha, upright; None for what is no image."""
    from PIL import Image, ImageOps  # noqa: PLC0415  (first use)

    try:
        with Image.open(io.BytesIO(data)) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
    target = io.BytesIO()
    upright.save(target, "JPEG", quality=80)
    return target.getvalue()


def to_webp(data: bytes) -> bytes | None:
    """A sticker; an animated image stays animated."""
    from PIL import Image  # noqa: PLC0415  (first use)

    try:
        with Image.open(io.BytesIO(data)) as opened:
            target = io.BytesIO()
            is_animated = bool(getattr(opened, "is_animated", False))
            opened.save(target, "WEBP", save_all=is_animated, quality=80)
            return target.getvalue()
    except (OSError, ValueError, SyntaxError):
        return None


def to_voice(data: bytes) -> bytes:
    """OGG/Opus, mono, 48 kHz; empty for what cannot be decoded, which Evolution sends all the same (contract 4.4)."""
    return _audio(data, container="ogg", codec="libopus", bit_rate=48_000)


def to_mp4_audio(data: bytes) -> bytes:
    """AAC in MP4, for getBase64FromMediaMessage with convertToMp4."""
    return _audio(data, container="mp4", codec="aac", bit_rate=64_000)


def _audio(data: bytes, *, container: str, codec: str, bit_rate: int) -> bytes:
    import av  # noqa: PLC0415  (first use)

    target = io.BytesIO()
    try:
        with av.open(io.BytesIO(data), "r") as source, av.open(target, "w", format=container) as sink:
            stream = sink.add_stream(codec, rate=48_000)
            assert isinstance(stream, av.AudioStream)
            stream.bit_rate, stream.layout = bit_rate, "mono"
            resampler = av.AudioResampler(
                format=stream.format, layout="mono", rate=48_000, frame_size=stream.frame_size or 960
            )
            for frame in source.decode(audio=0):
                for piece in resampler.resample(frame):
                    sink.mux(stream.encode(piece))
            for piece in resampler.resample(None):
                sink.mux(stream.encode(piece))
            sink.mux(stream.encode(None))
    except (av.error.FFmpegError, IndexError, ValueError):
        return b""
    return target.getvalue()
