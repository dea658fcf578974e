"""What S3 answers when it does not do what it was asked, in our own words."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from backend.lib.errors import Missing, TryLater

logger = logging.getLogger(__name__)

GONE = {"404", "NoSuchKey", "NotFound", "NoSuchUpload"}
UNKNOWN_THERE = {"NotImplemented", "MethodNotAllowed", "501", "405", "UnsupportedOperation"}
NOT_OFFERED = {*UNKNOWN_THERE, "AccessDenied", "403"}


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def unless_not_offered(what: str) -> Iterator[None]:
    """A store that does not know it, or an operator who keeps it to themselves, is no fault of ours."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in NOT_OFFERED:
            raise
        logger.warning("[S3] setting left as it is", extra={"setting": what, "code": code_of(error)})


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if code_of(error) in GONE:
            raise Missing("object_gone", "the object is not in the storage") from error
        raise TryLater("storage_unavailable", f"the storage answered {code_of(error)}") from error
    except (BotoCoreError, OSError) as error:
        # urllib3's errors in the middle of a body reach us as botocore's, or as the socket's own.
        raise TryLater("storage_unavailable", f"the storage cannot be reached: {type(error).__name__}") from error
