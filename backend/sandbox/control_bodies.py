"""What the control API takes and shows."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.sandbox.rows import Customer, Instance, Json, Message, Status
from backend.sandbox.world import World


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InstanceBody(Body):
    """`with_cast` adds the usual customers. `events` are config names (MESSAGES_UPSERT); empty means all."""

    name: str = Field(min_length=1)
    api_key: str = Field(min_length=1)
    webhook_url: str = ""
    owner: str = "5517300000000"
    profile_name: str = ""
    by_events: bool = False
    base64: bool = False
    headers: dict[str, str] = Field(default_factory=dict)
    events: list[str] = Field(default_factory=list)
    with_cast: bool = False


class CustomerBody(Body):
    """Digits in `phone` and `lid`; `participants` are ids of customers and make it a group."""

    id: str = ""
    name: str | None = None
    phone: str = ""
    lid: str = ""
    addressing: Literal["pn", "lid"] = "pn"
    device: Literal["android", "ios"] = "android"
    participants: tuple[str, ...] = ()
    picture: str = ""
    auto_read: bool = False
    is_online: bool = True


class CustomerChanges(Body):
    name: str | None = None
    auto_read: bool | None = None
    is_online: bool | None = None
    picture: str | None = None


class EditBody(Body):
    text: str


class ReactionBody(Body):
    """An empty emoji takes the reaction away."""

    emoji: str
    participant: str = ""


class ReadBody(Body):
    played: bool = True


class ReceiptBody(Body):
    """Any status at any time: WhatsApp repeats and overtakes itself. The ledger itself only moves forward."""

    status: Status


class PresenceBody(Body):
    presence: Literal["available", "unavailable", "composing", "recording", "paused"]
    participant: str = ""


class ConnectionBody(Body):
    """open pairs (with the phone of `owner`); connecting is a lost socket; logged_out is a close with 401."""

    state: Literal["open", "connecting", "logged_out"]
    owner: str = ""


class EventBody(Body):
    """Any event as it is, for shapes the phone does not produce."""

    event: str
    data: Any = None
    extra: Json = Field(default_factory=dict)


class ClockBody(Body):
    """`time_scale` multiplies every wait; the webhook's timeout is real seconds."""

    time_scale: float | None = Field(None, ge=0)
    webhook_timeout_seconds: float | None = Field(None, gt=0)


def shown_instance(instance: Instance) -> Json:
    hook = instance.webhook
    shown = instance.model_dump(include={"name", "id", "number", "profile_name", "state", "base64_active"})
    return shown | {"api_key": instance.token, "webhook_url": hook.url if hook else "", "jid": instance.jid}


def shown_customer(customer: Customer) -> Json:
    return customer.model_dump(exclude={"instance"}) | {"jid": customer.jid}


def shown_message(world: World, message: Message, *, seq: int | None = None) -> Json:
    """A line of the ledger: no bytes, no wire forms. `from` is agent, owner, or the customer's id."""
    shown = message.model_dump(
        include={"id", "chat", "from_me", "kind", "text", "quoted_id", "status", "sent_at", "extra"}
    )
    shown |= message.model_dump(include={"reactions", "is_edited", "is_deleted", "is_hidden"})
    writer = ("agent" if message.by_agent else "owner") if message.from_me else message.author or message.chat
    media = world.store.media(message.media_id) if message.media_id else None
    shown |= {"from": writer, "message_type": message.data["messageType"], "media": None}
    if media is not None:
        facts = media.model_dump(include={"id", "mimetype", "file_name", "size_bytes", "sha256", "path"})
        shown["media"] = facts | {"url": f"{world.base_url}/control/media/{media.id}"}
    return shown if seq is None else shown | {"seq": seq}
