"""What every WhatsApp gateway looks like from inside: our own frozen types, and one protocol.

A provider's JSON is parsed once, in the provider's module, into the types below; nothing else of `backend` knows a
provider's field name. An address is a person's or a group's name at WhatsApp: the digits of a phone, `…@lid`, `…@g.us`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from backend.lib.errors import Refused, TryLater

MediaKind = Literal["image", "video", "audio", "voice", "document", "sticker"]
MessageKind = Literal[
    "text",
    "image",
    "video",
    "audio",
    "voice",
    "document",
    "sticker",
    "location",
    "contact",
    "poll",
    "unsupported",
]
Progress = Literal["sent", "delivered", "read", "played", "failed"]
"""How far a message of ours has come; of a customer's message only `read` and `played` are told (we read it)."""


@dataclass(frozen=True, slots=True)
class MediaOffer:
    """A file that a message speaks of, and every way the payload gives to get at its bytes.

    All fields come from outside and are hints until the bytes are here, except the three digests and keys, which the
    bytes are checked against. Sizes in bytes, duration in seconds.
    """

    kind: MediaKind
    mimetype: str
    file_name: str = ""
    size_bytes: int | None = None
    sha256: bytes | None = None
    enc_sha256: bytes | None = None
    media_key: bytes | None = None
    direct_path: str = ""
    media_url: str = ""
    inline_base64: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    pages: int | None = None
    waveform: tuple[int, ...] | None = None
    preview: bytes | None = None
    is_animated: bool = False
    is_view_once: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """A person or a group: every address the payload gave, the one to write to first; `name` is empty if not told."""

    addresses: tuple[str, ...]
    name: str = ""

    @property
    def is_group(self) -> bool:
        return any(address.endswith("@g.us") for address in self.addresses)

    @property
    def phone(self) -> str:
        """Digits, or empty: the digits of a LID are not a phone."""
        return next((address for address in self.addresses if address.isdigit()), "")


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that a message answers, as the answer remembers it."""

    provider_id: str
    kind: MessageKind
    text: str


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """A message, said to us or by us. `sent_at` is None when the payload gives no believable time.

    `sender` is the member of a group who wrote it. `is_echo`: it was sent through the gateway's API. `source` is the
    provider's message without its bytes, from which `media_offer` can be read again; kept for files and for what we
    cannot show.
    """

    provider_id: str
    chat: Party
    from_me: bool
    kind: MessageKind
    text: str
    sent_at: datetime | None
    progress: Progress | None = None
    sender: Party | None = None
    quote: Quote | None = None
    media: MediaOffer | None = None
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    source: str = ""
    is_echo: bool = False


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """The text of a message is another now."""

    provider_id: str
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A message was deleted for everyone."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Reacted:
    """Somebody put `emoji` on a message, or took theirs away (empty)."""

    provider_id: str
    emoji: str
    by: Party
    from_me: bool
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ReceiptSeen:
    """How far a message has come. `from_me` False: it is a customer's, and we read it somewhere else."""

    provider_id: str
    progress: Progress
    from_me: bool


@dataclass(frozen=True, slots=True)
class ContactSeen:
    """What is newly known of a contact. Empty means not told, never "has none"."""

    party: Party
    picture_url: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """The gateway's connection to WhatsApp; `address` is our own number, once it is known."""

    state: Literal["open", "connecting", "closed"]
    address: str = ""


@dataclass(frozen=True, slots=True)
class PresenceSeen:
    """What somebody does in a chat right now."""

    chat: Party
    state: Literal["composing", "recording", "paused", "available", "unavailable"]


@dataclass(frozen=True, slots=True)
class Ignored:
    """Understood, and needs nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Cannot be understood, now or later; `code` is stable."""

    code: str


Happening = (
    MessageSeen
    | MessageEdited
    | MessageDeleted
    | Reacted
    | ReceiptSeen
    | ContactSeen
    | ConnectionChanged
    | PresenceSeen
    | Ignored
    | Unreadable
)
Parsed = tuple[Happening, ...] | Unreadable
"""What one webhook tells, in its order. An `Unreadable` among others is one item of a list; alone, the whole body."""


# --- What we hand over ------------------------------------------------------------------------------------------------
# A TryLater that is not Uncertain says that the message was definitely not handed over.


class Uncertain(TryLater):
    """It was handed over and nobody said what became of it: it may have been sent. Never repeat blindly."""


class NotFetched(TryLater):
    """The gateway would not or could not fetch the file from our URL: the same bytes as base64 may well do."""


class ArrivedEmpty(Refused):
    """It was sent, as `provider_id`, and its file has no bytes: the recipient sees "not available"."""

    def __init__(self, code: str, detail: str = "", *, provider_id: str = "") -> None:
        super().__init__(code, detail)
        self.provider_id = provider_id


@dataclass(frozen=True, slots=True)
class MessageKey:
    """A message at the provider. `address` is its chat's, ours or as a JID; `participant` wrote it, in a group."""

    provider_id: str
    address: str
    from_me: bool
    participant: str = ""


@dataclass(frozen=True, slots=True)
class QuotedRef:
    """The message that is answered. With a `text` the gateway need not know it; without, it looks it up by its id."""

    provider_id: str
    address: str
    from_me: bool
    text: str
    participant: str = ""


@dataclass(frozen=True, slots=True)
class FileToSend:
    """A file that is ready. An empty `url`: it travels as base64. `read` gives all of its bytes."""

    kind: MediaKind
    mimetype: str
    file_name: str
    caption: str
    size_bytes: int
    url: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway has taken it. `address` is the chat it went to, which may not be the one we asked for."""

    provider_id: str
    address: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """What WhatsApp says of a number: `number` as it was asked, `address` (and its LID) as it is there."""

    number: str
    exists: bool
    address: str
    lid: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A message as the gateway's own database has it. `text` is the text, or the caption.

    `addresses` are all that the record tells of its chat. `is_typed`: somebody wrote it on a phone, not through the
    gateway. `raw` is JSON text, the `data` of an upsert of it. What is no message (a reaction) is `unsupported`.
    """

    provider_id: str
    from_me: bool
    kind: MessageKind
    text: str
    file_name: str
    at: datetime | None
    addresses: tuple[str, ...]
    is_typed: bool
    raw: str
    progress: Progress | None = None
