"""Who may PUT to the bucket from a browser: our page's origin, beside whatever the operator allows."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from django.conf import settings

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import CORSRuleOutputTypeDef, CORSRuleTypeDef

RULE = "chat-uploads"
LOOPBACK = ["http://localhost:*", "http://127.0.0.1:*"]


def page_origins() -> list[str]:
    """Where our page may be looked at from; in development that is any port of this machine."""
    public = [settings.PUBLIC_BASE_URL] if settings.PUBLIC_BASE_URL else []
    return public + LOOPBACK if settings.DEBUG else public or ["*"]


def let_in(client: "S3Client", bucket: str, origins: list[str]) -> None:
    """Puts our rule where it is missing or different. A PUT needs a ticket all the same."""
    wanted: CORSRuleTypeDef = {
        "ID": RULE,
        "AllowedOrigins": origins,
        "AllowedMethods": ["PUT"],
        "AllowedHeaders": ["Content-Type", "x-amz-tagging"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3600,
    }
    found = _rules(client, bucket)
    if any(rule.get("ID") == RULE and _terms(rule) == _terms(wanted) for rule in found):
        return
    theirs: list[CORSRuleTypeDef] = [{**rule} for rule in found if rule.get("ID") != RULE]
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [*theirs, wanted]})


def _rules(client: "S3Client", bucket: str) -> "list[CORSRuleOutputTypeDef]":
    try:
        return client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchCORSConfiguration":
            return []
        raise


def _terms(rule: "CORSRuleOutputTypeDef | CORSRuleTypeDef") -> list[set[str]]:
    """Some stores give lists back in another order, or header names in another case."""
    lists = (
        rule["AllowedOrigins"],
        rule["AllowedMethods"],
        rule.get("AllowedHeaders", []),
        rule.get("ExposeHeaders", []),
    )
    return [{value.lower() for value in one} for one in lists]
