"""What happens in a burst: webhooks of all kinds, and the rows that must be there when all of them were understood.

Nothing of the program computes the expected rows: this knows what it makes happen. Whatever the order in which the
webhooks arrive, the outcome is one: no message has two fates whose order would count.
"""

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from backend.sandbox.samples import MIMETYPES, SAMPLES_DIR
from tests.bench import letters
from tests.bench.cast import Person, people
from tests.bench.phone import Phone
from tests.bench.rig import Company

PEOPLE = 21
FILES = {
    "photo-beach.jpg": ("image", "image"),
    "photo-rotated.jpg": ("image", "image"),
    "video.mp4": ("video", "video"),
    "gif.mp4": ("gif", "video"),
    "voice.ogg": ("voice", "voice"),
    "song.mp3": ("audio", "audio"),
    "orcamento.pdf": ("document", "document"),
    "contrato.docx": ("document", "document"),
    "sticker.webp": ("sticker", "sticker"),
    "sticker.was": ("lottie", "sticker"),
}
"""A sample, what the phone sends it as, and the kind of message that it must become."""


@dataclass(slots=True)
class Expected:
    """One message, as its row must be in the end. `chat` is a contact's name, `quotes` a provider's id."""

    chat: str
    direction: str
    kind: str
    text: str
    status: str
    sender: str = ""
    is_edited: bool = False
    is_deleted: bool = False
    reactions: list[str] = field(default_factory=list)
    quotes: str = ""
    sha256: str = ""
    announced: int = 1
    ready: int = 0


Happening = Callable[["Story", Person], None]


class Story:
    """One company's webhooks in `posts`. Seconds count up from `first_second`, one for each message."""

    def __init__(self, company: Company, *, seed: int, first_second: int) -> None:
        self.company = company
        self.posts: list[bytes] = []
        self.messages: dict[str, Expected] = {}
        self.unreadable = 0
        self._random = random.Random(seed)
        self._people = people(PEOPLE)
        self.second = first_second
        self._last: dict[str, str] = {}
        self._untouched: list[tuple[str, Person]] = []
        self._serial = seed * 1_000_000

    async def make(self, sandbox_url: str, happenings: Mapping[Happening, int], *, webhooks: int) -> None:
        """Fill `posts` with about that many: every person writes, every kind of file is sent, everything happens once,
        and then as often as it weighs."""
        for person in self._people:
            for _ in range(3):
                self.text(person)
        await self._files(sandbox_url, max(len(FILES), webhooks // 25))
        self.post("connection.update", {"state": "open", "statusReason": 200})
        for person in self._people:
            if person.is_group:
                self.post("groups.upsert", [{"id": person.group, "subject": person.name, "participants": []}])
        for happening in happenings:
            happening(self, self._random.choice(self._people))
        while len(self.posts) < webhooks:
            chosen = self._random.choices([*happenings], [*happenings.values()])[0]
            chosen(self, self._random.choice(self._people))

    def expected(self) -> dict[str, Any]:
        """Everything that will be compared, as JSON takes it."""
        talks = {}
        for person in self._people:
            mine = [one for one in self.messages.values() if one.chat == person.name]
            unread = sum(one.direction == "incoming" for one in mine)
            talks[person.name] = {"unread": unread, "last_message": self._last[person.name], "status": "open"}
        contacts = {
            person.name: {"is_group": person.is_group, "phone": person.phone[-8:], "addresses": person.addresses}
            for person in self._people
        }
        return {
            "contacts": contacts,
            "conversations": talks,
            "messages": {provider_id: asdict(one) for provider_id, one in self.messages.items()},
            "state": "open",
            "webhooks": len(set(self.posts)),
            "unreadable": self.unreadable,
            "parked": 0,
            "failed_jobs": 0,
        }

    # --- What happenings are made of ------------------------------------------------------------------------------

    def choose(self, *options: str) -> str:
        return self._random.choice(options)

    def next_id(self) -> str:
        self._serial += 1
        return f"3EB0{self._serial:016X}"

    def now_ms(self) -> int:
        """When something happens: before the webhook that tells of it is posted, after all that were posted before."""
        self._serial += 1
        return letters.FIRST_SECOND * 1000 + self._serial

    def post(self, event: str, data: Any) -> None:
        self._serial += 1
        self.posts.append(letters.envelope(self.company, event, data, serial=self._serial))

    def say(
        self,
        person: Person,
        message: dict[str, Any],
        *,
        kind: str,
        text: str,
        from_me: bool = False,
        event: str = "messages.upsert",
        quotes: str = "",
    ) -> str:
        """A message and its webhook. Returns its provider id."""
        provider_id = self.next_id()
        key = person.key(provider_id, from_me=from_me)
        speaker = person.member_name if person.is_group else person.name
        self.second += 1
        data = letters.message_data(key, message, name=None if from_me else speaker, at=self.second)
        self.post(event, data | {"status": "SERVER_ACK" if from_me else "DELIVERY_ACK"})
        self.expect(
            provider_id,
            Expected(
                chat=person.name,
                direction="outgoing" if from_me else "incoming",
                kind=kind,
                text=text,
                status="sent" if from_me else "received",
                sender=speaker if person.is_group and not from_me else "",
                quotes=quotes,
            ),
        )
        return provider_id

    def text(self, person: Person, *, from_me: bool = False) -> str:
        words = f"Mensagem {len(self.messages)}, tem horário amanhã? 😀"
        return self.say(person, {"conversation": words}, kind="text", text=words, from_me=from_me)

    def expect(self, provider_id: str, message: Expected) -> None:
        """What is said last is the conversation's last message: seconds count up."""
        self.messages[provider_id] = message
        self._last[message.chat] = provider_id

    # --- Files ------------------------------------------------------------------------------------------------------

    async def _files(self, sandbox_url: str, amount: int) -> None:
        senders = [person for person in self._people if person.style == "phone"]
        async with Phone(sandbox_url, self.company) as phone:
            for person in senders:
                await phone.add_customer(id=f"p{person.number}", name=person.name, phone=person.phone)
            for number in range(amount):
                sample = list(FILES)[number % len(FILES)]
                await self._file(phone, senders[number % len(senders)], sample)

    async def _file(self, phone: Phone, person: Person, sample: str) -> None:
        drafted, kind = FILES[sample]
        content, provider_id = (SAMPLES_DIR / sample).read_bytes(), self.next_id()
        words = f"Arquivo {provider_id[-4:]}" if drafted in ("image", "video") else ""
        self.second += 1
        draft = {"kind": drafted, "text": words, "message_id": provider_id, "at": self.second, "file_name": sample}
        file = (sample, content, MIMETYPES[Path(sample).suffix])
        self.posts += await phone.send(f"p{person.number}", draft, file)
        digest = hashlib.sha256(content).hexdigest()
        self.expect(provider_id, Expected(person.name, "incoming", kind, words, "received", sha256=digest, ready=1))
