"""One person, many addresses: who a webhook speaks of, and that two of our contacts are the same."""

from collections.abc import Iterable
from uuid import UUID

from backend.chat import merging, present
from backend.chat.models import Contact, ContactAddress
from backend.gateways.base import Party
from backend.realtime import log, wire


def spellings(address: str) -> tuple[str, ...]:
    """`address`, and a Brazilian phone also with or without its ninth digit: either names the same person.

    WhatsApp answers with the one that it registered, whichever was asked for: tests/contract/evolution.md 4.2.
    """
    if not address.isdigit() or not address.startswith("55"):
        return (address,)
    area, number = address[2:4], address[4:]
    if len(number) == 9 and number.startswith("9"):
        return (address, f"55{area}{number[1:]}")
    if len(number) == 8:
        return (address, f"55{area}9{number}")
    return (address,)


def all_spellings(addresses: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(spelling for address in addresses for spelling in spellings(address)))


ASKED_AT_ONCE = 5_000
"""PostgreSQL takes 65,535 parameters; a list of contacts after pairing has more addresses than that."""


class People:
    """A tenant's contacts by address, as far as they were looked up. Lives as long as one transaction."""

    def __init__(self, tenant_id: UUID) -> None:
        self.tenant_id = tenant_id
        self.merges = 0
        self._by_address: dict[str, Contact | None] = {}

    def load(self, addresses: Iterable[str]) -> None:
        """Look all of them up at once; what is known is not asked again."""
        missing = [one for one in all_spellings(addresses) if one not in self._by_address]
        if not missing:
            return
        self._by_address.update(dict.fromkeys(missing))
        found: dict[UUID, Contact] = {known.pk: known for known in self._by_address.values() if known}
        mine = ContactAddress.objects.filter(tenant_id=self.tenant_id).select_related("contact")
        for start in range(0, len(missing), ASKED_AT_ONCE):
            for row in mine.filter(address__in=missing[start : start + ASKED_AT_ONCE]):
                self._by_address[row.address] = found.setdefault(row.contact_id, row.contact)

    def all(self) -> list[Contact]:
        """Everybody who was found so far."""
        return list({known.pk: known for known in self._by_address.values() if known}.values())

    def find(self, party: Party) -> Contact | None:
        """The contact with one of these addresses."""
        known = self.known(party)
        return known[0] if known else None

    def meet(self, party: Party) -> Contact:
        """The one contact with all these addresses: made, taught its new names and addresses, or merged of several.

        An empty name never blanks one. Publishes what browsers must learn of a contact that existed.
        """
        known = self.known(party)
        if not known:
            return self._make(party)
        kept = known[0]
        for other in known[1:]:
            merging.merge(kept, other)
            self.merges += 1
            self._by_address.update({key: kept for key, one in self._by_address.items() if one and one.pk == other.pk})
        self._add_addresses(kept, party)
        if _learn(kept, party) or len(known) > 1:
            log.publish(wire.ContactUpdated(contact=present.contact(kept)))
        return kept

    def known(self, party: Party) -> list[Contact]:
        """Every contact with one of these addresses, the oldest first: they are one person."""
        self.load(party.addresses)
        found = (self._by_address[one] for one in all_spellings(party.addresses))
        known = {contact.pk: contact for contact in found if contact}
        return sorted(known.values(), key=lambda contact: (contact.created_at, contact.pk))

    def _make(self, party: Party) -> Contact:
        made = Contact(tenant_id=self.tenant_id, name=party.name, phone=party.phone, is_group=party.is_group)
        made.save(force_insert=True)
        self._add_addresses(made, party)
        return made

    def _add_addresses(self, contact: Contact, party: Party) -> None:
        new = [one for one in all_spellings(party.addresses) if self._by_address[one] is None]
        if new:
            ContactAddress.objects.bulk_create(
                ContactAddress(tenant_id=self.tenant_id, contact=contact, address=one) for one in new
            )
            self._by_address.update(dict.fromkeys(new, contact))


def _learn(contact: Contact, party: Party) -> bool:
    """A new profile name, or a phone that is not just the other spelling of the one we have."""
    changes: dict[str, str] = {}
    if party.name and party.name != contact.name:
        changes["name"] = party.name
    if party.phone and contact.phone not in spellings(party.phone):
        changes["phone"] = party.phone
    for name, value in changes.items():
        setattr(contact, name, value)
    if changes:
        Contact.objects.filter(pk=contact.pk).update(**changes)
    return bool(changes)
