"""What a phone can be asked to send: the body of the control API's message route."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "text",
    "image",
    "album",
    "video",
    "gif",
    "video_note",
    "voice",
    "audio",
    "document",
    "sticker",
    "lottie",
    "location",
    "contact",
    "poll",
    "buttons_reply",
    "list_reply",
    "template_reply",
    "unknown",
]
Wrapper = Literal["", "ephemeral", "view_once", "view_once_v2", "view_once_v2_extension", "view_once_flag"]
FILE_KINDS = frozenset({"image", "video", "gif", "video_note", "voice", "audio", "document", "sticker", "lottie"})


class Card(BaseModel):
    """A contact card: digits in `phone`."""

    model_config = ConfigDict(frozen=True)

    name: str
    phone: str = ""


class Draft(BaseModel):
    """One message. `text` is also the caption; a file comes as `sample` (its name), `base64`, or a multipart `file`.

    `participant` names who speaks in a group (a customer's id or address), `from_owner` means typed on the company's
    own phone, `without_device` leaves messageContextInfo out, as old devices do. A `message_id` that exists already is
    posted again as it was: WhatsApp's own duplicate. `at` is epoch seconds, `count` the photos of an album.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "text"
    text: str = ""
    sample: str = ""
    base64: str = ""
    file_name: str = ""
    mimetype: str = ""
    quoted: str = ""
    participant: str = ""
    from_owner: bool = False
    message_id: str = ""
    at: float | None = None
    is_forwarded: bool = False
    from_ad: bool = False
    without_device: bool = False
    expiration_seconds: int = 0
    wrapper: Wrapper = ""
    latitude: float = -20.8113
    longitude: float = -49.3758
    place: str = "Padaria do Bairro"
    address: str = "Rua das Flores, 100"
    contacts: tuple[Card, ...] = (Card(name="João Silva", phone="5517999990003"),)
    options: tuple[str, ...] = ("14h", "15h")
    count: int = Field(8, ge=1, le=100)
