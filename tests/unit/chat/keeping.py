"""Files that are kept for a while, in tests of retention: rows with real objects, as the pipeline leaves them."""

import hashlib
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.utils import timezone

from backend.chat.models import Message
from backend.lib.errors import Missing
from backend.media import retention
from backend.media.models import Attachment
from backend.media.storages import EXPIRES, media_storage
from tests.cast import Member
from tests.inbound import MARIA, deliver, upsert

_serial = count(1)


def put(key: str, body: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "source")
        path.write_bytes(body)
        media_storage().save_file(key, path, "image/jpeg", tags=EXPIRES)


def kept(member: Member, *, kind: str = "image", days_old: float = 0, chat: str = MARIA, **row: Any) -> Attachment:
    """A message of Maria's with a completed file of three objects, stored `days_old` days ago."""
    serial = next(_serial)
    deliver(member.instance, upsert(f"KEPT{serial}", f"arquivo {serial}", chat=chat, name=None))
    message = Message.objects.get(provider_id=f"KEPT{serial}")
    body = f"{kind} {serial}".encode() * 100
    attachment = Attachment(
        tenant=member.tenant,
        file_name=f"receita-{serial}.jpg",
        file_type="image/jpeg",
        size_bytes=len(body),
        status="completed",
        storage_type=media_storage().storage_type,
        content_sha256=hashlib.sha256(body).hexdigest(),
        metadata={"preview": "data:image/jpeg;base64,AAAA", "beside": {"thumbnail": [50, ""], "jpeg": [30, ""]}},
        stored_at=timezone.now() - timedelta(days=days_old),
    )
    key = f"chat/{member.tenant.pk}/{message.conversation_id}/{attachment.pk}_receita.jpg"
    attachment.storage_key, attachment.thumbnail_key = key, f"{key}_thumb.webp"
    attachment.renditions = {"jpeg": f"{key}_jpeg.jpg"}
    attachment.expires_at = retention.expires_at(member.tenant.pk, kind, attachment.stored_at)
    for name, value in row.items():
        setattr(attachment, name, value)
    if "storage_key" not in row:
        put(key, body)
        put(attachment.thumbnail_key, b"t" * 50)
        put(attachment.renditions["jpeg"], b"r" * 30)
    attachment.save(force_insert=True)
    Message.objects.filter(pk=message.pk).update(attachment=attachment, kind=kind, source='{"key": {"id": "x"}}')
    return attachment


def sharing(member: Member, other: Attachment, **row: Any) -> Attachment:
    """Another message's row that refers to the same objects."""
    same = {"storage_key": other.storage_key, "thumbnail_key": other.thumbnail_key, "renditions": other.renditions}
    same |= {"content_sha256": other.content_sha256, "size_bytes": other.size_bytes, "metadata": other.metadata}
    return kept(member, **same | row)


def is_there(key: str) -> bool:
    try:
        media_storage().stat(key)
    except Missing:
        return False
    return True


def objects_of(attachment: Attachment) -> list[bool]:
    return [is_there(key) for key in retention.keys_of(attachment)]


def tags_of(attachment: Attachment) -> set[str]:
    storage: Any = media_storage()
    found = set()
    for key in retention.keys_of(attachment):
        tags = storage.client.get_object_tagging(Bucket=storage.bucket_name, Key=key)["TagSet"]
        found |= {f"{tag['Key']}={tag['Value']}" for tag in tags}
    return found
