"""S3 and what is compatible with it (MinIO, Ceph, R2), behind the contract of storages.py.

boto3's client is safe to share between threads, so there is one, and a second that only signs for the address that
browsers know the store by. Imported by storages.py on first use only: boto3 costs a second of start-up.
"""

import functools
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from botocore.config import Config
from botocore.exceptions import ClientError
from django.conf import settings
from storages.backends.s3 import S3Storage

from backend.lib.errors import Missing, TryLater
from backend.media import s3_bucket, s3_lifecycle
from backend.media.s3_errors import GONE, UNKNOWN_THERE, code_of, translated
from backend.media.storages import (
    CHUNK_BYTES,
    EXPIRES,
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

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import (
        CompletedPartTypeDef,
        GetObjectRequestTypeDef,
        HeadObjectOutputTypeDef,
        PutObjectRequestTypeDef,
        TaggingTypeDef,
    )

CONFIG = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    # Compatible stores refuse or ignore the checksums that boto3 adds unless told not to.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=32,
)
IMPATIENT = CONFIG.merge(Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1}))
"""For whoever has a reader waiting: nothing is worth more than three seconds."""


class S3MediaStorage(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """Private objects, no ACL; the bucket's public access block is set where the server knows it."""

    storage_type = "s3"

    def __init__(self, **options: Any) -> None:
        self._lock = threading.Lock()
        super().__init__(
            **{
                "bucket_name": settings.S3_BUCKET,
                "access_key": settings.S3_ACCESS_KEY,
                "secret_key": settings.S3_SECRET_KEY,
                "endpoint_url": settings.S3_ENDPOINT_URL or None,
                "region_name": settings.S3_REGION,
                "use_ssl": settings.S3_USE_SSL,
                "client_config": CONFIG,
                "default_acl": None,
                **options,
            }
        )

    def save_file(self, key: str, source: Path, mime: str, *, tags: Mapping[str, str] | None = None) -> None:
        with open_plain(source) as body, translated():
            request: PutObjectRequestTypeDef = {
                "Bucket": self.bucket_name,
                "Key": check_key(key),
                "Body": body,
                "ContentType": mime,
                "ContentLength": os.fstat(body.fileno()).st_size,
            }
            if tags:
                request["Tagging"] = _tagging(tags)
            self.client.put_object(**request)

    def read_range(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        request: GetObjectRequestTypeDef = {"Bucket": self.bucket_name, "Key": check_key(key)}
        if start or length is not None:
            request["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        with translated():
            body = self.client.get_object(**request)["Body"] if length != 0 else None

        def chunks() -> Iterator[bytes]:
            if body is not None:
                with body, translated():
                    yield from body.iter_chunks(CHUNK_BYTES)

        return chunks()

    def read_piece(self, key: str, start: int, length: int) -> bytes:
        wanted = f"bytes={start}-{start + length - 1}"
        with translated():
            found = self.impatient.get_object(Bucket=self.bucket_name, Key=check_key(key), Range=wanted)
            with found["Body"] as body:
                return body.read()

    def size_of(self, key: str) -> int:
        return self._head(self.impatient, key)["ContentLength"]

    def stat(self, key: str) -> Stat:
        found = self._head(self.client, key)
        return Stat(size=found["ContentLength"], modified_at=found["LastModified"], mime=found.get("ContentType", ""))

    def delete(self, name: str) -> None:
        with translated():
            self.client.delete_object(Bucket=self.bucket_name, Key=check_key(name))

    def upload_ticket(self, key: str, mime: str, size: int) -> Ticket:
        """Key, type, length and tag are signed, so the store refuses another body. Compatible stores vary: whoever gave
        the ticket still compares `stat().size`."""
        facts = {"ContentType": mime, "ContentLength": size, "Tagging": _tagging(EXPIRES)}
        url = self._signed("put_object", key, facts)
        headers = {"Content-Type": mime, "x-amz-tagging": _tagging(EXPIRES)}
        return Ticket(url=url, method="PUT", headers=headers, expires_in=TICKET_SECONDS)

    def begin_parts(self, key: str, mime: str) -> str:
        with translated():
            begun = self.client.create_multipart_upload(
                Bucket=self.bucket_name, Key=check_key(key), ContentType=mime, Tagging=_tagging(EXPIRES)
            )
        return begun["UploadId"]

    def part_ticket(self, key: str, parts_id: str, number: int, size: int) -> Ticket:
        facts = {"UploadId": parts_id, "PartNumber": number, "ContentLength": size}
        return Ticket(url=self._signed("upload_part", key, facts), method="PUT", headers={}, expires_in=TICKET_SECONDS)

    def parts(self, key: str, parts_id: str) -> dict[int, Part]:
        with translated():
            pages = self.client.get_paginator("list_parts").paginate(
                Bucket=self.bucket_name, Key=check_key(key), UploadId=parts_id
            )
            found = [part for page in pages for part in page.get("Parts", [])]
        return {part["PartNumber"]: Part(part["Size"], part["ETag"]) for part in found}

    def join_parts(self, key: str, parts_id: str) -> None:
        listed: list[CompletedPartTypeDef] = [
            {"PartNumber": number, "ETag": part.etag} for number, part in sorted(self.parts(key, parts_id).items())
        ]
        with translated():
            self.client.complete_multipart_upload(
                Bucket=self.bucket_name, Key=key, UploadId=parts_id, MultipartUpload={"Parts": listed}
            )

    def drop_parts(self, key: str, parts_id: str) -> None:
        with suppress(Missing), translated():
            self.client.abort_multipart_upload(Bucket=self.bucket_name, Key=check_key(key), UploadId=parts_id)

    def set_tags(self, key: str, tags: Mapping[str, str]) -> bool:
        """A store that refuses us the right to tag may still go by the tag that is there: that is an error."""
        tagging: TaggingTypeDef = {"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]}
        with translated():
            try:
                self.client.put_object_tagging(Bucket=self.bucket_name, Key=check_key(key), Tagging=tagging)
            except ClientError as error:
                if code_of(error) not in UNKNOWN_THERE:
                    raise
                return False
        return True

    def list_keys(self, prefix: str = "") -> Iterator[Listed]:
        with translated():
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix)
            for page in pages:
                for found in page.get("Contents", []):
                    yield Listed(found["Key"], found["Size"], found["LastModified"])

    def unfinished(self) -> Iterator[Unfinished]:
        with translated():
            pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket_name)
            for page in pages:
                for found in page.get("Uploads", []):
                    yield Unfinished(found["Key"], found["UploadId"], found["Initiated"])

    def drop_unfinished(self, one: Unfinished) -> None:
        self.drop_parts(one.key, one.id)

    def lifecycle(self) -> Lifecycle | None:
        with translated():
            try:
                return s3_lifecycle.read(self.client, self.bucket_name)
            except ClientError as error:
                if code_of(error) not in UNKNOWN_THERE:
                    raise
                return None

    def set_lifecycle(self, wanted: Lifecycle) -> None:
        with translated():
            s3_lifecycle.write(self.client, self.bucket_name, wanted)

    @property
    def upload_origin(self) -> str:
        parts = urlsplit(self.signer.meta.endpoint_url)
        return f"{parts.scheme}://{parts.netloc}"

    def ensure_bucket(self) -> None:
        region = "" if self.endpoint_url else self.region_name
        with translated():
            s3_bucket.ensure(self.client, self.bucket_name, region=region)

    @functools.cached_property
    def client(self) -> "S3Client":
        return self._client(self.endpoint_url)

    @functools.cached_property
    def impatient(self) -> "S3Client":
        return self._client(self.endpoint_url, IMPATIENT)

    @functools.cached_property
    def signer(self) -> "S3Client":
        return self._client(settings.S3_PUBLIC_ENDPOINT_URL) if settings.S3_PUBLIC_ENDPOINT_URL else self.client

    def _client(self, endpoint_url: str | None, config: Config | None = None) -> "S3Client":
        # Making a client is the one thing that boto3's session does not allow two threads to do at once.
        with self._lock:
            made: S3Client = self._session.client(
                "s3",
                region_name=self.region_name,
                endpoint_url=endpoint_url,
                use_ssl=self.use_ssl,
                config=config or self.client_config,
            )
        return made

    @functools.cached_property
    def _session(self) -> Any:
        """One for all clients: each has read its own 13 MB of descriptions of AWS."""
        return self._create_session()

    def _head(self, client: "S3Client", key: str) -> "HeadObjectOutputTypeDef":
        with translated():
            try:
                return client.head_object(Bucket=self.bucket_name, Key=check_key(key))
            except ClientError as error:
                # HEAD says 404 for a key and for a bucket alike: a wrong bucket must not look like lost files.
                if code_of(error) in GONE and not s3_bucket.exists(self.client, self.bucket_name):
                    raise TryLater("storage_unavailable", "the bucket does not exist") from error
                raise

    def _signed(self, operation: str, key: str, facts: Mapping[str, Any]) -> str:
        return self.signer.generate_presigned_url(
            operation,
            Params={"Bucket": self.bucket_name, "Key": check_key(key), **facts},
            ExpiresIn=TICKET_SECONDS,
            HttpMethod="PUT",
        )


def _tagging(tags: Mapping[str, str]) -> str:
    return urlencode(tags, quote_via=quote)
