"""Where else a person or a conversation is spoken of: events, stored webhooks, parked news, other people's messages."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from backend.chat.models import InboundEvent, Message, Parked

UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PROVIDER_IDS = re.compile(rb'"(?:id|keyId|messageId|stanzaId)"\s*:\s*"([^"\\]{1,120})"')
BLACK = "█"
WEBHOOKS_AT_ONCE = 20
"""A body may be of a hundred megabytes."""
ROWS_AT_ONCE = 200


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


# --- Stored webhooks --------------------------------------------------------------------------------------------------


def count_webhooks(tenant_id: UUID, marks: Marks) -> tuple[int, int]:
    """How many speak of it, and how many of those are not understood yet."""
    told = [is_done for _, is_done, _ in _webhooks(tenant_id, marks)]
    return len(told), told.count(False)


def blank_webhooks(tenant_id: UUID, marks: Marks) -> tuple[int, int]:
    """Empties them, and drops the parked news that came in them. What is not understood yet is left, and counted."""
    done: list[int] = []
    waiting, named = 0, set(marks.provider_ids)
    for key, is_done, body in _webhooks(tenant_id, marks):
        if not is_done:
            waiting += 1
            continue
        done.append(key)
        named |= set(_ids_in(body))
    for start in range(0, len(done), ROWS_AT_ONCE):
        # The digest stays: a gateway that delivers it again is told that we have it.
        InboundEvent.objects.filter(pk__in=done[start : start + ROWS_AT_ONCE]).update(body=b"")
    for parked in Parked.objects.filter(tenant_id=tenant_id):
        said = json.dumps(parked.content, ensure_ascii=False)
        if parked.provider_id in named or (marks.addresses and marks.pattern.search(said)):
            parked.delete()
    return len(done), waiting


def _webhooks(tenant_id: UUID, marks: Marks) -> Iterator[tuple[int, bool, bytes]]:
    rows = InboundEvent.objects.filter(tenant_id=tenant_id).order_by("pk")
    for key, processed_at, body in rows.values_list("pk", "processed_at", "body").iterator(WEBHOOKS_AT_ONCE):
        plain = bytes(body)
        if marks.is_in_body(plain):
            yield key, processed_at is not None, plain


def _ids_in(body: bytes) -> Iterator[str]:
    """Nobody has looked whether it is text."""
    return (found.decode("utf-8", "replace") for found in PROVIDER_IDS.findall(body))


# --- Other people's messages ------------------------------------------------------------------------------------------


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
    for message in list(rows.order_by("pk")):
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
