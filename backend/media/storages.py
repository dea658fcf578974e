"""Where bytes live: one contract, `MediaStorage`, behind Django's STORAGES["media"].

Objects are private, a key is written once and never changes, nothing is stored about a URL. Every method raises
Missing(`object_gone`) for a key that is not there and TryLater(`storage_unavailable`) when the storage is away.
boto3 is imported when S3MediaStorage is first asked for, never with this module.
"""

import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from django.conf import settings
from django.core import signing
from django.core.files.storage import FileSystemStorage, storages

from backend.lib.errors import Missing, Refused, TryLater

TICKET_SECONDS = 300
CHUNK_BYTES = 64 * 1024
UPLOAD_PATH = "/api/chat/uploads/"
_SALT = "backend.media.storages.ticket"
_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_TEMPORARY = ".incoming"


@dataclass(frozen=True, slots=True)
class Stat:
    """What the storage itself says of an object. `mime` is empty where the storage keeps none."""

    size: int
    modified_at: datetime
    mime: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to send exactly one object: `method` it to `url` with exactly `headers` within `expires_in` seconds."""

    url: str
    method: str
    headers: Mapping[str, str]
    expires_in: int


@dataclass(frozen=True, slots=True)
class UploadFacts:
    """What a local ticket was given for."""

    key: str
    mime: str
    size: int


class MediaStorage(Protocol):
    """The contract. `storage_type` is what Attachment.storage_type says."""

    storage_type: str

    def save_file(self, key: str, source: Path, mime: str, *, tags: Mapping[str, str] | None = None) -> None:
        """Whole or not at all, durable when it returns; an object that is there is replaced."""

    def read_range(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Chunks of at most 64 KiB, to the end without `length`. Opened before it returns, so that errors come here."""

    def stat(self, key: str) -> Stat: ...

    def delete(self, name: str) -> None:
        """A key that is not there is no error."""

    def upload_ticket(self, key: str, mime: str, size: int) -> Ticket:
        """A URL to which exactly `size` bytes of type `mime` may be PUT, valid TICKET_SECONDS."""

    def ensure_bucket(self) -> None:
        """Makes what the storage needs to exist: the bucket and its public access block, or the directory."""


def media_storage() -> MediaStorage:
    """The one that STORAGES["media"] names."""
    return cast(MediaStorage, storages["media"])


def check_key(key: str) -> str:
    """Raises Refused(`bad_key`) for a key that could lead out of its place or hide in it."""
    if len(key) > 500 or not all(_PART.fullmatch(part) for part in key.split("/")):
        raise Refused("bad_key", "a storage key is made of plain names and slashes")
    return key


def read_ticket(ticket: str) -> UploadFacts:
    """What a ticket of LocalMediaStorage allows. Raises Refused(`ticket_expired`, `ticket_invalid`, 403)."""
    try:
        key, mime, size = signing.loads(ticket, salt=_SALT, max_age=TICKET_SECONDS)
    except signing.SignatureExpired as error:
        raise Refused("ticket_expired", "the upload ticket has expired", status=403) from error
    except (signing.BadSignature, ValueError) as error:
        raise Refused("ticket_invalid", "the upload ticket is not ours", status=403) from error
    return UploadFacts(key=check_key(key), mime=mime, size=size)


class LocalMediaStorage(FileSystemStorage):
    """Files under MEDIA_ROOT: for one machine, and for development."""

    storage_type = "local"

    def __init__(self, location: str | Path | None = None, **options: Any) -> None:
        super().__init__(location=location or settings.MEDIA_ROOT, **options)

    def save_file(self, key: str, source: Path, mime: str, *, tags: Mapping[str, str] | None = None) -> None:
        target = self._path(key)
        with _translated(may_be_missing=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            # In the target's own directory: a rename is atomic inside one file system only.
            temporary = target.parent / f"{_TEMPORARY}-{uuid.uuid4().hex}"
            try:
                _copy(source, temporary)
                temporary.replace(target)
                _sync_directory(target.parent)
            finally:
                temporary.unlink(missing_ok=True)

    def read_range(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        with _translated():
            file = self._path(key).open("rb")
            file.seek(start)

        def chunks() -> Iterator[bytes]:
            left = length
            with file, _translated():
                while chunk := file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left)):
                    left = None if left is None else left - len(chunk)
                    yield chunk

        return chunks()

    def stat(self, key: str) -> Stat:
        with _translated():
            found = self._path(key).stat()
        return Stat(size=found.st_size, modified_at=datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, name: str) -> None:
        with _translated():
            self._path(name).unlink(missing_ok=True)

    def upload_ticket(self, key: str, mime: str, size: int) -> Ticket:
        """A path of this server; `read_ticket` gives the facts back to the view behind it."""
        ticket = signing.dumps([check_key(key), mime, size], salt=_SALT, compress=True)
        return Ticket(
            url=f"{UPLOAD_PATH}{ticket}", method="PUT", headers={"Content-Type": mime}, expires_in=TICKET_SECONDS
        )

    def ensure_bucket(self) -> None:
        with _translated():
            Path(self.location).mkdir(parents=True, exist_ok=True)

    def _path(self, key: str) -> Path:
        return Path(self.location) / check_key(key)


@contextmanager
def _translated(*, may_be_missing: bool = True) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if may_be_missing and isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
            raise Missing("object_gone", "the file is not in the storage") from error
        raise TryLater("storage_unavailable", f"the media directory fails: {error.strerror}") from error


def open_plain(path: Path) -> BinaryIO:
    """For reading, never through a link: a decoder may have put one where it was to put a picture."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")


def _copy(source: Path, target: Path) -> None:
    with open_plain(source) as reader, target.open("xb") as writer:
        while chunk := reader.read(CHUNK_BYTES):
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def __getattr__(name: str) -> Any:
    if name == "S3MediaStorage":
        from backend.media.s3 import S3MediaStorage  # noqa: PLC0415  # boto3 is a second of start-up

        return S3MediaStorage
    raise AttributeError(name)
