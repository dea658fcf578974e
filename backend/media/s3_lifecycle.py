"""What the bucket removes by itself: files of conversations that are past their time, and parts that nobody joined.

Two rules of ours, known by their IDs, beside whatever rules the operator has; those are never touched. A rule goes by
prefix AND tag, so that an object which must stay longer only needs another tag (`MediaStorage.set_tags`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from backend.lib.errors import Conflict
from backend.media.retention import PREFIX
from backend.media.storages import EXPIRES, Lifecycle

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import (
        GetBucketLifecycleConfigurationOutputTypeDef,
        LifecycleRuleFilterTypeDef,
        LifecycleRuleOutputTypeDef,
        LifecycleRuleTypeDef,
        TagTypeDef,
    )

EXPIRE_RULE, ABORT_RULE = "chat-retention", "chat-unfinished-uploads"
OURS = {EXPIRE_RULE, ABORT_RULE}
UPLOADS_PREFIX = "uploads/"
ONCE = {"Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan"}
"""Conditions that a rule has at most one of."""
Condition = tuple[str, Any]


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
    """The store takes all rules at once or none: theirs are read and written back as they are.

    Raises Conflict(`foreign_rule`), before anything is written for a rule that cannot be said again as it is, and
    after it when the store has made another of one.
    """
    theirs = _theirs(client, bucket)
    if rules := [*theirs, *_ours(wanted)]:
        beside = _beside(client, bucket)
        client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules}, **beside)
    else:
        client.delete_bucket_lifecycle(Bucket=bucket)
    if _theirs(client, bucket) != theirs:
        raise Conflict("foreign_rule", f"The bucket's own rules are not what they were, which was: {theirs}")


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


def _theirs(client: "S3Client", bucket: str) -> "list[LifecycleRuleTypeDef]":
    found = [_as_given(rule) for rule in _rules(client, bucket) if rule.get("ID") not in OURS]
    return sorted(found, key=lambda rule: rule.get("ID", ""))


def _as_given(rule: "LifecycleRuleOutputTypeDef") -> "LifecycleRuleTypeDef":
    """Said as every store takes it: all its conditions in one filter, wherever they were. An old rule names its prefix
    beside the filter, Ceph gives several conditions back half in `And` and half beside it."""
    given: LifecycleRuleTypeDef = {**rule}
    given.pop("Prefix", None)
    given["Filter"] = _filter(_conditions(rule), rule.get("ID", ""))
    return given


def _conditions(rule: "LifecycleRuleOutputTypeDef") -> list[Condition]:
    """Each one that must be met, of whatever level, by its name."""
    told: Mapping[str, Any] = rule.get("Filter", {})
    levels: list[Mapping[str, Any]] = [{"Prefix": rule.get("Prefix", "")}, told, told.get("And", {})]
    found = [(name, value) for level in levels for name, value in level.items() if name not in {"And", "Tags"}]
    tags = [("Tag", tag) for level in levels for tag in level.get("Tags", [])]
    # Ceph says an empty prefix for none.
    return [one for one in [*found, *tags] if one != ("Prefix", "")]


def _filter(conditions: list[Condition], rule_id: str) -> "LifecycleRuleFilterTypeDef":
    tags = sorted((value for name, value in conditions if name == "Tag"), key=lambda tag: str(tag["Key"]))
    others = dict(one for one in conditions if one[0] != "Tag")
    if len(others) + len(tags) != len(conditions) or not others.keys() <= ONCE:
        raise Conflict("foreign_rule", f"The bucket's rule {rule_id} cannot be written back as it is.")
    if len(conditions) > 1:
        return cast("LifecycleRuleFilterTypeDef", {"And": others | ({"Tags": tags} if tags else {})})
    return cast("LifecycleRuleFilterTypeDef", dict(conditions) or {"Prefix": ""})


def _rules(client: "S3Client", bucket: str) -> "list[LifecycleRuleOutputTypeDef]":
    found = _found(client, bucket)
    return found["Rules"] if found else []


def _beside(client: "S3Client", bucket: str) -> dict[str, Any]:
    """From what size on objects are moved: AWS tells it beside the rules, and takes its absence for a wish."""
    name = "TransitionDefaultMinimumObjectSize"
    found: Mapping[str, Any] = _found(client, bucket) or {}
    return {name: found[name]} if name in found else {}


def _found(client: "S3Client", bucket: str) -> "GetBucketLifecycleConfigurationOutputTypeDef | None":
    try:
        return client.get_bucket_lifecycle_configuration(Bucket=bucket)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchLifecycleConfiguration":
            return None
        raise
