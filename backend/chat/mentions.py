"""Where else a person or a conversation is spoken of: events, stored webhooks, parked news, other people's messages."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast, Length
from django.utils import timezone

from backend.chat.models import InboundEvent, Message, Parked

UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PROVIDER_IDS = re.compile(rb'"(?:id|keyId|messageId|stanzaId)"\s*:\s*"([^"\\]{1,120})"')
BLACK = "█"
BODIES_AT_ONCE = 20
LARGE_BYTES = 1024 * 1024
UNDER_WAY = timedelta(minutes=1)
"""A webhook may be committed so long after it was received."""
ROWS_AT_ONCE = 200
IDS_OF_ONE = 20
"""A body that names more messages is a list of many chats: most of them are nobody's who is erased."""


@dataclass(frozen=True)
class Marks:
    """Our ids, WhatsApp's ids of messages; the person's addresses and name, empty where only a conversation goes."""

    ids: frozenset[str]
    provider_ids: frozenset[str]
    addresses: tuple[str, ...] = ()
    name: str = ""

    def is_in_frame(self, frame: str) -> bool:
        return (
            not self.ids.isdisjoint(UUIDS.findall(frame))
            or any(address in frame for address in self.addresses)
            or any(sign in frame for sign in self._signatures)
        )

    def is_in_body(self, body: bytes) -> bool:
        if any(address in body for address in self._address_bytes):
            return True
        return not self.provider_ids.isdisjoint(_ids_in(body))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(re.escape(address) for address in sorted(self.addresses, key=len, reverse=True)))

    @cached_property
    def _address_bytes(self) -> list[bytes]:
        return [address.encode() for address in self.addresses]

    @cached_property
    def _signatures(self) -> list[str]:
        """The person as the author of a message or of a reaction. A name in a text, or a colleague's, is no sign."""
        name = json.dumps(self.name, ensure_ascii=False)
        return [f'"by":{name}', f'"sender":{{"name":{name}'] if self.name else []


@dataclass(frozen=True, slots=True)
class Spoken:
    """Stored webhooks that speak of it, as far as was searched, and the ids of messages that they name."""

    keys: frozenset[int]
    provider_ids: frozenset[str]
    searched_at: datetime

    def states(self) -> Iterator[QuerySet[InboundEvent]]:
        keys = sorted(self.keys)
        for start in range(0, len(keys), ROWS_AT_ONCE):
            yield InboundEvent.objects.filter(pk__in=keys[start : start + ROWS_AT_ONCE])

    def count(self) -> tuple[int, int]:
        """Those that were understood, and those that wait to be."""
        waiting = sum(rows.filter(processed_at=None).count() for rows in self.states())
        return len(self.keys) - waiting, waiting


def search(tenant_id: UUID, marks: Marks, *, known: Spoken | None = None) -> Spoken:
    """Reads all that is stored; with `known`, what was stored since."""
    searched_at = timezone.now()
    rows = InboundEvent.objects.filter(tenant_id=tenant_id)
    if known is not None:
        rows = rows.filter(received_at__gte=known.searched_at - UNDER_WAY)
    keys, named = (set(known.keys), set(known.provider_ids)) if known else (set[int](), set[str]())
    for key, body in _bodies(rows):
        if marks.is_in_body(body):
            keys.add(key)
            ids = set(_ids_in(body))
            named |= ids if len(ids) <= IDS_OF_ONE else set()
    return Spoken(frozenset(keys), frozenset(named), searched_at)


def _bodies(rows: QuerySet[InboundEvent]) -> Iterator[tuple[int, bytes]]:
    """Large ones, which may be of a hundred megabytes, one at a time."""
    sized = rows.exclude(body=b"").annotate(size=Length("body")).order_by("pk")
    for some, at_once in (
        (sized.filter(size__lt=LARGE_BYTES), BODIES_AT_ONCE),
        (sized.filter(size__gte=LARGE_BYTES), 1),
    ):
        keys = list(some.values_list("pk", flat=True))
        for start in range(0, len(keys), at_once):
            found = InboundEvent.objects.filter(pk__in=keys[start : start + at_once])
            yield from ((key, bytes(body)) for key, body in found.values_list("pk", "body"))


def blank_webhooks(tenant_id: UUID, spoken: Spoken, marks: Marks) -> tuple[int, int]:
    """Empties them, and drops the parked news that came in them. What is not understood yet is left, and counted."""
    told = spoken.count()
    for rows in spoken.states():
        # The digest stays: a gateway that delivers it again is told that we have it.
        rows.exclude(processed_at=None).update(body=b"")
    for parked in Parked.objects.filter(tenant_id=tenant_id).iterator(ROWS_AT_ONCE):
        said = json.dumps(parked.content, ensure_ascii=False)
        if parked.provider_id in spoken.provider_ids or (marks.addresses and marks.pattern.search(said)):
            parked.delete()
    return told


def _ids_in(body: bytes) -> Iterator[str]:
    """Nobody has looked whether it is text."""
    return (found.decode("utf-8", "replace") for found in PROVIDER_IDS.findall(body))


def black_out(erased: QuerySet[Message], tenant_id: UUID, marks: Marks) -> int:
    """The person's addresses in what others wrote, their reactions, and quotes of what they wrote. Returns how many
    messages were changed."""
    if not marks.addresses:
        return 0
    others = Message.objects.filter(tenant_id=tenant_id).exclude(pk__in=erased.values("pk"))
    changed = _drop_quotes(others.filter(conversation__contact__is_group=True), sorted(marks.provider_ids))
    spoken_of = Q()
    for field in ("text", "source", "quote_text", "data_text", "reactions_text"):
        for address in marks.addresses:
            spoken_of |= Q(**{f"{field}__contains": address})
    rows = others.annotate(
        quote_text=Cast("quote", TextField()),
        data_text=Cast("data", TextField()),
        reactions_text=Cast("reactions", TextField()),
    ).filter(spoken_of)
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    for message in Message.objects.filter(pk__in=keys).select_for_update().order_by("pk"):
        _black_out(message, marks)
        message.save(update_fields=["text", "source", "quote", "data", "reactions"])
        changed += 1
    return changed


def _drop_quotes(rows: QuerySet[Message], provider_ids: list[str]) -> int:
    """Of answers that remember what they answer to."""
    return sum(
        rows.filter(quote__provider_id__in=provider_ids[start : start + ROWS_AT_ONCE]).update(quote=None)
        for start in range(0, len(provider_ids), ROWS_AT_ONCE)
    )


def _black_out(message: Message, marks: Marks) -> None:
    message.text = marks.pattern.sub(BLACK, message.text)
    message.data = _blacked(message.data, marks)
    message.reactions = [one for one in message.reactions if one["address"] not in marks.addresses]
    if marks.pattern.search(message.source):
        message.source = ""
    if message.quote:
        message.quote = _blacked(message.quote, marks)


def _blacked(value: Any, marks: Marks) -> Any:
    if isinstance(value, dict):
        return {marks.pattern.sub(BLACK, name): _blacked(one, marks) for name, one in value.items()}
    if isinstance(value, list):
        return [_blacked(one, marks) for one in value]
    if isinstance(value, str):
        return marks.pattern.sub(BLACK, value)
    return BLACK if marks.pattern.search(str(value)) else value
