"""Where bytes live: one contract, `MediaStorage`, behind Django's STORAGES["media"].

Objects are private, a key is written once and never changes, nothing is stored about a URL. Every method raises
Missing(`object_gone`) for a key that is not there and TryLater(`storage_unavailable`) when the storage is away.
The two that keep it, LocalMediaStorage and S3MediaStorage, are imported when they are first asked for.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import Any, Protocol, cast

from django.conf import settings
from django.core.files.storage import storages

from backend.lib.errors import Refused, TryLater

TICKET_SECONDS = 300
CHUNK_BYTES = 64 * 1024
EXPIRES = {"expire": "yes"}
"""The tag of every object that retention may take away, for the lifecycle rules of stores that know them."""
HELD = {"expire": "no"}
"""The tag of an object that outlives the bucket's rule: from then on only our own sweeper removes it."""
_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


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
class Part:
    """One part of a large upload, as the storage has it."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing tells of it."""

    key: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload in parts that was neither joined nor dropped, or a file whose writer died. `id` is the storage's."""

    key: str
    id: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What the storage does by itself: objects tagged EXPIRES go after `expire_days`, parts after `abort_days`; 0: no
    rule of ours. `others` are the rules that somebody else has put there."""

    expire_days: int = 0
    abort_days: int = 0
    others: int = 0


class MediaStorage(Protocol):
    """The contract. `storage_type` is what Attachment.storage_type says."""

    storage_type: str

    def save_file(self, key: str, source: Path, mime: str, *, tags: Mapping[str, str] | None = None) -> None:
        """Whole or not at all, durable when it returns; an object that is there is replaced."""

    def read_range(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Chunks of at most 64 KiB, to the end without `length`. Opened before it returns, so that errors come here."""

    def read_piece(self, key: str, start: int, length: int) -> bytes:
        """For somebody who waits: all of it at once, or TryLater within seconds."""

    def size_of(self, key: str) -> int:
        """For somebody who waits, as `read_piece`."""

    def stat(self, key: str) -> Stat: ...

    def delete(self, name: str) -> None:
        """A key that is not there is no error."""

    def upload_ticket(self, key: str, mime: str, size: int) -> Ticket:
        """A URL to which exactly `size` bytes of type `mime` may be PUT, valid TICKET_SECONDS."""

    def begin_parts(self, key: str, mime: str) -> str:
        """The id of an upload in parts, which is to become the object `key`."""

    def part_ticket(self, key: str, parts_id: str, number: int, size: int) -> Ticket:
        """As `upload_ticket`, for the bytes of one part. Numbers begin at 1."""

    def parts(self, key: str, parts_id: str) -> dict[int, Part]:
        """What has come so far. Raises Missing(`object_gone`) for an upload that was joined, dropped or never begun."""

    def join_parts(self, key: str, parts_id: str) -> None:
        """Makes the object of all parts that came, in the order of their numbers. Raises as `parts` does."""

    def drop_parts(self, key: str, parts_id: str) -> None:
        """Frees what the parts take up; an upload that is not known is no error."""

    def set_tags(self, key: str, tags: Mapping[str, str]) -> bool:
        """In place of the tags that there were. False: this storage knows none, and so no rule that goes by them."""

    def list_keys(self, prefix: str = "") -> Iterator[Listed]:
        """Every object whose key begins with `prefix`; those of one folder follow each other."""

    def unfinished(self) -> Iterator[Unfinished]:
        """What takes up room and is no object."""

    def drop_unfinished(self, one: Unfinished) -> None:
        """Frees it; one that is gone is no error."""

    def lifecycle(self) -> Lifecycle | None:
        """The rules as the storage has them; None where it has no rules: only our own sweeper removes anything."""

    def set_lifecycle(self, wanted: Lifecycle) -> None:
        """Puts our two rules in place of those that there were; `others` stay as they are."""

    @property
    def upload_origin(self) -> str:
        """The origin that browsers PUT to, as a content security policy names it; empty where it is our own."""

    def ensure_bucket(self) -> None:
        """Makes what the storage needs to exist: the bucket and its public access block, or the directory."""


def media_storage(storage_type: str = "") -> MediaStorage:
    """The one that STORAGES["media"] names, where new files go; with the `storage_type` of a row the one that it is in,
    which is another while files are being moved. Raises TryLater(`storage_unavailable`) where that is not set up."""
    current = cast(MediaStorage, storages["media"])
    if storage_type in {"", current.storage_type}:
        return current
    if storage_type == "local":
        return cast(MediaStorage, __getattr__("LocalMediaStorage")())
    if storage_type == "s3" and _is_s3_known():
        return _other_s3()
    raise TryLater("storage_unavailable", f"nothing here says where {storage_type} is")


def media_storages() -> list[MediaStorage]:
    """Wherever a copy of a file may be: where new ones go, and where they went before."""
    others = ["local", *(["s3"] if _is_s3_known() else [])]
    current = media_storage()
    return [current, *(media_storage(name) for name in others if name != current.storage_type)]


def _is_s3_known() -> bool:
    return bool(settings.S3_BUCKET and settings.S3_ACCESS_KEY)


@cache
def _other_s3() -> MediaStorage:
    return cast(MediaStorage, __getattr__("S3MediaStorage")())


def check_key(key: str) -> str:
    """Raises Refused(`bad_key`) for a key that could lead out of its place or hide in it."""
    if len(key) > 500 or not all(_PART.fullmatch(part) for part in key.split("/")):
        raise Refused("bad_key", "a storage key is made of plain names and slashes")
    return key


def open_plain(path: Path) -> BufferedReader:
    """For reading, never through a link: a decoder may have put one where it was to put a picture."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")


def __getattr__(name: str) -> Any:
    if name == "S3MediaStorage":
        from backend.media.s3 import S3MediaStorage  # noqa: PLC0415  # boto3 is a second of start-up

        return S3MediaStorage
    if name == "LocalMediaStorage":
        from backend.media.local import LocalMediaStorage  # noqa: PLC0415  # it stands on this module

        return LocalMediaStorage
    raise AttributeError(name)
