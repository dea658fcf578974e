"""The people of the burst: who they are, and under which of their addresses a message of theirs comes."""

from dataclasses import dataclass
from typing import Any, Literal

Style = Literal["phone", "both", "merging", "ninth", "hidden", "group"]
STYLES: tuple[Style, ...] = ("phone", "both", "merging", "ninth", "hidden", "phone", "group")


@dataclass(slots=True)
class Person:
    """`phone`: by phone alone. `both`: phone and LID in every message. `merging`: by LID, by phone, and sometimes by
    both, which tells that they are one. `ninth`: with and without the Brazilian ninth digit. `hidden`: by LID alone.
    `group`: a group, in which members speak who are nobody's contacts."""

    number: int
    style: Style
    said: int = 0

    @property
    def name(self) -> str:
        return f"Grupo {self.number}" if self.is_group else f"Cliente {self.number}"

    @property
    def is_group(self) -> bool:
        return self.style == "group"

    @property
    def phone(self) -> str:
        return "" if self.style in ("hidden", "group") else f"55179{99_000_000 + self.number}"

    @property
    def lid(self) -> str:
        return f"{120_000_000_000_000 + self.number}@lid" if self.style in ("both", "merging", "hidden") else ""

    @property
    def group(self) -> str:
        return f"{120_363_000_000_000_000 + self.number}@g.us"

    @property
    def jid(self) -> str:
        return self.group if self.is_group else f"{self.phone}@s.whatsapp.net" if self.phone else self.lid

    @property
    def addresses(self) -> list[str]:
        """All that the program must come to know: a Brazilian phone in both of its spellings."""
        if self.is_group:
            return [self.group]
        phones = [self.phone, self.phone[:4] + self.phone[5:]] if self.phone else []
        return sorted([*phones, *([self.lid] if self.lid else [])])

    def key(self, provider_id: str, *, from_me: bool) -> dict[str, Any]:
        """The key of their next message, under one of their addresses."""
        self.said += 1
        key: dict[str, Any] = {"id": provider_id, "fromMe": from_me, "remoteJid": self.jid}
        if self.style == "both":
            key["remoteJidAlt"] = self.lid
        elif self.style == "ninth" and self.said % 2:
            key["remoteJid"] = f"{self.addresses[0]}@s.whatsapp.net"
        elif self.style == "merging":
            key |= ({"remoteJidAlt": self.lid}, {"remoteJid": self.lid}, {})[self.said % 3]
        elif self.is_group and not from_me:
            key["participant"] = f"{self.member_phone}@s.whatsapp.net"
        return key

    @property
    def member_phone(self) -> str:
        """Who speaks in the group just now."""
        return f"55119{80_000_000 + self.number * 10 + self.said % 3}"

    @property
    def member_name(self) -> str:
        return f"Membro {self.member_phone[-4:]}"


def people(count: int) -> list[Person]:
    return [Person(number, STYLES[number % len(STYLES)]) for number in range(count)]
