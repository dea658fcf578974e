"""What a row must know of its file, found out from the stored bytes: for rows that came from somewhere else."""

import hashlib

from django.db.models import Q, QuerySet

from backend.media.models import Attachment, new_media_hash
from backend.media.storages import media_storage


def lacking() -> QuerySet[Attachment]:
    """Rows without a public hash, and stored files without a digest or a size."""
    unmeasured = ~Q(storage_key="") & (Q(content_sha256="") | Q(size_bytes=0))
    return Attachment.objects.filter(Q(media_hash="") | unmeasured).order_by("pk")


def fill(row: Attachment) -> bool:
    """What is there already is left as it is. False when somebody else has filled it. Raises Missing and TryLater."""
    found: dict[str, object] = {}
    if not row.media_hash:
        found["media_hash"] = new_media_hash()
    if row.storage_key and not (row.content_sha256 and row.size_bytes):
        found["content_sha256"], found["size_bytes"] = _measured(row)
    same = Attachment.objects.filter(
        pk=row.pk, media_hash=row.media_hash, content_sha256=row.content_sha256, storage_key=row.storage_key
    )
    return bool(found) and bool(same.update(**found))


def _measured(row: Attachment) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in media_storage(row.storage_type).read_range(row.storage_key):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size
