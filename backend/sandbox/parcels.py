"""The bodies of /message/* made into parcels: tests/contract/evolution.md 4.3 and 4.4."""

import asyncio
import mimetypes
import re
import time
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import httpx

from backend.sandbox import answers, cupboard, transcoding
from backend.sandbox.answers import GatewayError, bad_request, bare, require
from backend.sandbox.contents import Content
from backend.sandbox.cupboard import File
from backend.sandbox.rows import Instance, Json
from backend.sandbox.sending import Parcel, file_of
from backend.sandbox.wire import byte_map
from backend.sandbox.world import World

NOT_MEDIA = "Owned media must be a url or base64"
NOT_AUDIO = "Owned media must be a url, base64, or valid file with buffer"
MEDIA_TYPES = ("image", "document", "video", "audio")
# A small image has no /etc/mime.types: what agents send most must not become "false".
OFFICE = "application/vnd.openxmlformats-officedocument"
for kind, ending in (
    ("image/webp", ".webp"),
    ("image/heic", ".heic"),
    ("audio/ogg", ".ogg"),
    ("audio/mp4", ".m4a"),
    ("text/csv", ".csv"),
    (f"{OFFICE}.wordprocessingml.document", ".docx"),
    (f"{OFFICE}.spreadsheetml.sheet", ".xlsx"),
    (f"{OFFICE}.presentationml.presentation", ".pptx"),
):
    mimetypes.add_type(kind, ending)


def text(body: Json) -> Parcel:
    require(body, "number", "text")
    answers.check_common(body)
    if not str(body["text"]).strip():
        raise bad_request("Text is required")
    return Parcel("text", Content({"conversation": body["text"]}, "conversation"), body["text"])


async def media(world: World, instance: Instance, body: Json, upload: File | None) -> Parcel:
    """image, video, document or audio file. The file's name decides the mimetype, and overrides the field."""
    require(body, "number", "mediatype")
    answers.check_common(body)
    family = body["mediatype"]
    if family not in MEDIA_TYPES:
        raise bad_request([f"mediatype is not one of enum values: {','.join(MEDIA_TYPES)}"])
    source = body.get("media")
    if upload is None and (source is None or not (answers.is_url(source) or answers.is_base64(source))):
        raise bad_request(NOT_MEDIA)
    if upload is None and not answers.is_url(source) and family == "document" and not body.get("fileName"):
        raise bad_request("For base64 the file name must be informed.")
    data = upload.data if upload else await _bytes_of(world, str(source), is_axios=family == "image")
    name = _file_name(body, family, str(source or ""), upload)
    file = File(data, mimetypes.guess_type(name)[0] or "false", name)
    return await _media_parcel(world, instance, family, file, str(body.get("caption") or ""))


async def _media_parcel(world: World, instance: Instance, family: str, file: File, caption: str) -> Parcel:
    if family == "image":
        jpeg = await asyncio.to_thread(transcoding.to_jpeg, file.data)
        if jpeg is None:
            raise GatewayError(500, ["Error: Input buffer contains unsupported image format"])
        file = File(jpeg, file.mimetype, file.name)
    looks = await asyncio.to_thread(cupboard.look, file)
    kept = file_of(world, instance, file, family)
    common = cupboard.common_fields(kept, at=world.clock.now())
    extra = {"caption": caption} if caption else {}
    if family == "image":
        fields: Json = {"interactiveAnnotations": [], "scanLengths": [], "annotations": [], **common, **extra}
        fields |= {"height": looks.height, "width": looks.width, "jpegThumbnail": byte_map(looks.thumbnail or b"")}
    elif family == "video":
        fields = {"interactiveAnnotations": [], "annotations": [], "processedVideos": [], **common, **extra}
        fields |= {"gifPlayback": False}
    elif family == "document":
        fields = common | {"fileName": file.name} | extra
    else:
        fields = common | ({"seconds": looks.seconds} if looks.seconds else {})
    name = f"{family}Message"
    return Parcel(family, Content({name: fields}, name), caption, kept)


async def voice(world: World, instance: Instance, body: Json, upload: File | None) -> Parcel:
    """A voice note. With `encoding` false the bytes go as they are and the URL is left alone."""
    require(body, "number")
    answers.check_common(body)
    source = body.get("audio")
    if upload is None and (source is None or not (answers.is_url(source) or answers.is_base64(source))):
        raise bad_request(NOT_AUDIO)
    # In multipart `encoding=false` is a text, and a text is true: contract 4.4.
    is_encoded = body.get("encoding", True) is not False
    data = upload.data if upload else await _bytes_of(world, str(source), is_stamped=is_encoded, is_axios=True)
    if is_encoded:
        data = await asyncio.to_thread(transcoding.to_voice, data)
    file = File(data, "audio/ogg; codecs=opus")
    looks = await asyncio.to_thread(cupboard.look, file)
    kept = file_of(world, instance, file, "audio")
    fields = cupboard.common_fields(kept, at=world.clock.now()) | {"ptt": True}
    if looks.seconds:
        fields["seconds"] = looks.seconds
    return Parcel("voice", Content({"audioMessage": fields}, "audioMessage"), media=kept)


async def sticker(world: World, instance: Instance, body: Json, upload: File | None) -> Parcel:
    """Converted to WebP unless `notConvertSticker`."""
    require(body, "number")
    answers.check_common(body)
    source = body.get("sticker")
    if upload is None and (source is None or not (answers.is_url(source) or answers.is_base64(source))):
        raise bad_request(NOT_MEDIA)
    is_converted = not body.get("notConvertSticker")
    data = upload.data if upload else await _bytes_of(world, str(source), is_stamped=is_converted, is_axios=True)
    webp = await asyncio.to_thread(transcoding.to_webp, data) if is_converted else data
    if webp is None:
        raise bare(500, "Input buffer contains unsupported image format")
    kept = file_of(world, instance, File(webp, "image/webp"), "sticker")
    fields = cupboard.common_fields(kept, at=world.clock.now())
    return Parcel("sticker", Content({"stickerMessage": fields}, "stickerMessage"), media=kept)


def location(body: Json) -> Parcel:
    require(body, "number", "latitude", "longitude", "name", "address")
    answers.check_common(body)
    fields = {"degreesLatitude": body["latitude"], "degreesLongitude": body["longitude"]}
    fields |= {"name": body["name"], "address": body["address"]}
    extra = {
        "latitude": body["latitude"],
        "longitude": body["longitude"],
        "place": body["name"],
        "address": body["address"],
    }
    return Parcel("location", Content({"locationMessage": fields}, "locationMessage"), extra=extra)


def contact(body: Json) -> Parcel:
    require(body, "number", "contact")
    answers.check_common(body)
    cards = [{"displayName": card.get("fullName", ""), "vcard": _vcard(card)} for card in body["contact"]]
    shown = [{"name": card.get("fullName", ""), "phone": card.get("phoneNumber", "")} for card in body["contact"]]
    if len(cards) == 1:
        return Parcel("contact", Content({"contactMessage": cards[0]}, "contactMessage"), extra={"contacts": shown})
    many: Json = {"displayName": f"{len(cards)} contacts", "contacts": cards}
    return Parcel("contact", Content({"contactsArrayMessage": many}, "contactsArrayMessage"), extra={"contacts": shown})


def reaction(body: Json) -> Parcel:
    require(body, "key", "reaction")
    require(body["key"], "id", "remoteJid", "fromMe", of="key")
    emoji = body["reaction"]
    if not isinstance(emoji, str) or (emoji and not _is_emoji(emoji)):
        raise bad_request("Reaction must be a single emoji or empty string")
    fields = {"text": emoji, "key": body["key"], "senderTimestampMs": int(time.time() * 1000)}
    return Parcel(
        "reaction", Content({"reactionMessage": fields}, "reactionMessage"), emoji, quoted_id=str(body["key"]["id"])
    )


def poll(body: Json) -> Parcel:
    require(body, "number", "name", "selectableCount", "values")
    answers.check_common(body)
    if len(body["values"]) < 2:
        raise bad_request(["values does not meet minimum length of 2"])
    options = [{"optionName": value} for value in body["values"]]
    fields = {"name": body["name"], "selectableOptionsCount": body["selectableCount"], "options": options}
    message = {"messageContextInfo": {"messageSecret": byte_map(bytes(32))}, "pollCreationMessageV3": fields}
    return Parcel("poll", Content(message, "pollCreationMessageV3"), body["name"], extra={"options": body["values"]})


async def _bytes_of(world: World, source: str, *, is_stamped: bool = False, is_axios: bool = False) -> bytes:
    """Base64, or a HEAD and a GET, which must agree; `is_stamped` adds the timestamp that breaks signed URLs
    (contract 4.4)."""
    if not answers.is_url(source):
        return answers.decode(source)
    if is_stamped:
        source += f"{'&' if '?' in source else '?'}timestamp={int(time.time() * 1000)}"
    try:
        async with _client(world) as client:
            answer = await _asked(client, source, "axios/1.13.2" if is_axios else "node")
    except httpx.HTTPError as error:
        reason = f"getaddrinfo EAI_AGAIN {urlsplit(source).hostname}"
        raise (bare(500, reason) if is_stamped else GatewayError(500, [f"Error: {reason}"])) from error
    if answer.is_success:
        return answer.content
    if not is_axios:
        raise GatewayError(500, [f"Error: Failed to fetch stream from {source}"])
    if is_stamped:
        raise bare(answer.status_code, f"Request failed with status code {answer.status_code}")
    raise GatewayError(500, [f"AxiosError: Request failed with status code {answer.status_code}"])


async def _asked(client: httpx.AsyncClient, source: str, agent: str) -> httpx.Response:
    """The answer to the GET, or to the HEAD before it where that refused or announced another length."""
    headers = {"User-Agent": agent, "Accept-Encoding": "identity"}
    head = await client.head(source, headers=headers)
    if not head.is_success:
        return head
    answer = await client.get(source, headers=headers)
    announced = head.headers.get("Content-Length", "")
    if answer.is_success and announced and int(announced) != len(answer.content):
        return httpx.Response(502, request=answer.request)
    return answer


def _client(world: World) -> httpx.AsyncClient:
    """Evolution sets no timeout on its downloads: contract 4.4."""
    return httpx.AsyncClient(transport=world.transport, follow_redirects=True, timeout=None, trust_env=False)


def _file_name(body: Json, family: str, source: str, upload: File | None) -> str:
    """The given name; else what Evolution makes up: image.jpg, video.mp4, the URL's last segment without its ending."""
    if body.get("fileName"):
        return str(body["fileName"])
    if family == "image":
        return "image.jpg"
    if family == "video":
        return "video.mp4"
    if upload is not None and upload.name:
        return upload.name
    return PurePosixPath(urlsplit(source).path).stem if answers.is_url(source) else family


def _vcard(card: Json) -> str:
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:{card.get('fullName', '')}", f"FN:{card.get('fullName', '')}"]
    for field, label in (("organization", "ORG:{};"), ("email", "EMAIL:{}"), ("url", "URL:{}")):
        if card.get(field):
            lines.append(label.format(card[field]))
    digits = card.get("wuid") or re.sub(r"\D", "", str(card.get("phoneNumber", "")))
    lines.append(f"item1.TEL;waid={digits}:{card.get('phoneNumber', '')}")
    return "\n".join([*lines, "item1.X-ABLabel:Celular", "END:VCARD"])


def _is_emoji(value: str) -> bool:
    """One emoji: symbols and what joins them, not more than a family needs."""
    symbols = [c for c in value if unicodedata.category(c) == "So"]
    others = {unicodedata.category(c) for c in value if c not in symbols}
    is_flag = len(symbols) == 2 and all("\U0001f1e6" <= c <= "\U0001f1ff" for c in symbols)
    return others <= {"Mn", "Me", "Cf", "Sk"} and 1 <= len(symbols) <= 1 + value.count("\u200d") + is_flag
