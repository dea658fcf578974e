"""Every JSON shape and every event that leaves this server for a browser: one catalogue, shapes only.

`chat/present.py` fills the shapes from rows. Outbound models forbid extra fields, so an undeclared field is a bug that
a test sees. The TypeScript types of the page are generated from here (`make types`) and checked for drift.
Times are ISO 8601 UTC with milliseconds, sizes bytes, durations seconds, ids UUID strings.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainSerializer, TypeAdapter

PROTOCOL = 1


def stamp(moment: datetime) -> str:
    """`2026-11-20T08:46:59.318Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(stamp, return_type=str)]

ConversationStatus = Literal["open", "pending", "resolved"]
Direction = Literal["incoming", "outgoing"]
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
MessageStatus = Literal["waiting", "queued", "sending", "sent", "delivered", "read", "played", "failed", "received"]
AttachmentStatus = Literal["pending", "processing", "completed", "failed", "expired"]
StorageType = Literal["s3", "local", "database"]
InstanceState = Literal["open", "connecting", "closed"]
Stage = Literal["uploading", "downloading", "processing", "storing", "sending"]
Role = Literal["owner", "agent"]


class Shape(BaseModel):
    """Base of everything below: closed and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- Shapes -----------------------------------------------------------------------------------------------------


class Person(Shape):
    """A colleague: the author of a message, an assignee, somebody typing."""

    id: str
    name: str


class Sender(Shape):
    """Who in a group wrote this."""

    name: str
    phone: str


class ErrorShape(Shape):
    """Why something failed: the browser translates `code`, `detail` is English for a developer."""

    code: str
    detail: str


class Metadata(Shape):
    """What is known of a file, from WhatsApp's payload first and from the bytes later. Absent means not known."""

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    pages: int | None = None
    waveform: list[int] | None = Field(default=None, description="64 steps of 0 to 100")
    preview: str | None = Field(default=None, description="data:image/…;base64,… of at most 8 KB, to be shown blurred")
    animated: bool | None = None


class Attachment(Shape):
    """A file of a message. `file_url` and `thumbnail_url` are session-checked paths, empty until readable."""

    id: str
    file_name: str
    file_type: str
    size_bytes: int
    status: AttachmentStatus
    file_url: str
    thumbnail_url: str
    short_url: str = Field(description="{PUBLIC_BASE_URL}/media/{hash}, of outgoing attachments only")
    media_hash: str
    storage_type: StorageType
    created_at: Moment
    expires_at: Moment | None
    pinned: bool
    renditions: dict[str, str] = Field(description="name (jpeg, aac, poster) → path")
    error: ErrorShape | None
    error_message: str
    metadata: Metadata


class Quoted(Shape):
    """The message that this one answers."""

    id: str | None
    kind: MessageKind
    text: str | None


class Reaction(Shape):
    """One person's emoji; `by` is a name fit to show."""

    emoji: str
    by: str


class Message(Shape):
    """One bubble. `data` carries what only its kind has: coordinates, contact cards, poll options, link previews."""

    id: str
    conversation_id: str
    direction: Direction
    kind: MessageKind
    text: str
    status: MessageStatus
    sent_at: Moment
    client_id: str
    provider_id: str
    author: Person | None
    sender: Sender | None
    quoted: Quoted | None
    attachment: Attachment | None
    reactions: list[Reaction]
    edited_at: Moment | None
    deleted_at: Moment | None
    data: dict[str, JsonValue]
    error: ErrorShape | None


class Contact(Shape):
    """A customer or a group. `phone` is empty for somebody known by a LID only."""

    id: str
    name: str
    phone: str
    profile_pic_url: str
    is_group: bool


class Conversation(Shape):
    """One row of the inbox."""

    id: str
    instance_id: str
    contact: Contact
    profile_pic_url: str
    status: ConversationStatus
    assignee: Person | None
    unread: int
    last_message: Message | None
    last_message_at: Moment | None


class Instance(Shape):
    """A WhatsApp number of the tenant."""

    id: str
    name: str
    state: InstanceState
    since: Moment
    silent_since: Moment | None = Field(default=None, description="Nothing came for much longer than usual")
    can_send: bool = Field(default=True, description="False: the gateway is too old to send through")


class Limit(Shape):
    """What may be sent of one kind."""

    max_bytes: int
    types: list[str]


class TenantShape(Shape):
    id: str
    name: str
    role: Role


class UserShape(Shape):
    id: str
    name: str
    email: str


class Me(Shape):
    """The answer of /api/me/ and of a login; `seq` was read before anything else."""

    user: UserShape
    tenant: TenantShape
    tenants: list[TenantShape]
    instances: list[Instance]
    limits: dict[str, Limit]
    seq: int


# --- Durable events: numbered per tenant, kept, replayed ----------------------------------------------------------


class Durable(Shape):
    """A fact that every browser of the tenant must learn, in order. Published through `realtime.log`, which adds
    `seq` and `at` to the frame."""


class MessageReceived(Durable):
    type: Literal["message_received"] = "message_received"
    message: Message
    conversation: Conversation


class MessageSent(Durable):
    """Accepted by the gateway, or typed on the phone."""

    type: Literal["message_sent"] = "message_sent"
    message: Message
    conversation: Conversation


class MessageCreated(Durable):
    """An agent's message, not yet sent."""

    type: Literal["message_created"] = "message_created"
    message: Message
    conversation: Conversation


class MessageStatusChanged(Durable):
    type: Literal["message_status"] = "message_status"
    message_id: str
    conversation_id: str
    status: MessageStatus
    error: ErrorShape | None = None


class MessageEdited(Durable):
    type: Literal["message_edited"] = "message_edited"
    message: Message


class MessageDeleted(Durable):
    type: Literal["message_deleted"] = "message_deleted"
    message: Message


class MessageReacted(Durable):
    type: Literal["message_reaction"] = "message_reaction"
    message: Message


class AttachmentReady(Durable):
    type: Literal["attachment_ready"] = "attachment_ready"
    attachment: Attachment
    message_id: str | None
    conversation_id: str | None


class AttachmentFailed(Durable):
    """It is not to be had, or not any more: its `status` is `failed`, or `expired` for good."""

    type: Literal["attachment_failed"] = "attachment_failed"
    attachment: Attachment
    message_id: str | None
    conversation_id: str | None


class ConversationUpdated(Durable):
    type: Literal["conversation_updated"] = "conversation_updated"
    conversation: Conversation


class ContactUpdated(Durable):
    type: Literal["contact_updated"] = "contact_updated"
    contact: Contact


class InstanceUpdated(Durable):
    type: Literal["instance_updated"] = "instance_updated"
    instance: Instance


class Erased(Durable):
    """These conversations, or something of them, are gone for good: load afresh. Without any: an event stood here."""

    type: Literal["erased"] = "erased"
    conversation_ids: list[str]


DurableEvent = (
    MessageReceived
    | MessageSent
    | MessageCreated
    | MessageStatusChanged
    | MessageEdited
    | MessageDeleted
    | MessageReacted
    | AttachmentReady
    | AttachmentFailed
    | ConversationUpdated
    | ContactUpdated
    | InstanceUpdated
    | Erased
)


# --- Passing events: no number, lost without harm -----------------------------------------------------------------


class Passing(Shape):
    """News that is stale in a second: never stored, never replayed."""


class UploadProgress(Passing):
    """At most four a second for each attachment."""

    type: Literal["upload_progress"] = "upload_progress"
    attachment_id: str
    message_id: str | None
    conversation_id: str | None
    direction: Direction
    stage: Stage
    bytes: int
    total: int
    percent: int


class Typist(Shape):
    kind: Literal["agent", "contact"]
    id: str
    name: str


class Typing(Passing):
    type: Literal["typing"] = "typing"
    conversation_id: str
    who: Typist
    state: Literal["composing", "recording", "paused"]


class PresentAgent(Shape):
    id: str
    name: str
    viewing: str | None


class Presence(Passing):
    type: Literal["presence"] = "presence"
    agents: list[PresentAgent]


class Hello(Passing):
    type: Literal["hello"] = "hello"
    seq: int
    protocol: int = PROTOCOL


class Tick(Passing):
    """Every 20 s: the tenant's newest number, so that a client can tell that it missed something."""

    type: Literal["tick"] = "tick"
    seq: int


class Resync(Passing):
    """What you ask for is older than we keep: load afresh, you are at `seq` now."""

    type: Literal["resync"] = "resync"
    seq: int


class ErrorFrame(Passing):
    type: Literal["error"] = "error"
    code: str


PassingEvent = UploadProgress | Typing | Presence | Hello | Tick | Resync | ErrorFrame


# --- What a browser may say ----------------------------------------------------------------------------------------


class Said(BaseModel):
    """Base of client messages: extra fields are ignored, since deploys overlap."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Ack(Said):
    type: Literal["ack"]
    seq: int = Field(ge=0, lt=2**63)


class SaidTyping(Said):
    type: Literal["typing"]
    conversation_id: str = Field(max_length=36)
    state: Literal["composing", "recording", "paused"]


class SaidViewing(Said):
    type: Literal["viewing"]
    conversation_id: str | None = Field(max_length=36)


class SaidProgress(Said):
    type: Literal["upload_progress"]
    attachment_id: str = Field(max_length=36)
    bytes: int = Field(ge=0, lt=2**63)


ClientMessage = Annotated[Ack | SaidTyping | SaidViewing | SaidProgress, Field(discriminator="type")]
client_message: TypeAdapter[Ack | SaidTyping | SaidViewing | SaidProgress] = TypeAdapter(ClientMessage)


class Problem(Shape):
    """RFC 9457 problem+json: every error answer of the API."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
