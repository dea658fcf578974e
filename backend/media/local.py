"""Files under MEDIA_ROOT: for one machine, and for development. Browsers PUT to this server, with tickets of its own.

An upload in parts is a folder of numbered files, `.parts/{id}/`, outside the reach of any key.
"""

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.files.storage import FileSystemStorage

from backend.lib.errors import Missing, Refused, TryLater
from backend.media.storages import (
    CHUNK_BYTES,
    TICKET_SECONDS,
    Lifecycle,
    Listed,
    Part,
    Stat,
    Ticket,
    Unfinished,
    check_key,
    open_plain,
)

UPLOAD_PATH = "/api/chat/uploads/"
_SALT = "backend.media.storages.ticket"
_TEMPORARY = ".incoming"
_PARTS = ".parts"


@dataclass(frozen=True, slots=True)
class UploadFacts:
    """What a ticket was given for; with `number`, for that part of the upload `parts_id`."""

    key: str
    mime: str
    size: int
    parts_id: str = ""
    number: int = 0


def read_ticket(ticket: str) -> UploadFacts:
    """What a ticket of LocalMediaStorage allows. Raises Refused(`ticket_expired`, `ticket_invalid`, 403)."""
    try:
        key, mime, size, parts_id, number = signing.loads(ticket, salt=_SALT, max_age=TICKET_SECONDS)
    except signing.SignatureExpired as error:
        raise Refused("ticket_expired", "the upload ticket has expired", status=403) from error
    except (signing.BadSignature, ValueError) as error:
        raise Refused("ticket_invalid", "the upload ticket is not ours", status=403) from error
    return UploadFacts(check_key(key), mime, size, parts_id, number)


class LocalMediaStorage(FileSystemStorage):
    """The contract of storages.py on a directory."""

    storage_type = "local"

    def __init__(self, location: str | Path | None = None, **options: Any) -> None:
        super().__init__(location=location or settings.MEDIA_ROOT, **options)

    def save_file(self, key: str, source: Path, mime: str, *, tags: Mapping[str, str] | None = None) -> None:
        with _translated(may_be_missing=False), open_plain(source) as reader:
            self._write(self._path(key), iter(lambda: reader.read(CHUNK_BYTES), b""))

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

    def read_piece(self, key: str, start: int, length: int) -> bytes:
        with _translated(), self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def size_of(self, key: str) -> int:
        return self.stat(key).size

    def stat(self, key: str) -> Stat:
        with _translated():
            found = self._path(key).stat()
        return Stat(size=found.st_size, modified_at=datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, name: str) -> None:
        with _translated():
            self._path(name).unlink(missing_ok=True)

    def upload_ticket(self, key: str, mime: str, size: int) -> Ticket:
        """A path of this server, whose view calls `receive` with what `read_ticket` gives back."""
        return _ticket(UploadFacts(check_key(key), mime, size))

    def receive(self, facts: UploadFacts, chunks: Iterable[bytes]) -> Part:
        """What was PUT with a ticket: kept only if it is as long as the ticket says, else Refused(`size_mismatch`)."""
        folder = self._parts_folder(facts.parts_id)
        target = folder / str(facts.number) if facts.number else self._path(facts.key)
        return self._write(target, chunks, size=facts.size)

    def begin_parts(self, key: str, mime: str) -> str:
        parts_id = uuid.uuid4().hex
        with _translated():
            self._parts_folder(parts_id).mkdir(parents=True)
        return parts_id

    def part_ticket(self, key: str, parts_id: str, number: int, size: int) -> Ticket:
        return _ticket(UploadFacts(check_key(key), "", size, parts_id, number))

    def parts(self, key: str, parts_id: str) -> dict[int, Part]:
        with _translated():
            paths = [path for path in self._parts_folder(parts_id).iterdir() if path.name.isdecimal()]
            return {int(path.name): _part(path) for path in paths}

    def join_parts(self, key: str, parts_id: str) -> None:
        numbers = sorted(self.parts(key, parts_id))
        self._write(self._path(key), _joined([self._parts_folder(parts_id) / str(number) for number in numbers]))
        self.drop_parts(key, parts_id)

    def drop_parts(self, key: str, parts_id: str) -> None:
        with suppress(Missing), _translated():
            shutil.rmtree(self._parts_folder(parts_id))

    def set_tags(self, key: str, tags: Mapping[str, str]) -> bool:
        self.stat(key)
        return False

    def list_keys(self, prefix: str = "") -> Iterator[Listed]:
        root = Path(self.location)
        with _translated():
            for folder, folders, names in os.walk(root / prefix.rpartition("/")[0]):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(name for name in names if not name.startswith(".")):
                    path = Path(folder, name)
                    if (key := path.relative_to(root).as_posix()).startswith(prefix) and (found := _found(path)):
                        yield Listed(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def unfinished(self) -> Iterator[Unfinished]:
        root = Path(self.location)
        with _translated():
            for path in [*root.glob(f"{_PARTS}/*"), *root.rglob(f"{_TEMPORARY}-*")]:
                if found := _found(path):
                    name = path.relative_to(root).as_posix()
                    yield Unfinished("", name, datetime.fromtimestamp(found.st_mtime, UTC))

    def drop_unfinished(self, one: Unfinished) -> None:
        path = Path(self.location) / one.id
        with suppress(Missing), _translated():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def lifecycle(self) -> Lifecycle | None:
        return None

    def set_lifecycle(self, wanted: Lifecycle) -> None:
        """A directory empties itself of nothing."""

    @property
    def upload_origin(self) -> str:
        return ""

    def ensure_bucket(self) -> None:
        with _translated():
            Path(self.location).mkdir(parents=True, exist_ok=True)

    def _write(self, target: Path, chunks: Iterable[bytes], *, size: int | None = None) -> Part:
        """Whole or not at all, durable when it returns; only if it is `size` bytes long."""
        with _translated(may_be_missing=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            # In the target's own directory: a rename is atomic inside one file system only.
            temporary = target.parent / f"{_TEMPORARY}-{uuid.uuid4().hex}"
            try:
                _fill(temporary, chunks, size)
                temporary.replace(target)
                _sync_directory(target.parent)
            finally:
                temporary.unlink(missing_ok=True)
            return _part(target)

    def _path(self, key: str) -> Path:
        return Path(self.location) / check_key(key)

    def _parts_folder(self, parts_id: str) -> Path:
        return Path(self.location) / _PARTS / check_key(parts_id or "none")


@contextmanager
def _translated(*, may_be_missing: bool = True) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if may_be_missing and isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
            raise Missing("object_gone", "the file is not in the storage") from error
        raise TryLater("storage_unavailable", f"the media directory fails: {error.strerror}") from error


def _ticket(facts: UploadFacts) -> Ticket:
    packed = [facts.key, facts.mime, facts.size, facts.parts_id, facts.number]
    ticket = signing.dumps(packed, salt=_SALT, compress=True)
    headers = {"Content-Type": facts.mime} if facts.mime else {}
    return Ticket(url=f"{UPLOAD_PATH}{ticket}", method="PUT", headers=headers, expires_in=TICKET_SECONDS)


def _part(path: Path) -> Part:
    found = path.stat()
    return Part(size=found.st_size, etag=f'"{found.st_mtime_ns:x}-{found.st_size:x}"')


def _found(path: Path) -> os.stat_result | None:
    """None for what went away while the folder was read."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _joined(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as part:
            yield from iter(lambda: part.read(CHUNK_BYTES), b"")


def _fill(path: Path, chunks: Iterable[bytes], size: int | None) -> None:
    written = 0
    with path.open("xb") as writer:
        for chunk in chunks:
            written += len(chunk)
            if size is not None and written > size:
                break
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    if size is not None and written != size:
        raise Refused("size_mismatch", f"{size} bytes were announced, {'more' if written > size else written} came")


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
