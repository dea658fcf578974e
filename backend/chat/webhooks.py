"""Store, then answer: deliveries become rows as they came, and are understood afterwards."""

import hashlib
import re
from dataclasses import dataclass
from enum import Enum, auto

from django.db import transaction

from backend.chat import work
from backend.chat.models import InboundEvent
from backend.jobs import queue
from backend.lib.text import clean
from backend.tenants.models import Instance

_STRING = rb'"(?:[^"\\]|\\.)*"'
_PAIR = _STRING + rb"\s*:\s*(?:" + _STRING + rb"|[-+.\w]+)"
FIRST_KEYS = re.compile(rb"\s*\{\s*(?:" + _PAIR + rb'\s*,\s*)*?"apikey"\s*:\s*(' + _STRING + rb")")
LAST_KEYS = re.compile(rb'"apikey"\s*:\s*(' + _STRING + rb")\s*(?:,\s*" + _PAIR + rb"\s*)*\}\s*\Z")
EVENT = re.compile(rb'"event"\s*:\s*"([a-zA-Z._-]{1,60})"')
SEARCH_BYTES = 4096
"""The envelope's own keys stand in the first and last bytes; between them lies the customer's message."""


class Outcome(Enum):
    """What became of a delivery."""

    STORED = auto()
    UNKNOWN_SECRET = auto()
    NOT_STORED = auto()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST: the secret and the event suffix of its URL, and its body as received."""

    secret: str
    suffix: str
    body: bytes


def store(deliveries: list[Delivery]) -> list[Outcome]:
    """Put all of them on disk in one transaction and wake their tenants' lanes; a repeated body is a no-op.

    Raises what the database raises: then none is stored.
    """
    secrets = {delivery.secret for delivery in deliveries}
    instances = {found.secret: found for found in Instance.objects.filter(secret__in=secrets)}
    rows = [_row(instances[delivery.secret], delivery) for delivery in deliveries if delivery.secret in instances]
    with transaction.atomic():
        InboundEvent.objects.bulk_create(rows, ignore_conflicts=True)
        for tenant_id in sorted({row.tenant_id for row in rows}):
            queue.enqueue(work.INBOX, tenant_id, tenant_id=tenant_id)
    return [Outcome.STORED if delivery.secret in instances else Outcome.UNKNOWN_SECRET for delivery in deliveries]


def _row(instance: Instance, delivery: Delivery) -> InboundEvent:
    body = blank_api_key(delivery.body)
    return InboundEvent(
        tenant_id=instance.tenant_id,
        instance_id=instance.pk,
        event=event_name(delivery),
        body_sha256=hashlib.sha256(body).digest(),
        body=body,
    )


def event_name(delivery: Delivery) -> str:
    """From the URL's suffix or a byte search, never from a parse: a hostile body must cost nothing here."""
    if delivery.suffix:
        return clean(delivery.suffix.rpartition("/")[-1], limit=60)
    found = EVENT.search(delivery.body, 0, SEARCH_BYTES)
    return found[1].decode("ascii") if found else ""


def blank_api_key(body: bytes) -> bytes:
    """The body with the value of a top-level `apikey` emptied, without a parse.

    It is among the envelope's last keys (contract 1.1), or its first: only plain values stand between it and the
    outermost brace. What looks like one inside a customer's text is escaped there, and left alone.
    """
    found = LAST_KEYS.search(body, max(0, len(body) - SEARCH_BYTES)) or FIRST_KEYS.match(body, 0, SEARCH_BYTES)
    if found is None:
        return body
    return body[: found.start(1)] + b'""' + body[found.end(1) :]
