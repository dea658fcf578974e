"""A file that an agent wants to send, as far as can be said of it before its bytes are looked at."""

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from backend.chat.models import Conversation, Message
from backend.lib.errors import Refused
from backend.lib.text import clean
from backend.media import sniff
from backend.realtime import wire


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a browser says. `client_id` is its own name for the message."""

    file_name: str
    file_type: str
    size_bytes: int
    client_id: str
    caption: str = ""
    is_voice: bool = False
    quoted_id: UUID | None = None

    def known_in(self, conversation: Conversation) -> Message | None:
        """The message that was made for it before. Raises Refused(`bad_client_id`)."""
        if not self.client_id or clean(self.client_id) != self.client_id:
            raise Refused("bad_client_id", "client_id is the browser's own name for this message.")
        rows = Message.objects.select_related("attachment").filter(conversation=conversation)
        return rows.filter(client_id=self.client_id).first()

    def checked(self) -> tuple[str, wire.MessageKind]:
        """The type as we call it, and the kind of message that such a file makes.

        Raises Refused(`type_not_allowed`, `empty_file`, `file_too_large`).
        """
        # Browsers call a recording `video/webm` where a video may be in it.
        said = self.file_type.replace("video/", "audio/", 1) if self.is_voice else self.file_type
        mime = sniff.announced(said, self.file_name).mime
        kind = self._kind(mime)
        if self.size_bytes <= 0:
            raise Refused("empty_file", "The file has no bytes.")
        if self.size_bytes > sniff.limit_bytes(kind):
            raise Refused("file_too_large", f"At most {sniff.limit_bytes(kind)} bytes for {kind}.")
        return mime, kind

    def _kind(self, mime: str) -> wire.MessageKind:
        if self.is_voice:
            if sniff.kind_of(mime) != "audio":
                raise Refused("type_not_allowed", f"{mime} is no sound.")
            return "voice"
        return cast(wire.MessageKind, sniff.kind_of(mime))
