"""What a message does to its conversation."""

from backend.chat.models import Conversation, Message


def append(conversation: Conversation, message: Message, *, is_unread: bool) -> None:
    """The conversation's newest message is the one sent last, not the one that came last."""
    conversation.unread += is_unread
    if conversation.last_message_at is None or message.sent_at >= conversation.last_message_at:
        conversation.last_message, conversation.last_message_at = message, message.sent_at
    conversation.save(update_fields=["unread", "last_message", "last_message_at"])
