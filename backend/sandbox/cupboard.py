"""The files on WhatsApp's media host: sealed with a fresh key, kept beside the database with their plain twin."""

import hashlib
import secrets
from dataclasses import dataclass

from backend.sandbox.cipher import seal
from backend.sandbox.looks import Looks, look_at
from backend.sandbox.rows import Json, Media
from backend.sandbox.store import Store
from backend.sandbox.wire import CDN, byte_map, long

KEPT_SECONDS = 14 * 24 * 3600
KEY_KINDS = {"image": "Image", "sticker": "Image", "video": "Video", "audio": "Audio"}


@dataclass(frozen=True, slots=True)
class File:
    """Bytes on their way into a message."""

    data: bytes
    mimetype: str
    name: str = ""


def put(store: Store, instance: str, *, file: File, family: str) -> Media:
    """Seals and keeps `file`; `family` is image, video, audio, document or sticker."""
    media_id, key, kind = secrets.token_hex(12), secrets.token_bytes(32), KEY_KINDS.get(family, "Document")
    sealed = seal(file.data, media_key=key, kind=kind)
    (store.media_dir / f"{media_id}.enc").write_bytes(sealed.body)
    (store.media_dir / f"{media_id}.plain").write_bytes(file.data)
    facts = {
        "id": media_id,
        "instance": instance,
        "kind": kind,
        "mimetype": file.mimetype,
        "file_name": file.name,
        "size_bytes": len(file.data),
        "sha256": hashlib.sha256(file.data).hexdigest(),
        "enc_sha256": sealed.enc_sha256.hex(),
        "key": key.hex(),
        "path": f"/v/t62.7118-24/{media_id}_n.enc",
    }
    return store.save_media(Media.model_validate(facts))


def plain(store: Store, media: Media) -> bytes:
    return (store.media_dir / f"{media.id}.plain").read_bytes()


def common_fields(media: Media, *, at: float) -> Json:
    """What every media content holds, in the wire form of 2.3.7. `oe` is the expiry, hex seconds."""
    query = f"ccb=11-4&oh=01_Q5Aa2_{media.id[:12]}&oe={int(at) + KEPT_SECONDS:08X}&_nc_sid=5e03e0"
    direct_path = f"{media.path}?{query}"
    return {
        "url": f"{CDN}{direct_path}&mms3=true",
        "mimetype": media.mimetype,
        "fileSha256": byte_map(bytes.fromhex(media.sha256)),
        "fileLength": long(media.size_bytes),
        "mediaKey": byte_map(bytes.fromhex(media.key)),
        "fileEncSha256": byte_map(bytes.fromhex(media.enc_sha256)),
        "directPath": direct_path,
        "mediaKeyTimestamp": long(int(at), unsigned=False),
    }


def look(file: File) -> Looks:
    return look_at(file.data, mimetype=file.mimetype)
