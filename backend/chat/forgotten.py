"""What was erased, while the gateway still has it: as digests, and for as long as it could be read back."""

import hashlib
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from backend.chat.models import ErasedId

BATCH = 500


def remember(tenant_id: UUID, provider_ids: Collection[str]) -> None:
    """These messages and reactions are never to be read back. Joins the caller's transaction."""
    rows = [ErasedId(tenant_id=tenant_id, digest=_digest(tenant_id, one)) for one in sorted(provider_ids)]
    ErasedId.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def among(tenant_id: UUID, provider_ids: Collection[str]) -> set[str]:
    """Those of them that were erased."""
    by_digest = {_digest(tenant_id, one): one for one in provider_ids}
    digests, found = list(by_digest), set[str]()
    for start in range(0, len(digests), BATCH):
        rows = ErasedId.objects.filter(tenant_id=tenant_id, digest__in=digests[start : start + BATCH])
        found |= {by_digest[bytes(digest)] for digest in rows.values_list("digest", flat=True)}
    return found


def drop(tenant_id: UUID, erased_before: datetime) -> int:
    return ErasedId.objects.filter(tenant_id=tenant_id, erased_at__lt=erased_before).delete()[0]


def _digest(tenant_id: UUID, provider_id: str) -> bytes:
    return hashlib.sha256(f"{tenant_id} {provider_id}".encode("utf-8", "replace")).digest()
