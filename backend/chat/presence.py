"""Who is here, who looks at what, who is writing: passing news, never stored, forgotten by itself.

Presence lies in the cache, one key for each person of a tenant, and lives PRESENCE_SECONDS unless it is renewed; a
process that dies takes nobody's presence with it for longer than that.
"""

from uuid import UUID

from django.core.cache import cache

from backend.chat.models import Conversation
from backend.lib.errors import Missing
from backend.lib.quiet import quietly
from backend.realtime import bell, wire
from backend.tenants.models import Membership, User

PRESENCE_SECONDS = 90
"""A socket renews it every 60 s."""


def typing(tenant_id: UUID, user: User, said: wire.SaidTyping) -> None:
    """Tell the colleagues. Raises Missing for a conversation that is not the tenant's."""
    conversation_id = _theirs(tenant_id, said.conversation_id)
    who = wire.Typist(kind="agent", id=str(user.pk), name=user.name)
    bell.pass_on(tenant_id, wire.Typing(conversation_id=str(conversation_id), who=who, state=said.state))


def here(tenant_id: UUID, user: User, viewing: str | None) -> None:
    """They are here, and look at this conversation (or at none). Raises Missing for a stranger's conversation."""
    conversation_id = str(_theirs(tenant_id, viewing)) if viewing else None
    _remember(tenant_id, user, conversation_id)
    _tell(tenant_id)


def still_here(tenant_id: UUID, user: User, viewing: str | None) -> None:
    """As before; nobody is told anew."""
    _remember(tenant_id, user, viewing)


def gone(tenant_id: UUID, user: User) -> None:
    """A window was closed. Another one of the same person says so within a minute."""
    quietly(lambda: cache.delete(_key(tenant_id, user.pk)))
    _tell(tenant_id)


def _tell(tenant_id: UUID) -> None:
    colleagues = Membership.objects.filter(tenant_id=tenant_id).select_related("user").order_by("created_at", "pk")
    keys = {_key(tenant_id, member.user_id): member.user for member in colleagues}
    found = quietly(lambda: cache.get_many(list(keys))) or {}
    agents = [
        wire.PresentAgent(id=str(keys[key].pk), name=keys[key].name, viewing=viewing or None)
        for key, viewing in found.items()
    ]
    bell.pass_on(tenant_id, wire.Presence(agents=agents))


def _remember(tenant_id: UUID, user: User, viewing: str | None) -> None:
    quietly(lambda: cache.set(_key(tenant_id, user.pk), viewing or "", PRESENCE_SECONDS))


def _key(tenant_id: UUID, user_id: object) -> str:
    return f"presence:{tenant_id}:{user_id}"


def _theirs(tenant_id: UUID, conversation_id: str) -> UUID:
    try:
        key = UUID(conversation_id)
    except ValueError:
        raise Missing("no_such_conversation") from None
    if not Conversation.objects.filter(pk=key, tenant_id=tenant_id).exists():
        raise Missing("no_such_conversation")
    return key
