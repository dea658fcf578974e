"""A thread: its messages, and what agents say and do: send, try again, cancel, edit, delete for everyone, react."""

from typing import Annotated, cast

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from backend.chat import asking, changes, outbox, outgoing, parcels, present, uploads
from backend.chat.api.surface import caller_of, uuid_or_missing
from backend.chat.models import Conversation, Message
from backend.lib.errors import Conflict, Missing, Refused
from backend.media import sniff
from backend.media.models import Attachment
from backend.realtime import wire

router = Router(tags=["messages"])

MESSAGES_PAGE = 50
Limit = Annotated[int, Query(ge=1, le=200)]
Id = Annotated[str, Field(max_length=36)]


class MessagePage(Schema):
    results: list[wire.Message]
    next: str | None


class Draft(Schema):
    """The browser's `client_id` names the message: sent again, it is the same message."""

    client_id: str = Field(max_length=64)
    text: str = Field("", max_length=65_536)
    quoted_id: Id | None = None
    attachment_id: Id | None = None


class Edit(Schema):
    text: str = Field(max_length=65_536)


class Asked(Schema):
    client_id: str = Field("", max_length=64)


class ReactionSent(Schema):
    emoji: str = Field(max_length=64)


@router.get("/conversations/{conversation_id}/messages/", response=MessagePage)
def messages(
    request: HttpRequest,
    conversation_id: str,
    before: str = "",
    after: str = "",
    limit: Limit = MESSAGES_PAGE,
) -> MessagePage:
    """The newest page, newest first; `before`/`after` are message ids. With `after`: oldest first."""
    found = _conversation(request, conversation_id)
    rows = present.messages().filter(conversation_id=found.pk)
    if after:
        rows = _beyond(rows, after, later=True).order_by("sent_at", "id")
    else:
        rows = (_beyond(rows, before, later=False) if before else rows).order_by("-sent_at", "-id")
    page = list(rows[: limit + 1])
    more = len(page) > limit
    return MessagePage(
        results=[present.message(row) for row in page[:limit]],
        next=str(page[limit - 1].pk) if more else None,
    )


@router.post("/conversations/{conversation_id}/messages/", response={200: wire.Message, 201: wire.Message})
def send(request: HttpRequest, conversation_id: str, sent: Draft) -> Status[wire.Message]:
    """201; 200 and the same message for a `client_id` that is known."""
    conversation = _conversation(request, conversation_id)
    check_is_current(conversation)
    attachment = _attachment(request, conversation, sent.attachment_id) if sent.attachment_id else None
    message, is_new = outbox.draft(
        conversation,
        caller_of(request).user,
        client_id=sent.client_id,
        kind=_kind_of(attachment),
        text=sent.text,
        attachment=attachment,
        quoted_id=uuid_or_missing(sent.quoted_id, "no_such_message") if sent.quoted_id else None,
    )
    return Status(201 if is_new else 200, present.message(message))


@router.post("/messages/{message_id}/retry/", response={202: wire.Message})
def retry(request: HttpRequest, message_id: str) -> Status[wire.Message]:
    """409 `already_sent`, `not_failed`, `file_not_here`."""
    found = _message(request, message_id)
    if found.status == "failed" and found.attachment is not None and found.attachment.status == "failed":
        outgoing.try_again(found.attachment)
        return Status(202, present.message(_message(request, message_id)))
    return Status(202, present.message(outbox.retry(found)))


@router.post("/messages/{message_id}/cancel/", response={202: wire.Message})
def cancel(request: HttpRequest, message_id: str) -> Status[wire.Message]:
    """409 `already_sent` once it has been handed over."""
    found = _message(request, message_id)
    if found.status == "waiting" and found.attachment is not None and uploads.cancel(found.attachment):
        return Status(202, present.message(_message(request, message_id)))
    return Status(202, present.message(outbox.cancel(found)))


@router.post("/messages/{message_id}/ask-again/", response={202: wire.Message})
def ask_again(request: HttpRequest, message_id: str, sent: Asked | None = None) -> Status[wire.Message]:
    """The customer is asked to send a file again that is gone: our request, a message. 409 `nothing_to_ask`."""
    found = _message(request, message_id)
    check_is_current(found.conversation)
    client_id = sent.client_id if sent else ""
    return Status(202, present.message(asking.ask_again(found, caller_of(request).user, client_id=client_id)))


@router.patch("/messages/{message_id}/", response=wire.Message)
def edit(request: HttpRequest, message_id: str, sent: Edit) -> wire.Message:
    """409 `too_late`, 422 `not_editable`."""
    return changes.edit(_message(request, message_id), sent.text)


@router.delete("/messages/{message_id}/", response=wire.Message)
def delete(request: HttpRequest, message_id: str) -> wire.Message:
    """For everyone. 409 `too_late`, 422 `not_editable`."""
    return changes.delete(_message(request, message_id))


@router.put("/messages/{message_id}/reaction/", response=wire.Message)
def react(request: HttpRequest, message_id: str, sent: ReactionSent) -> wire.Message:
    """An empty emoji takes our reaction away."""
    return changes.react(_message(request, message_id), sent.emoji, caller_of(request).user)


def _beyond(rows: QuerySet[Message], message_id: str, *, later: bool) -> QuerySet[Message]:
    key = uuid_or_missing(message_id, "no_such_message")
    edge = rows.filter(pk=key).values_list("sent_at", "pk").first()
    if edge is None:
        raise Missing("no_such_message")
    moment, pk = edge
    if later:
        return rows.filter(Q(sent_at__gt=moment) | Q(sent_at=moment, pk__gt=pk))
    return rows.filter(Q(sent_at__lt=moment) | Q(sent_at=moment, pk__lt=pk))


def _conversation(request: HttpRequest, conversation_id: str) -> Conversation:
    key = uuid_or_missing(conversation_id, "no_such_conversation")
    found = Conversation.objects.filter(pk=key, tenant_id__in=caller_of(request).roles).first()
    if found is None:
        raise Missing("no_such_conversation")
    return found


def check_is_current(conversation: Conversation) -> None:
    """An answer in a resolved conversation belongs into the open one, if there is one."""
    same = Conversation.objects.filter(instance=conversation.instance_id, contact=conversation.contact_id)
    open_one = same.exclude(status=Conversation.Status.RESOLVED)
    if conversation.status == Conversation.Status.RESOLVED and open_one.exists():
        raise Conflict("conversation_moved_on", "There is a newer conversation with this contact.")


def _message(request: HttpRequest, message_id: str) -> Message:
    """An agent's or a customer's message, in any tenant that the caller belongs to. Raises Missing."""
    key = uuid_or_missing(message_id, "no_such_message")
    found = parcels.messages().filter(pk=key, tenant_id__in=caller_of(request).roles).first()
    if found is None:
        raise Missing("no_such_message")
    return found


def _attachment(request: HttpRequest, conversation: Conversation, attachment_id: str) -> Attachment:
    """A file of the same tenant that is here and belongs to no message yet."""
    key = uuid_or_missing(attachment_id, "no_such_attachment")
    found = Attachment.objects.filter(pk=key, tenant_id=conversation.tenant_id).first()
    if found is None:
        raise Missing("no_such_attachment")
    if found.status != Attachment.Status.COMPLETED:
        raise Refused("file_not_here", f"This file is {found.status}.")
    return found


def _kind_of(attachment: Attachment | None) -> wire.MessageKind:
    if attachment is None:
        return "text"
    if attachment.upload.get("voice"):
        return "voice"
    return cast(wire.MessageKind, sniff.kind_of(attachment.file_type))
