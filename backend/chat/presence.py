"""Who is writing where: passing news, never stored."""

from uuid import UUID

from backend.chat.models import Conversation
from backend.lib.errors import Missing
from backend.realtime import bell, wire
from backend.tenants.models import User


def typing(tenant_id: UUID, user: User, said: wire.SaidTyping) -> None:
    """Tell the colleagues. Raises Missing for a conversation that is not the tenant's."""
    try:
        conversation_id = UUID(said.conversation_id)
    except ValueError:
        raise Missing("no_such_conversation") from None
    if not Conversation.objects.filter(pk=conversation_id, tenant_id=tenant_id).exists():
        raise Missing("no_such_conversation")
    who = wire.Typist(kind="agent", id=str(user.pk), name=user.name)
    bell.pass_on(tenant_id, wire.Typing(conversation_id=str(conversation_id), who=who, state=said.state))
