"""Rows in the database that the environment names, told as JSON on standard output.

`python -m tests.bench.seed companies COUNT SANDBOX_URL`
`python -m tests.bench.seed file TENANT_ID STORAGE_KEY SIZE_BYTES SHA256`
`python -m tests.bench.seed media TENANT_ID STORAGE_KEY SIZE_BYTES SHA256 MIMETYPE`
"""

import json
import os
import sys
from collections.abc import Callable
from uuid import UUID

import django


def companies(count: str, sandbox_url: str) -> list[dict[str, str]]:
    """Tenants, each with one number and one program's token."""
    from backend.tenants.models import ApiToken, Instance, Membership, Tenant, User, hash_token

    made = []
    for number in range(1, int(count) + 1):
        tenant = Tenant.objects.create(name=f"Company {number}", slug=f"company-{number}")
        user = User.objects.create_user(f"person@{tenant.slug}.example", None, first_name="Ana")
        Membership.objects.create(tenant=tenant, user=user, role=Membership.Role.OWNER)
        token = f"token-of-{tenant.slug}"
        ApiToken.objects.create(tenant=tenant, user=user, hash=hash_token(token), label="bench")
        instance = Instance.objects.create(
            tenant=tenant,
            provider="sandbox",
            name=f"number-{number}",
            base_url=sandbox_url,
            api_key=f"key-{number}",
            secret=f"secret-of-{tenant.slug}",
            state=Instance.State.CONNECTING,
        )
        made.append(
            {
                "tenant_id": str(tenant.pk),
                "instance_id": str(instance.pk),
                "instance": instance.name,
                "api_key": instance.api_key,
                "secret": instance.secret,
                "token": token,
            }
        )
    return made


def file(tenant_id: str, storage_key: str, size_bytes: str, sha256: str) -> str:
    """The row of a file that is in S3 already, as if it had come in."""
    return media(tenant_id, storage_key, size_bytes, sha256, "application/zip")["id"]


def media(tenant_id: str, storage_key: str, size_bytes: str, sha256: str, mimetype: str) -> dict[str, str]:
    """The same, and the hash by which a gateway reads it."""
    from backend.media.models import Attachment

    made = Attachment.objects.create(
        tenant_id=UUID(tenant_id),
        file_name=storage_key.rpartition("/")[2],
        file_type=mimetype,
        size_bytes=int(size_bytes),
        status=Attachment.Status.COMPLETED,
        storage_type=Attachment.Storage.S3,
        storage_key=storage_key,
        content_sha256=sha256,
    )
    return {"id": str(made.pk), "media_hash": made.media_hash}


MAKERS: dict[str, Callable[..., object]] = {"companies": companies, "file": file, "media": media}


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "backend.settings"
    django.setup()
    sys.stdout.write(json.dumps(MAKERS[sys.argv[1]](*sys.argv[2:])))
