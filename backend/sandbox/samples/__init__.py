"""Media made by us (`python -m backend.sandbox.samples.make`): what the phone sends when it is given nothing else."""

from pathlib import Path

from backend.lib.errors import Missing
from backend.sandbox.cupboard import File

SAMPLES_DIR = Path(__file__).parent
MIMETYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ogg": "audio/ogg; codecs=opus",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".zip": "application/zip",
    ".was": "application/was",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
DEFAULTS = {
    "image": "photo-beach.jpg",
    "video": "video.mp4",
    "gif": "gif.mp4",
    "video_note": "video.mp4",
    "voice": "voice.ogg",
    "audio": "song.mp3",
    "document": "orcamento.pdf",
    "sticker": "sticker.webp",
    "lottie": "sticker.was",
}


def names() -> list[str]:
    return sorted(path.name for path in SAMPLES_DIR.iterdir() if path.suffix in MIMETYPES)


def sample(name: str) -> File:
    """Raises Missing for a name that is not shipped."""
    path = SAMPLES_DIR / name
    if "/" in name or path.suffix not in MIMETYPES or not path.is_file():
        raise Missing("no_such_sample", f"Samples are: {', '.join(names())}.")
    return File(path.read_bytes(), MIMETYPES[path.suffix], name)


def album() -> list[File]:
    """Eight photos of one afternoon."""
    return [sample(f"album-{number}.jpg") for number in range(1, 9)]
