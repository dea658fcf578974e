"""A file that nobody has any more is asked for again: the customer is, politely, in an answer to their message."""

from datetime import timedelta

from django.utils import timezone

from backend.chat import outbox, present
from backend.chat.models import Message
from backend.lib.errors import Conflict
from backend.media.models import Attachment
from backend.tenants.models import User

ONCE_IN = timedelta(days=1)
"""Two agents who ask on the same day ask once."""
WHAT = {
    "image": "a foto",
    "video": "o vídeo",
    "audio": "o áudio",
    "voice": "a mensagem de voz",
    "document": "o documento",
    "sticker": "a figurinha",
}
TEXT = "Olá! Não temos mais {what} desta mensagem. Você poderia nos enviar de novo, por favor?"


def ask_again(message: Message, author: User, *, client_id: str = "") -> Message:
    """The request, on its way to the customer; the same one while it is not a day old.

    Raises Conflict(`nothing_to_ask`) for what the customer did not send, or what is here or still coming.
    """
    file = message.attachment
    is_theirs = message.direction == Message.Direction.INCOMING and message.deleted_at is None
    if file is None or not is_theirs or file.status not in {Attachment.Status.EXPIRED, Attachment.Status.FAILED}:
        raise Conflict("nothing_to_ask", "Only a file that the customer sent and that is gone is asked for again.")
    if asked := _asked(message):
        return asked
    text = TEXT.format(what=WHAT.get(message.kind, "o arquivo"))
    request, _ = outbox.draft(
        message.conversation, author, client_id=client_id or _name_of(message), text=text, quoted_id=message.pk
    )
    return request


def _asked(message: Message) -> Message | None:
    """What was asked lately and may have reached the customer."""
    lately = present.messages().filter(quoted=message, created_at__gt=timezone.now() - ONCE_IN)
    texts = [TEXT.format(what=what) for what in (*WHAT.values(), "o arquivo")]
    return lately.filter(direction=Message.Direction.OUTGOING, text__in=texts).exclude(status="failed").first()


def _name_of(message: Message) -> str:
    """Of two requests at the same moment one is made. A failed one is followed by another."""
    tried = Message.objects.filter(quoted=message, client_id__startswith="again:").count()
    return f"again:{message.pk}:{tried}"
