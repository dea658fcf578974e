"""What the sandbox remembers: instances, the people on the other side, their messages, files and the webhook posts."""

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Json: TypeAlias = dict[str, Any]

State = Literal["open", "connecting", "close"]
Status = Literal["ERROR", "PENDING", "SERVER_ACK", "DELIVERY_ACK", "READ", "PLAYED"]
PROGRESS: tuple[Status, ...] = ("PENDING", "SERVER_ACK", "DELIVERY_ACK", "READ", "PLAYED")


class Row(BaseModel):
    model_config = ConfigDict(frozen=True)


class Webhook(Row):
    """Where an instance posts; `events` holds config names (MESSAGES_UPSERT), times are ISO texts."""

    id: str
    url: str
    headers: Json | None = None
    enabled: bool = True
    events: list[str] = Field(default_factory=list)
    by_events: bool = False
    base64: bool = False
    created_at: str
    updated_at: str


class Instance(Row):
    """One WhatsApp number. `base64_active` is the webhook's flag as it was at connect time, which is what counts."""

    name: str
    id: str
    token: str
    number: str = ""
    profile_name: str = ""
    integration: str = "WHATSAPP-BAILEYS"
    state: State = "close"
    was_connected: bool = False
    base64_active: bool = False
    webhook: Webhook | None = None
    settings: Json = Field(default_factory=dict)
    created_at: str
    updated_at: str

    @property
    def jid(self) -> str:
        return f"{self.number}@s.whatsapp.net" if self.number else ""


class Customer(Row):
    """A person or a group on the other side. `id` is a short name, unique in its instance.

    `phone` holds digits, `lid` the digits of the hidden identity; at least one is there. A group's `phone` is the
    group's number. `addressing` says which of the two WhatsApp uses in this chat.
    """

    instance: str
    id: str
    name: str | None
    phone: str = ""
    lid: str = ""
    addressing: Literal["pn", "lid"] = "pn"
    device: Literal["android", "ios"] = "android"
    is_group: bool = False
    participants: tuple[str, ...] = ()
    picture: str = ""
    auto_read: bool = False
    is_online: bool = True

    @property
    def jid(self) -> str:
        """The address that Evolution 2.3.7 shows: the phone when it is known."""
        if self.is_group:
            return f"{self.phone}@g.us"
        return f"{self.phone}@s.whatsapp.net" if self.phone else f"{self.lid}@lid"

    @property
    def raw_jid(self) -> str:
        """The address WhatsApp uses itself, which receipts, presence and list events keep."""
        return f"{self.lid}@lid" if self.addressing == "lid" and self.lid and not self.is_group else self.jid


class Media(Row):
    """A file on the media host: `{id}.enc` and `{id}.plain` lie beside the database. Keys and digests are hex."""

    id: str
    instance: str
    kind: Literal["Image", "Video", "Audio", "Document"]
    mimetype: str
    file_name: str = ""
    size_bytes: int
    sha256: str
    enc_sha256: str
    key: str
    path: str


class Message(Row):
    """One message of the ledger. `data` is the prepared object as Evolution stores and posts it (without base64)."""

    instance: str
    chat: str
    id: str
    cuid: str
    from_me: bool
    by_agent: bool = False
    author: str = ""
    kind: str
    text: str = ""
    media_id: str = ""
    quoted_id: str = ""
    extra: Json = Field(default_factory=dict)
    status: Status
    sent_at: float
    data: Json
    reactions: dict[str, str] = Field(default_factory=dict)
    is_edited: bool = False
    is_deleted: bool = False
    is_hidden: bool = False


class Attempt(Row):
    """One POST: `status` is null when no answer came, `error` then says why."""

    at: float
    status: int | None
    error: str = ""
    seconds: float


class Delivery(Row):
    """One event on its way. delivered: a 2xx came. refused: a status that is never retried. lost: ten attempts failed.

    dropped: a fault swallowed it before the first attempt.
    """

    id: int
    instance: str
    event: str
    message_id: str
    url: str
    state: Literal["pending", "delivered", "refused", "lost", "dropped"]
    is_duplicate: bool
    created_at: float
    attempts: list[Attempt]
