"""What a row must know of its file, found out from the stored bytes: for rows that came from somewhere else."""

import hashlib
from typing import Any

from django.db.models import Q, QuerySet

from backend.media.models import Attachment, new_media_hash
from backend.media.pipeline import RENDITIONS, THUMBNAIL
from backend.media.storages import MediaStorage, media_storage


def lacking() -> QuerySet[Attachment]:
    """Rows without a public hash, and stored files without a digest or a size, or that of what lies beside them."""
    unmeasured = ~Q(storage_key="") & (Q(content_sha256="") | Q(size_bytes=0))
    beside = ~Q(thumbnail_key="") & _unknown(THUMBNAIL)
    for name in RENDITIONS:
        beside |= Q(renditions__has_key=name) & _unknown(name)
    is_here = ~Q(status=Attachment.Status.EXPIRED)
    return Attachment.objects.filter(Q(media_hash="") | unmeasured | (is_here & beside)).order_by("pk")


def fill(row: Attachment) -> bool:
    """What is there already is left as it is. False when somebody else has filled it. Raises Missing and TryLater; what
    was found before that is kept."""
    filled = _fill(row, _found(row))
    return _fill(row, _found_beside(row)) or filled


def measured(storage: MediaStorage, key: str) -> tuple[str, int]:
    """SHA-256 and size of what lies there. Raises Missing and TryLater."""
    digest, size = hashlib.sha256(), 0
    for chunk in storage.read_range(key):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def _unknown(name: str) -> Q:
    return Q(**{f"metadata__beside__{name}__isnull": True})


def _found(row: Attachment) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if not row.media_hash:
        found["media_hash"] = new_media_hash()
    if row.storage_key and not (row.content_sha256 and row.size_bytes):
        found["content_sha256"], found["size_bytes"] = measured(media_storage(row.storage_type), row.storage_key)
    return found


def _found_beside(row: Attachment) -> dict[str, Any]:
    known = row.metadata.get("beside", {})
    keys = {THUMBNAIL: row.thumbnail_key, **row.renditions}
    found = {}
    for name in [name for name, key in keys.items() if key and name not in known]:
        sha256, size = measured(media_storage(row.storage_type), keys[name])
        found[name] = (size, sha256)
    return {"metadata": row.metadata | {"beside": known | found}} if found else {}


def _fill(row: Attachment, found: dict[str, Any]) -> bool:
    names = ("pk", "media_hash", "content_sha256", "storage_key", "metadata")
    same = Attachment.objects.filter(**{name: getattr(row, name) for name in names})
    if not found or not same.update(**found):
        return False
    for name, value in found.items():
        setattr(row, name, value)
    return True
