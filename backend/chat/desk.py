"""What a batch of webhooks will touch, looked up and locked before the first of them is understood.

Locks are taken in one order: conversations by id, then messages by id, then (by `log.unit`, at the end) the clock.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from backend.chat import present
from backend.chat.models import Contact, Conversation, Message, Parked
from backend.chat.people import People
from backend.gateways.base import (
    ContactSeen,
    Happening,
    MessageDeleted,
    MessageEdited,
    MessageSeen,
    Parsed,
    Party,
    PresenceSeen,
    Reacted,
    ReceiptSeen,
    Unreadable,
)
from backend.tenants.models import Instance

Key = tuple[UUID, str]
"""An instance and a provider's message id."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A stored webhook and what it tells."""

    event_id: int
    instance_id: UUID
    received_at: datetime
    parsed: Parsed

    def happenings(self) -> tuple[Happening, ...]:
        return () if isinstance(self.parsed, Unreadable) else self.parsed


class Desk:
    """The rows of one tenant that are in hand, as long as one transaction lasts."""

    def __init__(self, tenant_id: UUID, letters: Sequence[Letter]) -> None:
        self.tenant_id = tenant_id
        self.people = People(tenant_id)
        self._instances: dict[UUID, Instance] = {}
        self._conversations: dict[UUID, Conversation] = {}
        self._open: dict[tuple[UUID, UUID], Conversation] = {}
        self._messages: dict[Key, Message] = {}
        self._parked: dict[Key, list[Parked]] = {}
        self._merges = 0
        told = [happening for letter in letters for happening in letter.happenings()]
        self._instance_ids = {letter.instance_id for letter in letters}
        self._provider_ids = sorted({one for happening in told for one in _provider_ids(happening)})
        self._chats = [party for happening in told for party in _chats(happening)]
        self.people.load(address for party in _everybody(told) for address in party.addresses)
        self._load_conversations()
        self._load_messages()

    def instance(self, instance_id: UUID) -> Instance:
        if not self._instances:
            self._instances = Instance.objects.in_bulk(self._instance_ids)
        return self._instances[instance_id]

    def message(self, instance_id: UUID, provider_id: str) -> Message | None:
        return self._messages.get((instance_id, provider_id))

    def remember(self, message: Message) -> None:
        self._messages[message.instance_id, message.provider_id] = message

    def meet(self, party: Party) -> Contact:
        """As `People.meet`; a merge moved conversations, so they are read again: take them after meeting people."""
        contact = self.people.meet(party)
        if self.people.merges != self._merges:
            self._merges = self.people.merges
            self._load_conversations()
            self._load_messages()
        return contact

    def recognise(self, party: Party) -> Contact | None:
        """As `meet`, for somebody who does not become a contact by being mentioned."""
        return self.meet(party) if self.people.known(party) else None

    def open_conversation(self, instance_id: UUID, contact: Contact) -> Conversation | None:
        return self._open.get((instance_id, contact.pk))

    def conversation_with(self, instance_id: UUID, contact: Contact) -> Conversation:
        """The open conversation, begun if there is none."""
        found = self.open_conversation(instance_id, contact)
        if found is None:
            found = Conversation(tenant_id=self.tenant_id, instance_id=instance_id, contact=contact)
            found.save(force_insert=True)
            self._keep(found)
        return found

    def conversation_of(self, message: Message) -> Conversation:
        """The conversation in hand; one that came between our two looks is locked now."""
        if message.conversation_id not in self._conversations:
            rows = present.conversations().select_for_update(of=("self",))
            self._keep(rows.get(pk=message.conversation_id))
        return self._conversations[message.conversation_id]

    def parked(self, instance_id: UUID, provider_id: str) -> list[Parked]:
        """What waits for this message; the list is the desk's own."""
        return self._parked.setdefault((instance_id, provider_id), [])

    def _load_conversations(self) -> None:
        """Open ones of everybody who says something, and those of every message spoken of. Locked, by id."""
        contacts = {contact.pk: contact for contact in self.people.all()}
        talking = {contact.pk for party in self._chats for contact in self.people.known(party)}
        of_people = Q(contact__in=talking) & ~Q(status=Conversation.Status.RESOLVED)
        # The ids first: with a subquery beside the OR, PostgreSQL would read every conversation of the instance.
        of_messages = Q(pk__in=list(self._of_messages().values_list("conversation", flat=True)))
        self._conversations.clear()
        self._open.clear()
        if not talking and not self._provider_ids:
            return
        rows = present.conversations().filter(Q(instance__in=self._instance_ids) & (of_people | of_messages))
        for row in rows.select_for_update(of=("self",)).order_by("pk"):
            row.contact = contacts.get(row.contact_id, row.contact)
            self._keep(row)

    def _keep(self, row: Conversation) -> None:
        self._conversations[row.pk] = row
        if row.status != Conversation.Status.RESOLVED:
            self._open[row.instance_id, row.contact_id] = row

    def _of_messages(self) -> QuerySet[Message]:
        return Message.objects.filter(instance__in=self._instance_ids, provider_id__in=self._provider_ids)

    def _load_messages(self) -> None:
        self._messages.clear()
        self._parked.clear()
        if not self._provider_ids:
            return
        rows = present.messages().filter(instance__in=self._instance_ids, provider_id__in=self._provider_ids)
        for row in rows.select_for_update(of=("self",)).order_by("pk"):
            row.conversation = self.conversation_of(row)
            if row.conversation.last_message_id == row.pk:
                row.conversation.last_message = row
            self.remember(row)
        waiting = Parked.objects.filter(instance__in=self._instance_ids, provider_id__in=self._provider_ids)
        for parked in waiting.order_by("pk"):
            self.parked(parked.instance_id, parked.provider_id).append(parked)


def _provider_ids(happening: Happening) -> Iterator[str]:
    if isinstance(happening, MessageSeen | MessageEdited | MessageDeleted | Reacted | ReceiptSeen):
        yield happening.provider_id
    if isinstance(happening, MessageSeen) and happening.quote:
        yield happening.quote.provider_id


def _chats(happening: Happening) -> Iterator[Party]:
    if isinstance(happening, MessageSeen | PresenceSeen):
        yield happening.chat


def _everybody(told: Iterable[Happening]) -> Iterator[Party]:
    for happening in told:
        yield from _chats(happening)
        if isinstance(happening, MessageSeen) and happening.sender:
            yield happening.sender
        if isinstance(happening, ContactSeen):
            yield happening.party
