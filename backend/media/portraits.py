"""A profile picture as we keep it: its middle, 200 × 200, a JPEG that holds nothing of the file that it came in."""

from collections.abc import Iterator
from contextlib import contextmanager

from backend.lib.errors import Refused, TryLater
from backend.media.cache import key_of, media_cache
from backend.media.decoders import decoders
from backend.media.pipeline import read_back, sniffed
from backend.media.serving import Stored
from backend.media.spool import Spooled, measured
from backend.media.storages import media_storage

MIME = "image/jpeg"
SIDE = 200


@contextmanager
def portrait(spooled: Spooled) -> Iterator[Spooled]:
    """What is made of a picture: the same bytes give the same. Made by a decoder process, gone with the block.

    Raises Refused(`type_not_allowed`, `not_what_it_says`, `undecodable`, `too_many_pixels`) or
    TryLater(`processing_failed`).
    """
    mime = sniffed(spooled, "image", "")
    decoded = decoders().decode(spooled.path, mime=mime, kind="portrait")
    try:
        if decoded.error:
            raise Refused(decoded.error, decoded.detail)
        if decoded.thumbnail is None:
            raise TryLater("processing_failed", "the picture could not be made small")
        yield measured(decoded.thumbnail)
    finally:
        decoded.discard()


def put(made: Spooled, key: str, media_hash: str) -> None:
    """Stored, read back, and near for whoever is told of it. Raises what the storage raises."""
    storage = media_storage()
    storage.save_file(key, made.path, MIME)
    read_back(storage, key, made.size_bytes)
    shown = Stored(key, made.size_bytes, MIME, "", made.sha256, made.sha256, key_of(media_hash))
    media_cache().warm(shown, made.path)
