"""getBase64FromMediaMessage: tests/contract/evolution.md 2.5."""

import asyncio
import base64
import mimetypes
from urllib.parse import urlsplit

from backend.sandbox import cupboard, transcoding
from backend.sandbox.answers import bad_request
from backend.sandbox.rows import Instance, Json
from backend.sandbox.wire import read_bytes
from backend.sandbox.world import World

RETRY_SECONDS = 5.0
UNWRAPPED = ("ephemeralMessage", "documentWithCaptionMessage", "viewOnceMessage", "viewOnceMessageV2")
MEDIA_CONTENT = ("imageMessage", "documentMessage", "audioMessage", "videoMessage", "stickerMessage", "ptvMessage")
# As the npm package mime-types names them, where Python's mimetypes differs.
EXTENSIONS = {"image/jpeg": "jpeg", "audio/ogg": "oga", "audio/mpeg": "mpga", "video/mp4": "mp4", "audio/mp4": "m4a"}


async def as_base64(world: World, instance: Instance, body: Json) -> Json:
    """By key.id from the gateway's own records, or from a whole `{key, message}` sent back."""
    asked = body.get("message") or {}
    message_id = str((asked.get("key") or {}).get("id", ""))
    content = asked.get("message")
    if not isinstance(content, dict):
        known = world.store.message(instance.name, message_id)
        if known is None or known.is_hidden:
            raise bad_request("Message not found")
        content = known.data["message"]
    message_type, fields = _media_of(content)
    data = await _download(world, fields)
    mimetype = str(fields["mimetype"])
    if message_type == "audioMessage" and body.get("convertToMp4"):
        data, mimetype = await asyncio.to_thread(transcoding.to_mp4_audio, data), "audio/mp4"
    size = {name: fields[name] for name in ("fileLength", "height", "width") if name in fields}
    return {
        "mediaType": message_type,
        "fileName": fields.get("fileName") or f"{message_id}.{_extension(mimetype)}",
        **({"caption": fields["caption"]} if fields.get("caption") else {}),
        "size": size,
        "mimetype": mimetype,
        "base64": base64.b64encode(data).decode(),
        "buffer": None,
    }


def _media_of(content: Json) -> tuple[str, Json]:
    for wrapper in UNWRAPPED:
        if wrapper in content:
            content = content[wrapper].get("message") or {}
    for name in MEDIA_CONTENT:
        if isinstance(content.get(name), dict):
            return name, content[name]
    raise bad_request("The message is not of the media type")


async def _download(world: World, fields: Json) -> bytes:
    """From the media host, with its faults if they are also the gateway's; tried twice with five seconds between."""
    media = world.store.media_at(urlsplit(str(fields.get("directPath", ""))).path)
    trouble = world.dice.of(media.instance).media if media else None
    is_failing = trouble is not None and trouble.also_gateway and world.dice.media(media.instance if media else "")
    if media is None or is_failing or read_bytes(fields.get("mediaKey")).hex() != media.key:
        await world.clock.wait(RETRY_SECONDS)
        raise bad_request("TypeError: fetch failed")
    return cupboard.plain(world.store, media)


def _extension(mimetype: str) -> str:
    kind = mimetype.partition(";")[0].strip()
    return EXTENSIONS.get(kind) or (mimetypes.guess_extension(kind) or ".bin").lstrip(".")
