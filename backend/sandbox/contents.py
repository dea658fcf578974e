"""From a draft to the content WhatsApp carries: tests/contract/evolution.md 2.3, one small builder per kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.sandbox.cupboard import File, common_fields, look
from backend.sandbox.drafts import Card, Draft
from backend.sandbox.looks import Looks
from backend.sandbox.rows import Json, Media
from backend.sandbox.wire import byte_map, context_of_device, long

FAMILY = {"gif": "video", "video_note": "video", "voice": "audio", "lottie": "sticker"}
REPLY_CONTENT = {
    "buttons_reply": "buttonsResponseMessage",
    "list_reply": "listResponseMessage",
    "template_reply": "templateButtonReplyMessage",
}
WRAPPERS = {
    "ephemeral": "ephemeralMessage",
    "view_once": "viewOnceMessage",
    "view_once_v2": "viewOnceMessageV2",
    "view_once_v2_extension": "viewOnceMessageV2Extension",
}


@dataclass(frozen=True, slots=True)
class Content:
    """`context` is data.contextInfo: a dict, None, or ... (Ellipsis) when the key is absent."""

    message: Json
    message_type: str
    context: Any = ...


def build(draft: Draft, *, media: Media | None, file: File | None, context: Json | None, at: float) -> Content:
    """`context` is what the message replies to, forwards or expires by; None for none of these."""
    if draft.kind == "text":
        content = _text(draft, context)
    elif draft.kind == "unknown":
        content = Content({"messageContextInfo": context_of_device()}, "unknown")
    elif media is not None and file is not None:
        content = _file(draft, media, file, context, at)
    else:
        content = _bare(draft, context)
    return _wrapped(content, draft)


def _text(draft: Draft, context: Json | None) -> Content:
    message: Json = {"conversation": draft.text}
    if draft.from_ad:
        return Content(message, "conversation", (context or {}) | _ad())
    if not (draft.is_forwarded or draft.without_device):
        message["messageContextInfo"] = context_of_device()
    if "://" in draft.text:
        # A preview makes it an extendedTextMessage, whose contextInfo is null when it says nothing.
        return Content(message, "conversation", context)
    return Content(message, "conversation", context or ...)


def _file(draft: Draft, media: Media, file: File, context: Json | None, at: float) -> Content:
    looks, common = look(file), common_fields(media, at=at)
    message_type, fields = _FILE_BUILDERS[draft.kind](draft, common, looks, media)
    if context:
        fields["contextInfo"] = context
    if draft.kind == "lottie":
        inner = {"lottieStickerMessage": {"message": {"stickerMessage": fields}}}
        return Content(inner | {"messageContextInfo": context_of_device()}, "lottieStickerMessage")
    message = {message_type: fields, "messageContextInfo": context_of_device()}
    if message_type == "documentMessage" and draft.text:
        return Content(message, message_type)
    return Content(message, message_type, context)


def _image(draft: Draft, common: Json, looks: Looks, media: Media) -> tuple[str, Json]:
    fields: Json = {"interactiveAnnotations": [], "scanLengths": [], "annotations": [], **common}
    fields |= {"height": looks.height or 0, "width": looks.width or 0} | _caption(draft) | _preview(looks)
    if draft.wrapper.startswith("view_once"):
        fields["viewOnce"] = True
    return "imageMessage", fields


def _video(draft: Draft, common: Json, looks: Looks, media: Media) -> tuple[str, Json]:
    fields: Json = {"interactiveAnnotations": [], "annotations": [], "processedVideos": [], **common}
    fields |= {"seconds": looks.seconds or 0, "height": looks.height or 0, "width": looks.width or 0}
    fields |= _caption(draft) | _preview(looks)
    if draft.kind == "gif":
        fields |= {"gifPlayback": True, "gifAttribution": 1}
    if draft.wrapper.startswith("view_once"):
        fields["viewOnce"] = True
    return "ptvMessage" if draft.kind == "video_note" else "videoMessage", fields


def _audio(draft: Draft, common: Json, looks: Looks, media: Media) -> tuple[str, Json]:
    fields = common | {"seconds": looks.seconds or 0, "ptt": draft.kind == "voice"}
    if draft.kind == "voice":
        fields["waveform"] = byte_map(looks.waveform or bytes(64))
    return "audioMessage", fields


def _document(draft: Draft, common: Json, looks: Looks, media: Media) -> tuple[str, Json]:
    fields = common | {"title": media.file_name, "fileName": media.file_name, "contactVcard": False} | _caption(draft)
    if looks.pages:
        fields["pageCount"] = looks.pages
    return "documentMessage", fields | _preview(looks)


def _sticker(draft: Draft, common: Json, looks: Looks, media: Media) -> tuple[str, Json]:
    is_lottie = draft.kind == "lottie"
    fields = common | {"height": looks.height or 512, "width": looks.width or 512}
    fields |= {
        "isAnimated": is_lottie or looks.is_animated,
        "isLottie": is_lottie,
        "isAvatar": False,
        "isAiSticker": False,
    }
    fields["stickerSentTs"] = long(fields["mediaKeyTimestamp"]["low"] * 1000, unsigned=False)
    return "stickerMessage", fields


_FILE_BUILDERS: dict[str, Callable[[Draft, Json, Looks, Media], tuple[str, Json]]] = {
    "image": _image,
    "video": _video,
    "gif": _video,
    "video_note": _video,
    "voice": _audio,
    "audio": _audio,
    "document": _document,
    "sticker": _sticker,
    "lottie": _sticker,
}


def _bare(draft: Draft, context: Json | None) -> Content:
    """Kinds without a file."""
    if draft.kind in REPLY_CONTENT:
        name = REPLY_CONTENT[draft.kind]
        return Content({name: _reply_fields(draft) | {"contextInfo": context or {}}}, name, context or {})
    name, fields = {"location": _location, "contact": _contact, "poll": _poll}[draft.kind](draft)
    if context:
        fields["contextInfo"] = context
    return Content({name: fields, "messageContextInfo": context_of_device()}, name, context)


def _location(draft: Draft) -> tuple[str, Json]:
    fields: Json = {"degreesLatitude": draft.latitude, "degreesLongitude": draft.longitude}
    fields |= {"name": draft.place, "address": draft.address, "jpegThumbnail": byte_map(_MAP_PREVIEW)}
    return "locationMessage", fields


def _contact(draft: Draft) -> tuple[str, Json]:
    cards = [{"displayName": card.name, "vcard": vcard(card)} for card in draft.contacts]
    if len(cards) == 1:
        return "contactMessage", cards[0]
    return "contactsArrayMessage", {"contacts": cards, "displayName": f"{len(cards)} contatos"}


def _poll(draft: Draft) -> tuple[str, Json]:
    options = [{"optionName": option} for option in draft.options]
    return "pollCreationMessageV3", {"options": options, "name": draft.text, "selectableOptionsCount": 1}


def _reply_fields(draft: Draft) -> Json:
    chosen = draft.options[0] if draft.options else "1"
    if draft.kind == "buttons_reply":
        return {"selectedButtonId": chosen, "selectedDisplayText": draft.text, "type": 1}
    if draft.kind == "list_reply":
        reply = {"selectedRowId": chosen}
        return {"title": draft.text, "listType": 1, "singleSelectReply": reply, "description": draft.address}
    return {"selectedId": chosen, "selectedDisplayText": draft.text, "selectedIndex": 0}


def vcard(card: Card) -> str:
    first, _, last = card.name.partition(" ")
    shown = f"+{card.phone[:2]} {card.phone[2:4]} {card.phone[4:-4]}-{card.phone[-4:]}"
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:{last};{first};;;", f"FN:{card.name}"]
    return "\n".join([*lines, f"TEL;type=CELL;waid={card.phone}:{shown}", "END:VCARD"])


def _wrapped(content: Content, draft: Draft) -> Content:
    """2.3.7 leaves these wrappers on, and says nothing of contextInfo then."""
    wrapper = WRAPPERS.get(draft.wrapper)
    if wrapper is None:
        return content
    inner = dict(content.message)
    device = inner.pop("messageContextInfo", None) or context_of_device()
    if "conversation" in inner:
        inner = {"extendedTextMessage": {"endCardTiles": [], "text": inner["conversation"]}}
        if isinstance(content.context, dict):
            inner["extendedTextMessage"]["contextInfo"] = content.context | {"disappearingMode": {"initiator": 0}}
    return Content({"messageContextInfo": device, wrapper: {"message": inner}}, wrapper)


def _caption(draft: Draft) -> Json:
    return {"caption": draft.text} if draft.text else {}


def _preview(looks: Looks) -> Json:
    return {"jpegThumbnail": byte_map(looks.thumbnail)} if looks.thumbnail else {}


def _ad() -> Json:
    reply = {"title": "Clareamento", "body": "Agende", "mediaType": 1, "thumbnailUrl": "https://example.com/t.jpg"}
    reply |= {
        "sourceType": "ad",
        "sourceId": "120000000000",
        "sourceUrl": "https://fb.me/x",
        "containsAutoReply": False,
    }
    reply |= {"renderLargerThumbnail": True, "showAdAttribution": True, "ctwaClid": "ARxx"}
    return {
        "mentionedJid": [],
        "groupMentions": [],
        "statusAttributions": [],
        "conversionSource": "FB_Ads",
        "conversionData": byte_map(bytes(16)),
        "conversionDelaySeconds": 5,
        "externalAdReply": reply,
        "entryPointConversionSource": "ctwa_ad",
        "entryPointConversionApp": "facebook",
        "entryPointConversionDelaySeconds": 5,
    }


_MAP_PREVIEW = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
