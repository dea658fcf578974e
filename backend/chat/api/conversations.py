"""The inbox: conversations by cursor, one of them, mark read, status and assignee."""

from typing import Literal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from backend.chat import changes, present
from backend.chat.api.cursors import decode, encode
from backend.chat.api.surface import caller_of, tenant_of, uuid_or_missing
from backend.chat.models import Conversation
from backend.lib.errors import Conflict, Missing, Refused
from backend.realtime import log, wire
from backend.tenants.models import Membership, User

router = Router(tags=["conversations"])

CONVERSATIONS_PAGE = 30


class ConversationPage(Schema):
    results: list[wire.Conversation]
    next: str | None


class Filters(Schema):
    status: Literal["open", "pending", "resolved", ""] = ""
    assignee: str = Field("", max_length=36, description="a user's id, `me` or `none`")
    q: str = Field("", max_length=100, description="part of the contact's name, or digits of the phone")
    cursor: str = Field("", max_length=200)


class Change(Schema):
    """What is given is changed; `assignee` null takes it away."""

    status: Literal["open", "pending", "resolved"] | None = None
    assignee: str | None = Field(None, max_length=36)


@router.get("/conversations/", response=ConversationPage)
def conversations(request: HttpRequest, filters: Query[Filters]) -> ConversationPage:
    """Newest first."""
    rows = present.conversations().filter(tenant_id=tenant_of(request), last_message_at__isnull=False)
    rows = _filtered(rows, filters, caller_of(request).user.pk)
    if filters.cursor:
        moment, key = decode(filters.cursor)
        rows = rows.filter(Q(last_message_at__lt=moment) | Q(last_message_at=moment, id__lt=key))
    found = list(rows.order_by("-last_message_at", "-id")[: CONVERSATIONS_PAGE + 1])
    page = found[:CONVERSATIONS_PAGE]
    more = len(found) > len(page)
    return ConversationPage(
        results=[present.conversation(row) for row in page],
        next=encode(page[-1].last_message_at, page[-1].pk) if more else None,
    )


@router.get("/conversations/{conversation_id}/", response=wire.Conversation)
def conversation(request: HttpRequest, conversation_id: str) -> wire.Conversation:
    return present.conversation(_find(request, conversation_id))


@router.patch("/conversations/{conversation_id}/", response=wire.Conversation)
def change(request: HttpRequest, conversation_id: str, sent: Change) -> wire.Conversation:
    """Status and assignee."""
    found = _find(request, conversation_id)
    with log.unit(found.tenant_id):
        row = present.conversations().select_for_update(of=("self",)).get(pk=found.pk)
        if sent.status is not None:
            row.status = sent.status
        if "assignee" in sent.model_fields_set:
            row.assignee = _colleague(found.tenant_id, sent.assignee) if sent.assignee else None
        try:
            with transaction.atomic():
                row.save(update_fields=["status", "assignee"])
        except IntegrityError as error:  # the customer has written since: that conversation is the open one
            raise Conflict("already_open", "There is an open conversation with this contact.") from error
        shape = present.conversation(row)
        log.publish(wire.ConversationUpdated(conversation=shape))
    return shape


@router.post("/conversations/{conversation_id}/read/", response=wire.Conversation)
def mark_read(request: HttpRequest, conversation_id: str) -> wire.Conversation:
    found = _find(request, conversation_id)
    with log.unit(found.tenant_id):
        changed = Conversation.objects.filter(pk=found.pk, unread__gt=0).update(unread=0)
        shape = present.conversation(present.conversations().get(pk=found.pk))
        if changed:
            changes.want_read(found)
            log.publish(wire.ConversationUpdated(conversation=shape))
    return shape


def _filtered(rows: QuerySet[Conversation], filters: Filters, me: UUID) -> QuerySet[Conversation]:
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.assignee == "none":
        rows = rows.filter(assignee__isnull=True)
    elif filters.assignee:
        wanted = me if filters.assignee == "me" else uuid_or_missing(filters.assignee, "no_such_agent")
        rows = rows.filter(assignee_id=wanted)
    if filters.q.strip():
        text = filters.q.strip().replace("\x00", "")
        digits = "".join(character for character in text if character.isdigit())
        matches = Q(contact__name__icontains=text)
        rows = rows.filter(matches | Q(contact__phone__contains=digits) if digits else matches)
    return rows


def _find(request: HttpRequest, conversation_id: str) -> Conversation:
    """In any tenant that the caller belongs to. Raises Missing."""
    key = uuid_or_missing(conversation_id, "no_such_conversation")
    found = present.conversations().filter(pk=key, tenant_id__in=caller_of(request).roles).first()
    if found is None:
        raise Missing("no_such_conversation")
    return found


def _colleague(tenant_id: UUID, user_id: str) -> User:
    member = (
        Membership.objects.select_related("user")
        .filter(tenant_id=tenant_id, user_id=uuid_or_missing(user_id, "no_such_agent"))
        .first()
    )
    if member is None:
        raise Refused("no_such_agent", "This person does not work here.")
    return member.user
