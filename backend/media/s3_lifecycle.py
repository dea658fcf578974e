"""What the bucket removes by itself: files of conversations that are past their time, and parts that nobody joined.

Two rules of ours, known by their IDs, beside whatever rules the operator has; those are never touched. A rule goes by
prefix AND tag, so that an object which must stay longer only needs another tag (`MediaStorage.set_tags`).
"""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backend.media.storages import EXPIRES, Lifecycle

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import LifecycleRuleOutputTypeDef, LifecycleRuleTypeDef, TagTypeDef

EXPIRE_RULE, ABORT_RULE = "chat-retention", "chat-unfinished-uploads"
OURS = {EXPIRE_RULE, ABORT_RULE}
PREFIX, UPLOADS_PREFIX = "chat/", "uploads/"


def read(client: "S3Client", bucket: str) -> Lifecycle:
    """A rule of ours that was switched off counts as none."""
    found = _rules(client, bucket)
    on = {rule.get("ID", ""): rule for rule in found if rule["Status"] == "Enabled"}
    expire = on[EXPIRE_RULE].get("Expiration", {}).get("Days", 0) if EXPIRE_RULE in on else 0
    abort = (
        on[ABORT_RULE].get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation", 0)
        if ABORT_RULE in on
        else 0
    )
    return Lifecycle(expire, abort, others=sum(rule.get("ID") not in OURS for rule in found))


def write(client: "S3Client", bucket: str, wanted: Lifecycle) -> None:
    """The store takes all rules at once or none: theirs are read and written back as they are."""
    theirs: list[LifecycleRuleTypeDef] = [
        _as_given(rule) for rule in _rules(client, bucket) if rule.get("ID") not in OURS
    ]
    rules = [*theirs, *_ours(wanted)]
    if rules:
        client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    else:
        client.delete_bucket_lifecycle(Bucket=bucket)


def _ours(wanted: Lifecycle) -> "list[LifecycleRuleTypeDef]":
    rules: list[LifecycleRuleTypeDef] = []
    if wanted.expire_days:
        tags: list[TagTypeDef] = [{"Key": name, "Value": value} for name, value in EXPIRES.items()]
        rules.append(
            {
                "ID": EXPIRE_RULE,
                "Status": "Enabled",
                "Filter": {"And": {"Prefix": PREFIX, "Tags": tags}},
                "Expiration": {"Days": wanted.expire_days},
            }
        )
    if wanted.abort_days:
        rules.append(
            {
                "ID": ABORT_RULE,
                "Status": "Enabled",
                "Filter": {"Prefix": UPLOADS_PREFIX},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": wanted.abort_days},
            }
        )
    return rules


def _as_given(rule: "LifecycleRuleOutputTypeDef") -> "LifecycleRuleTypeDef":
    """Said as every store takes it: an old rule names its prefix beside the filter, which may not stand beside ours;
    Ceph gives several conditions back without their `And`."""
    given: LifecycleRuleTypeDef = {**rule}
    if "Prefix" in given:
        given["Filter"] = {"Prefix": given.pop("Prefix")}
    if (both := given.get("Filter")) and "Prefix" in both and "Tag" in both:
        given["Filter"] = {"And": {"Prefix": both["Prefix"], "Tags": [both["Tag"]]}}
    return given


def _rules(client: "S3Client", bucket: str) -> "list[LifecycleRuleOutputTypeDef]":
    try:
        return client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchLifecycleConfiguration":
            return []
        raise
