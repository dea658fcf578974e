"""What the gateway's own database remembers, read back: to settle a send that nobody answered, and to reconcile.

tests/contract/evolution.md 4.5.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from backend.gateways.base import MessageKind, Record
from backend.gateways.evolution_base64 import GatewayAccess


def find_records(
    gateway: GatewayAccess, *, addresses: Collection[str] | None, since: datetime, limit: int = 500
) -> Iterator[Record]:
    """Messages newest first, until one is older than `since` or `limit` were given. None for `addresses`: every chat.

    `addresses` are all names of one chat: the gateway may keep it under a LID that we never wrote to. Raises TryLater.
    """
    raise NotImplementedError


def settle(records: Iterable[Record], kind: MessageKind, said: str, after: datetime) -> Record | None:
    """The record of a message of ours that nobody answered for: `said` is its text, or caption, or file name.

    Of several the oldest, and none that is older than `after`.
    """
    raise NotImplementedError
