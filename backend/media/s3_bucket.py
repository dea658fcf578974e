"""The bucket itself: that it is there, that nothing in it is public, that our page may PUT to it."""

from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from backend.media import s3_cors
from backend.media.s3_errors import GONE, code_of, unless_not_offered

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.literals import BucketLocationConstraintType
    from types_boto3_s3.type_defs import PublicAccessBlockConfigurationTypeDef

UNSAID = {"", "us-east-1"}
"""Regions that a bucket is in when nothing is said; AWS does not take the second one said."""


def ensure(client: "S3Client", bucket: str, *, region: str) -> None:
    """Creates the bucket when it is not there, and lets our page PUT to it, beside what an operator's own CORS rules
    allow. The access block is seen to each time: without it some stores let an upload make itself public."""
    if not exists(client, bucket):
        _create(client, bucket, region)
    with unless_not_offered("cors"):
        s3_cors.let_in(client, bucket, s3_cors.page_origins())
    with unless_not_offered("public access block"):
        _block_public_access(client, bucket)


def exists(client: "S3Client", bucket: str) -> bool:
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if code_of(error) in {*GONE, "NoSuchBucket"}:
            return False
        raise
    return True


def _create(client: "S3Client", bucket: str, region: str) -> None:
    if region in UNSAID:
        client.create_bucket(Bucket=bucket)
    else:
        place = cast("BucketLocationConstraintType", region)
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": place})


def _block_public_access(client: "S3Client", bucket: str) -> None:
    """Never less than there is. BlockPublicAcls is left as found (AWS: on): Ceph 16 refuses every PUT with it, and
    IgnorePublicAcls alone makes a public ACL worth nothing."""
    wanted: PublicAccessBlockConfigurationTypeDef = {
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    try:
        found = client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if code_of(error) != "NoSuchPublicAccessBlockConfiguration":
            raise
        found = {}
    if any(not found.get(switch) for switch in wanted):
        client.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={**wanted, "BlockPublicAcls": found.get("BlockPublicAcls", False)},
        )
