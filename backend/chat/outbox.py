"""What agents send: the message is there at once, and leaves when all of it is here.

waiting → queued → sending → sent → delivered → read → played;  the first three → failed;  failed → queued (retry)

`waiting`: the bytes are not here, or the instance is away. Messages leave in the order in which they became ready
(`ready_at`); one of a conversation at a time, by the job of `chat/sending.py`.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from backend.chat import present, threads, work
from backend.chat.models import Conversation, Message
from backend.jobs import queue
from backend.lib.errors import ChatError, Conflict, Missing, Refused
from backend.lib.text import clean
from backend.media.models import Attachment
from backend.realtime import log, wire
from backend.tenants.models import Instance, User

TEXT_LIMIT = 65_536
CLIENT_ID_LIMIT = 64
MAY_HAVE_BEEN_SENT = "may_have_been_sent"
CANCELLED = "cancelled"
DISCONNECTED = "instance_disconnected"
GONE_OUT = {"sent", "delivered", "read", "played"}


def draft(
    conversation: Conversation,
    author: User,
    *,
    client_id: str,
    kind: wire.MessageKind = "text",
    text: str = "",
    attachment: Attachment | None = None,
    quoted_id: UUID | None = None,
) -> tuple[Message, bool]:
    """The message under the browser's `client_id`, and whether it is new: the same id again is the same message.

    Raises Refused (`empty_message`, `bad_client_id`) and Missing (`no_such_message`) for another conversation's quote.
    """
    text = clean(text, limit=TEXT_LIMIT)
    _check(client_id, text, attachment)
    is_ready = attachment is None or attachment.status == Attachment.Status.COMPLETED
    message = Message(
        tenant_id=conversation.tenant_id,
        instance_id=conversation.instance_id,
        conversation=conversation,
        direction=Message.Direction.OUTGOING,
        kind=kind,
        status="queued" if is_ready else "waiting",
        text=text,
        attachment=attachment,
        client_id=client_id,
        author=author,
        quoted=_quoted(conversation, quoted_id),
    )
    try:
        _put(message)
    except IntegrityError:
        known = present.messages().filter(conversation=conversation, client_id=client_id).first()
        if known is None:
            raise
        return known, False
    return message, True


def _put(message: Message) -> None:
    """Into its conversation and into the lane. Raises IntegrityError when its `client_id` is known."""
    with log.unit(message.tenant_id):
        message.conversation = _locked(message.conversation_id)
        message.sent_at = timezone.now()
        message.ready_at = message.sent_at if message.status == "queued" else None
        message.save(force_insert=True)
        threads.append(message.conversation, message, is_unread=False)
        about = present.conversation(message.conversation)
        log.publish(wire.MessageCreated(message=present.message(message), conversation=about))
        if message.status == "queued":
            want(message)


def file_ready(attachment: Attachment) -> None:
    """Inside the unit that completes the file: the messages that waited for it may leave."""
    rows = Message.objects.filter(attachment=attachment, status="waiting", ready_at__isnull=True)
    for message in rows.select_for_update().order_by("pk"):
        _move(message, "queued", ready_at=timezone.now())
        want(message)


def file_failed(attachment: Attachment, error: ChatError) -> None:
    """Inside the unit that gives the file up: its messages fail with its reason; those behind them wait no longer."""
    rows = Message.objects.filter(attachment=attachment, status="waiting")
    for message in rows.select_for_update().order_by("pk"):
        _move(message, "failed", code=error.code, detail=error.detail)
        want(message)


def file_again(attachment: Attachment) -> None:
    """Inside the unit that tries the file once more: its messages wait for it again."""
    rows = Message.objects.filter(attachment=attachment, status="failed", ready_at__isnull=True)
    for message in rows.select_for_update().order_by("pk"):
        _move(message, "waiting")


def retry(message: Message) -> Message:
    """A failed message leaves again; one that may have been sent is looked up at the gateway first.

    Raises Conflict `already_sent`, `not_failed`.
    """
    with log.unit(message.tenant_id):
        row = _mine(message)
        if row.status in GONE_OUT:
            raise Conflict("already_sent", "This message has left.")
        if row.status != "failed":
            raise Conflict("not_failed", f"This message is {row.status}.")
        if row.attachment is not None and row.attachment.status != Attachment.Status.COMPLETED:
            raise Conflict("file_not_here", "The file of this message has to be sent again.")
        was_uncertain = row.error_code == MAY_HAVE_BEEN_SENT
        _move(row, "queued", code=MAY_HAVE_BEEN_SENT if was_uncertain else "", ready_at=timezone.now())
        want(row)
    return row


def cancel(message: Message) -> Message:
    """What has not been handed over stays here. Raises Conflict `already_sent` once it has.

    What may have been sent keeps saying so: else a later retry would send it blindly.
    """
    with log.unit(message.tenant_id):
        row = _mine(message)
        if row.status not in {"waiting", "queued", "failed"}:
            raise Conflict("already_sent", "This message has been handed over.")
        if row.error_code == MAY_HAVE_BEEN_SENT:
            _move(row, "failed", code=MAY_HAVE_BEEN_SENT, detail=row.error_detail)
        else:
            _move(row, "failed", code=CANCELLED, detail="An agent cancelled this message.")
        want(row)
    return row


def instance_is_back(instance: Instance) -> None:
    """Inside a unit: what waited for the connection may leave."""
    rows = Message.objects.filter(instance=instance, status="waiting", ready_at__isnull=False)
    for message in rows.select_for_update().order_by("conversation", "pk"):
        _move(message, "queued")
        want(message)


def try_again(conversation_id: UUID, rows: Iterable[UUID]) -> None:
    """The instance's `open` may have been lost: these waited for it long enough."""
    tenant_id = Conversation.objects.filter(pk=conversation_id).values_list("tenant_id", flat=True).first()
    if tenant_id is None:
        return
    with log.unit(tenant_id):
        list(Conversation.objects.filter(pk=conversation_id).select_for_update())  # it may have been merged meanwhile
        away = Message.objects.filter(pk__in=rows, status="waiting", ready_at__isnull=False)
        for message in away.select_for_update().order_by("ready_at", "pk"):
            _move(message, "queued")


def want(message: Message, *, run_at: datetime | None = None) -> None:
    """Have the conversation's lane look."""
    queue.enqueue(work.SEND, message.conversation_id, tenant_id=message.tenant_id, run_at=run_at)


def _check(client_id: str, text: str, attachment: Attachment | None) -> None:
    if not client_id or len(client_id) > CLIENT_ID_LIMIT or clean(client_id) != client_id:
        raise Refused("bad_client_id", f"client_id is 1 to {CLIENT_ID_LIMIT} characters of the browser's choice.")
    if attachment is None and not text.strip():
        raise Refused("empty_message", "There is nothing to send.")


def _locked(conversation_id: UUID) -> Conversation:
    """With what its shape shows but for the last message: for most who ask, that is about to be another."""
    rows = Conversation.objects.select_related("contact", "assignee").filter(pk=conversation_id)
    found = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise Missing("no_such_conversation", "It was erased, or merged into another.")
    return found


def _quoted(conversation: Conversation, quoted_id: UUID | None) -> Message | None:
    if quoted_id is None:
        return None
    found = Message.objects.filter(pk=quoted_id, conversation=conversation).first()
    if found is None:
        raise Missing("no_such_message", "The message that this one answers is not in this conversation.")
    return found


def _mine(message: Message) -> Message:
    """The row, locked after its conversation."""
    _locked(message.conversation_id)
    return present.messages().select_for_update(of=("self",)).get(pk=message.pk)


def _move(
    message: Message, status: wire.MessageStatus, *, code: str = "", detail: str = "", ready_at: datetime | None = None
) -> None:
    message.status, message.error_code, message.error_detail = status, code, detail
    if ready_at is not None:
        message.ready_at = ready_at
    message.save(update_fields=["status", "error_code", "error_detail", "ready_at"])
    log.publish(present.message_status(message))
