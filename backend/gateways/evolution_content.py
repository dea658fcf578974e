"""What stands inside `message`: its kind, its words, its file. tests/contract/evolution.md 2.3."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from backend.gateways import evolution_wire as wire
from backend.gateways.base import MediaKind, MediaOffer, MessageKind, Quote
from backend.gateways.evolution_files import offer
from backend.gateways.evolution_wire import Fields

MAX_WRAPPERS = 12
DATA_TEXT_LIMIT = 2_000
LIST_LIMIT = 256
Data = dict[str, JsonValue]

WRAPPERS = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "lottieStickerMessage",
    "editedMessage",
    "deviceSentMessage",
    "groupMentionedMessage",
    "botInvokeMessage",
    "associatedChildMessage",
)
NOT_CONTENT = frozenset({"messageContextInfo", "base64", "mediaUrl", "speechToText", "senderKeyDistributionMessage"})


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says. `type` is the provider's name for it, empty when there is none."""

    type: str
    kind: MessageKind
    text: str = ""
    data: Data = field(default_factory=dict)
    media: MediaOffer | None = None
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class Inner:
    """A message out of its wrappers."""

    message: Fields
    is_view_once: bool


def unwrap(message: Fields) -> Inner:
    """Descend while a known wrapper holds a message."""
    is_view_once = False
    for _ in range(MAX_WRAPPERS):
        wrapper = next((name for name in WRAPPERS if wire.fields(wire.fields(message.get(name)).get("message"))), "")
        if not wrapper:
            break
        is_view_once = is_view_once or wrapper.startswith("viewOnce")
        message = wire.fields(wire.fields(message[wrapper]).get("message"))
    return Inner(message, is_view_once)


def says_nothing(message: Fields) -> bool:
    """There is no content at all, or a text without letters."""
    inner = unwrap(message).message
    told = {name for name, value in inner.items() if value not in (None, "", {}, [])}
    return not told or (told == {"messageContextInfo"} and "conversation" in inner)


def read(message: Fields, *, outer_context: object = None) -> Content:
    """The content of a provider's `message`. `outer_context` is the contextInfo that stands beside it."""
    inner = unwrap(message)
    content, body = _read_inner(inner.message)
    if content.media is not None:
        content = replace(content, media=_reachable(content.media, message, inner))
    contexts = (wire.fields(body.get("contextInfo")), wire.fields(outer_context))
    data = content.data | _context_data(contexts)
    if inner.is_view_once or (content.media and content.media.is_view_once):
        data["view_once"] = True
    return replace(content, data=data, quote=content.quote or _quote(contexts))


def _read_inner(message: Fields) -> tuple[Content, Fields]:
    """The content, and the object that it stands in."""
    if text := wire.words(message.get("conversation")):
        return Content("conversation", "text", text), {}
    for name, reader in _READERS.items():
        if body := wire.fields(message.get(name)):
            return reader(name, body), body
    unknown = next((key for key, value in message.items() if value and key not in NOT_CONTENT), "")
    body = wire.fields(message.get(unknown))
    return _unsupported(unknown, body), body


def _reachable(told: MediaOffer, message: Fields, inner: Inner) -> MediaOffer:
    """With the ways to the bytes that stand beside the content: mediaUrl, base64."""
    holders = (message, inner.message)
    url = next((found for holder in holders if (found := wire.words(holder.get("mediaUrl"), limit=8_000))), "")
    inline = next((text for holder in holders if isinstance(text := holder.get("base64"), str) and text), None)
    return replace(
        told,
        media_url=url if url.startswith(("https://", "http://")) else "",
        inline_base64=inline,
        is_view_once=told.is_view_once or inner.is_view_once,
    )


# --- One reader for each kind --------------------------------------------------------------------------------------


def _short(value: object) -> str:
    return wire.words(value, limit=DATA_TEXT_LIMIT)


def _known(**values: JsonValue) -> Data:
    """Only what is there."""
    return {name: value for name, value in values.items() if value not in (None, "", [], False)}


def _text(name: str, body: Fields) -> Content:
    link: Data = {}
    if url := wire.first_words(body, "canonicalUrl", "matchedText", limit=DATA_TEXT_LIMIT):
        link = {"link": _known(url=url, title=_short(body.get("title")), description=_short(body.get("description")))}
    return Content(name, "text", wire.words(body.get("text")), link)


def _media(kind: MediaKind) -> Callable[[str, Fields], Content]:
    def reader(name: str, body: Fields) -> Content:
        actual: MediaKind = "voice" if kind == "audio" and wire.flag(body.get("ptt")) else kind
        data = _known(gif=wire.flag(body.get("gifPlayback")), round=name == "ptvMessage", lottie=_is_lottie(body))
        return Content(name, actual, wire.words(body.get("caption")), data, offer(actual, body))

    return reader


def _is_lottie(body: Fields) -> bool:
    return wire.flag(body.get("isLottie")) or body.get("mimetype") == "application/was"


def _location(name: str, body: Fields) -> Content:
    latitude, longitude = wire.decimal(body.get("degreesLatitude")), wire.decimal(body.get("degreesLongitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return _unsupported(name, body)
    data = _known(
        name=_short(body.get("name")),
        address=_short(body.get("address")),
        url=_short(body.get("url")),
        live=name == "liveLocationMessage",
    )
    text = wire.first_words(body, "caption", "name")
    where: Data = {"latitude": latitude, "longitude": longitude}
    return Content(name, "location", text, where | data)


def _contact(name: str, body: Fields) -> Content:
    return Content(name, "contact", _short(body.get("displayName")), {"contacts": [_card(body)]})


def _contacts(name: str, body: Fields) -> Content:
    cards: list[JsonValue] = [_card(wire.fields(card)) for card in wire.items(body.get("contacts"))[:LIST_LIMIT]]
    return Content(name, "contact", _short(body.get("displayName")), {"contacts": cards})


def _card(body: Fields) -> Data:
    """`{name, phones}`: the phone is WhatsApp's own (`waid=`) where the card tells it, else the number as written."""
    phones: list[JsonValue] = []
    for line in wire.words(body.get("vcard")).splitlines():
        label, colon, number = line.partition(":")
        if colon and "TEL" in label.upper().partition(";")[0]:
            _, waid, digits = label.partition("waid=")
            phones.append(digits.partition(";")[0] if waid else number.strip())
    return {"name": _short(body.get("displayName")), "phones": phones[:LIST_LIMIT]}


def _poll(name: str, body: Fields) -> Content:
    options: list[JsonValue] = [
        option
        for entry in wire.items(body.get("options"))[:LIST_LIMIT]
        if (option := _short(wire.fields(entry).get("optionName")))
    ]
    data: Data = {"options": options, "selectable": wire.whole(body.get("selectableOptionsCount")) or 0}
    return Content(name, "poll", wire.words(body.get("name")), data)


def _vote(name: str, body: Fields) -> Content:
    """A vote that the gateway could decrypt is an answer like any other; it quotes its poll."""
    options = wire.items(wire.fields(body.get("vote")).get("selectedOptions"))
    chosen = [_short(option) for option in options[:LIST_LIMIT]]
    text = ", ".join(option for option in chosen if option)
    if not text:
        return _unsupported(name, body)
    poll = wire.words(wire.fields(body.get("pollCreationMessageKey")).get("id"), limit=120)
    return Content(name, "text", text, {"vote": [*chosen]}, quote=Quote(poll, "poll", "") if poll else None)


def _answer(*texts: str, choice: str) -> Callable[[str, Fields], Content]:
    def reader(name: str, body: Fields) -> Content:
        chosen = _short(body.get(choice)) or _short(wire.fields(body.get("singleSelectReply")).get("selectedRowId"))
        text = wire.first_words(body, *texts) or chosen
        data = _known(choice=chosen, description=_short(body.get("description")))
        return Content(name, "text", text, data) if text else _unsupported(name, body)

    return reader


def _flow_answer(name: str, body: Fields) -> Content:
    flow = wire.fields(body.get("nativeFlowResponseMessage"))
    text = wire.words(wire.fields(body.get("body")).get("text")) or _short(flow.get("name"))
    data = _known(flow=_short(flow.get("name")), params=_short(flow.get("paramsJson")))
    return Content(name, "text", text, data) if text else _unsupported(name, body)


def _offered(name: str, body: Fields) -> Content:
    """Buttons and lists that a business sent: their words, since nobody here presses them."""
    hydrated = wire.fields(body.get("hydratedTemplate")) or wire.fields(body.get("hydratedFourRowTemplate"))
    text = (
        wire.first_words(body, "contentText", "description", "title", "text")
        or wire.words(hydrated.get("hydratedContentText"))
        or wire.words(wire.fields(body.get("body")).get("text"))
        or wire.words(wire.fields(wire.fields(body.get("interactiveMessageTemplate")).get("body")).get("text"))
    )
    return Content(name, "text", text) if text else _unsupported(name, body)


def _unsupported(name: str, body: Fields) -> Content:
    """Nobody knows this one: a bubble that says so, with the words that it has; the raw content is in `source`."""
    words = wire.first_words(body, "caption", "name", "groupName", "title", "orderTitle", "text", "description")
    return Content(name, "unsupported", words, _known(type=name[:100]))


def _with_words(name: str, body: Fields) -> Content:
    return _unsupported(name, wire.fields(body.get("product")) or body)


_READERS: dict[str, Callable[[str, Fields], Content]] = {
    "extendedTextMessage": _text,
    "imageMessage": _media("image"),
    "videoMessage": _media("video"),
    "ptvMessage": _media("video"),
    "audioMessage": _media("audio"),
    "documentMessage": _media("document"),
    "stickerMessage": _media("sticker"),
    "locationMessage": _location,
    "liveLocationMessage": _location,
    "contactMessage": _contact,
    "contactsArrayMessage": _contacts,
    "pollCreationMessage": _poll,
    "pollCreationMessageV2": _poll,
    "pollCreationMessageV3": _poll,
    "pollCreationMessageV5": _poll,
    "pollUpdateMessage": _vote,
    "buttonsResponseMessage": _answer("selectedDisplayText", choice="selectedButtonId"),
    "templateButtonReplyMessage": _answer("selectedDisplayText", choice="selectedId"),
    "listResponseMessage": _answer("title", "description", choice="selectedRowId"),
    "interactiveResponseMessage": _flow_answer,
    "buttonsMessage": _offered,
    "listMessage": _offered,
    "templateMessage": _offered,
    "interactiveMessage": _offered,
    "eventMessage": _with_words,
    "groupInviteMessage": _with_words,
    "productMessage": _with_words,
    "orderMessage": _with_words,
}


# --- What stands around the content -------------------------------------------------------------------------------


def _quote(contexts: tuple[Fields, ...]) -> Quote | None:
    for context in contexts:
        if provider_id := wire.words(context.get("stanzaId"), limit=120):
            quoted = wire.fields(context.get("quotedMessage"))
            told = _read_inner(unwrap(quoted).message)[0] if quoted else Content("", "text")
            return Quote(provider_id, told.kind, told.text[:DATA_TEXT_LIMIT])
    return None


def _context_data(contexts: tuple[Fields, ...]) -> Data:
    context: Fields = next((one for one in contexts if one), {})
    ad = wire.fields(context.get("externalAdReply"))
    mentions = wire.addresses(*wire.items(context.get("mentionedJid"))[:LIST_LIMIT])
    return _known(
        forwarded=wire.flag(context.get("isForwarded")),
        disappears_after=wire.amount(context.get("expiration")),
        mentions=[*mentions],
        ad=_known(
            title=_short(ad.get("title")),
            body=_short(ad.get("body")),
            source_url=_short(ad.get("sourceUrl")),
            source_id=_short(ad.get("sourceId")),
        )
        or None,
    )
