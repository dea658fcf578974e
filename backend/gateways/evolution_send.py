"""Evolution's send and chat calls: each one request, and its answer in our words. tests/contract/evolution.md 4.

Every call raises `Refused` (the same again gets the same), `TryLater` (definitely not handed over), or, where a second
time would be seen by the customer, `Uncertain`. The codes are in `evolution_errors`. `to` and every address is ours:
digits, `…@lid`, `…@g.us`.
"""

import re
from collections.abc import Sequence
from typing import Literal

from django.conf import settings

from backend.gateways import evolution_wire as wire
from backend.gateways.base import Accepted, ArrivedEmpty, FileToSend, Known, MessageKey, QuotedRef
from backend.gateways.evolution_base64 import GatewayAccess
from backend.gateways.evolution_errors import Asked, silence, unreachable
from backend.gateways.evolution_outgoing import Outgoing, parcel
from backend.gateways.evolution_rest import Call, call, instance_path
from backend.gateways.evolution_wire import Fields

OLDEST_VERSION = (2, 2)
ID_LIMIT = 120
MINIMUM_MS = 200
PresenceShown = Literal["composing", "recording", "paused"]
_STATES: dict[str, Literal["open", "connecting", "closed"]] = {"open": "open", "connecting": "connecting"}
_FILES = ("imageMessage", "videoMessage", "audioMessage", "documentMessage", "stickerMessage")


def send_text(gateway: GatewayAccess, to: str, text: str, quoted: QuotedRef | None = None) -> Accepted:
    """A text, as it is."""
    return _hand_over(gateway, to, Outgoing("sendText", {"text": text}), quoted)


def send_file(gateway: GatewayAccess, to: str, file: FileToSend, quoted: QuotedRef | None = None) -> Accepted:
    """A file with its caption. Voice and stickers always travel as base64: the gateway breaks signed URLs.

    Raises ArrivedEmpty (a Refused) when the gateway took it and made nothing of it, NotFetched when `file.url` does
    not serve.
    """
    return _hand_over(gateway, to, parcel(file), quoted)


def _hand_over(gateway: GatewayAccess, to: str, outgoing: Outgoing, quoted: QuotedRef | None) -> Accepted:
    asked = Asked(is_group=to.endswith("@g.us"), by_url=outgoing.by_url)
    answer = call(
        gateway,
        Call(
            "POST",
            instance_path(f"message/{outgoing.route}", gateway),
            {"number": to, **outgoing.fields, **_quoted(quoted)},
            file_field=outgoing.file_field,
            file=outgoing.file,
            seconds=outgoing.seconds,
            asked=asked,
        ),
    )
    return _accepted(wire.fields(answer), asked)


def _accepted(answer: Fields, asked: Asked) -> Accepted:
    key = wire.fields(answer.get("key"))
    provider_id = wire.words(key.get("id"), limit=ID_LIMIT)
    if not provider_id:
        raise silence(asked, "The gateway's answer names no message.")
    message = wire.fields(answer.get("message"))
    if any(wire.whole(wire.fields(message.get(name)).get("fileLength")) == 0 for name in _FILES):
        # The gateway's converter failed and it sent what was left: contract 4.4.
        raise ArrivedEmpty("media_refused", "The gateway sent the file without its bytes.", provider_id=provider_id)
    return Accepted(provider_id, wire.address(key.get("remoteJid")), wire.moment(answer.get("messageTimestamp")))


def _quoted(quoted: QuotedRef | None) -> Fields:
    """With its text the gateway quotes what we say; an id that it does not know it would drop in silence."""
    if quoted is None:
        return {}
    key = _key(MessageKey(quoted.provider_id, quoted.address, quoted.from_me, quoted.participant))
    told: dict[str, object] = {"key": key}
    if quoted.text:
        told["message"] = {"conversation": quoted.text}
    return {"quoted": told}


def _key(target: MessageKey) -> dict[str, object]:
    key: dict[str, object] = {
        "id": target.provider_id,
        "remoteJid": jid_of(target.address),
        "fromMe": target.from_me,
    }
    return key | {"participant": jid_of(target.participant)} if target.participant else key


def jid_of(address: str) -> str:
    """Our address as WhatsApp writes it."""
    return address if "@" in address else f"{address}@s.whatsapp.net"


# --- What is done to messages -----------------------------------------------------------------------------------------


def react(gateway: GatewayAccess, target: MessageKey, emoji: str) -> None:
    """Put one emoji on a message, or take ours away (empty)."""
    _do(gateway, "POST", "message/sendReaction", {"key": _key(target), "reaction": emoji}, to=target.address)


def delete_for_everyone(gateway: GatewayAccess, target: MessageKey) -> None:
    """Take a message of ours back."""
    _do(gateway, "DELETE", "chat/deleteMessageForEveryone", _key(target), to=target.address)


def edit_text(gateway: GatewayAccess, target: MessageKey, text: str) -> None:
    """Another text, or another caption of a picture or video, for a message of ours.

    The chat is given as a JID: digits would be normalised, and then be another chat than the one that is stored.
    """
    body = {"number": jid_of(target.address), "text": text, "key": _key(target)}
    _do(gateway, "POST", "chat/updateMessage", body, to=target.address)


def mark_read(gateway: GatewayAccess, keys: Sequence[MessageKey]) -> None:
    """Blue ticks for the customer. 2.3.7 drops `@lid` keys in silence: give the phone's address where it is known."""
    if keys:
        _do(gateway, "POST", "chat/markMessageAsRead", {"readMessages": [_key(key) for key in keys]})


def send_presence(gateway: GatewayAccess, to: str, presence: PresenceShown, seconds: float = 1.0) -> None:
    """Show the customer that somebody types; blocks for as long as it is shown."""
    body = {"number": to, "presence": presence, "delay": max(MINIMUM_MS, int(seconds * 1000))}
    _do(gateway, "POST", "chat/sendPresence", body, to=to, seconds=settings.GATEWAY_SECONDS + seconds)


def _do(
    gateway: GatewayAccess, method: str, route: str, body: Fields, *, to: str = "", seconds: float | None = None
) -> object:
    """A call that may be repeated: the second time changes nothing that anybody sees."""
    asked = Asked(is_group=to.endswith("@g.us"), is_repeatable=True)
    return call(gateway, Call(method, instance_path(route, gateway), body, seconds=seconds, asked=asked))


# --- What is asked ----------------------------------------------------------------------------------------------------


def on_whatsapp(gateway: GatewayAccess, numbers: Sequence[str]) -> tuple[Known, ...]:
    """What WhatsApp says of these, in the order asked; a number that it says nothing of is left out."""
    if not numbers:
        return ()
    answer = _do(gateway, "POST", "chat/whatsappNumbers", {"numbers": list(numbers)})
    told = {known.number: known for known in map(_known, wire.items(answer))}
    return tuple(told[number] for number in numbers if number in told)


def _known(entry: object) -> Known:
    told = wire.fields(entry)
    jid, lid = wire.address(told.get("jid")), wire.address(told.get("lid"))
    return Known(
        number=wire.words(told.get("number"), limit=ID_LIMIT),
        exists=told.get("exists") is True,
        address=jid,
        lid=next((one for one in (lid, jid) if one.endswith("@lid")), ""),
        name=wire.shown(told.get("name")),
    )


def picture_url(gateway: GatewayAccess, address: str) -> str:
    """Where somebody's profile picture is now. Empty says little: none, hidden, asked too often, or not connected."""
    told = wire.fields(_do(gateway, "POST", "chat/fetchProfilePictureUrl", {"number": address}, to=address))
    return wire.web_address(told, "profilePictureUrl")


def version(gateway: GatewayAccess) -> str:
    """The gateway's, as it says it itself: `2.3.7`."""
    told = wire.words(wire.fields(call(gateway, Call("GET", "/"))).get("version"), limit=40)
    if not told:
        raise unreachable("What answers at the gateway's address tells no version.")
    return told


def can_send(version: str) -> bool:
    """2.2 or newer: older ones want other bodies (contract 4.7)."""
    found = re.match(r"v?([0-9]{1,4})\.([0-9]{1,4})", version.strip())
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_VERSION


def connection_state(gateway: GatewayAccess) -> Literal["open", "connecting", "closed"]:
    """Of this instance, now."""
    answer = wire.fields(call(gateway, Call("GET", instance_path("instance/connectionState", gateway))))
    told = wire.words(wire.fields(answer.get("instance")).get("state"), limit=20).lower()
    return _STATES.get(told, "closed")
