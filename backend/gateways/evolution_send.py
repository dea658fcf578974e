"""Evolution's send and chat calls: each one request, and its answer in our words. tests/contract/evolution.md 4.

Every call raises `Refused` (the same again gets the same), `TryLater` (definitely not handed over), or, where a second
time would be seen by the customer, `Uncertain`. The codes are in `evolution_errors`. `to` and every address is ours:
digits, `…@lid`, `…@g.us`.
"""

from collections.abc import Sequence
from typing import Literal

from backend.gateways.base import Accepted, FileToSend, Known, MessageKey, QuotedRef
from backend.gateways.evolution_base64 import GatewayAccess

OLDEST_VERSION = (2, 2)
PresenceShown = Literal["composing", "recording", "paused"]


def send_text(gateway: GatewayAccess, to: str, text: str, quoted: QuotedRef | None = None) -> Accepted:
    """A text, as it is."""
    raise NotImplementedError


def send_file(gateway: GatewayAccess, to: str, file: FileToSend, quoted: QuotedRef | None = None) -> Accepted:
    """A file with its caption. Voice and stickers always travel as base64: the gateway breaks signed URLs."""
    raise NotImplementedError


def react(gateway: GatewayAccess, target: MessageKey, emoji: str) -> None:
    """Put one emoji on a message, or take ours away (empty)."""
    raise NotImplementedError


def delete_for_everyone(gateway: GatewayAccess, target: MessageKey) -> None:
    """Take a message of ours back."""
    raise NotImplementedError


def edit_text(gateway: GatewayAccess, target: MessageKey, text: str) -> None:
    """Another text, or another caption of a picture or video, for a message of ours."""
    raise NotImplementedError


def mark_read(gateway: GatewayAccess, keys: Sequence[MessageKey]) -> None:
    """Blue ticks for the customer. 2.3.7 drops `@lid` keys in silence: give the phone's address where it is known."""
    raise NotImplementedError


def send_presence(gateway: GatewayAccess, to: str, presence: PresenceShown, seconds: float = 1.0) -> None:
    """Show the customer that somebody types; blocks for as long as it is shown."""
    raise NotImplementedError


def on_whatsapp(gateway: GatewayAccess, numbers: Sequence[str]) -> tuple[Known, ...]:
    """Which of these exist, in the order asked."""
    raise NotImplementedError


def version(gateway: GatewayAccess) -> str:
    """The gateway's, as it says it itself: `2.3.7`."""
    raise NotImplementedError


def can_send(version: str) -> bool:
    """2.2 or newer: older ones want other bodies."""
    raise NotImplementedError


def connection_state(gateway: GatewayAccess) -> Literal["open", "connecting", "closed"]:
    """Of this instance, now."""
    raise NotImplementedError
