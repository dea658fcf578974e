"""Webhook bodies as Evolution posts them, made from recorded ones, and pictures to send in them."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from tests.bench.rig import Company

PAYLOADS = Path(__file__).resolve().parents[1] / "payloads"
OWN_PHONE = "5517300000000"
FIRST_SECOND = 1_795_100_000
"""2026-11-19 14:53:20 UTC."""

_text = json.loads((PAYLOADS / "001_upsert_text.json").read_bytes())


def envelope(company: Company, event: str, data: Any, *, serial: int) -> bytes:
    """A whole webhook. `serial` becomes its time, in milliseconds: it makes the body another delivery."""
    moment = datetime.fromtimestamp(FIRST_SECOND + serial / 1000, UTC)
    whole = {
        "event": event,
        "instance": company.instance,
        "data": data,
        "destination": f"https://chat.example.com.br{company.hook}",
        "date_time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sender": f"{OWN_PHONE}@s.whatsapp.net",
        "server_url": "https://evolution.example.com.br",
        "apikey": company.api_key,
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def message_data(
    key: Mapping[str, Any], message: Mapping[str, Any], *, name: str | None, at: int, kind: str = "conversation"
) -> dict[str, Any]:
    """`data` of a messages.upsert: the recorded one, with all its device lists, speaking of something else."""
    about = _text["data"]["message"]["messageContextInfo"]
    told = {
        "key": {"participant": "", "addressingMode": "pn", **key},
        "pushName": name,
        "message": {**message, "messageContextInfo": about},
        "messageType": kind,
        "messageTimestamp": at,
    }
    return {**_text["data"], **told}


def text(company: Company, phone: str, words: str, *, provider_id: str, serial: int) -> bytes:
    """A customer writes."""
    key = {"id": provider_id, "remoteJid": f"{phone}@s.whatsapp.net", "fromMe": False}
    data = message_data(key, {"conversation": words}, name=f"Cliente {phone[-4:]}", at=FIRST_SECOND + serial // 1000)
    return envelope(company, "messages.upsert", data, serial=serial)


def jpeg(width: int, height: int, *, noise: int, quality: int) -> bytes:
    """A picture with something in it: noise, softened as a lens does it."""
    small = [Image.effect_noise((width // 2, height // 2), noise) for _ in range(3)]
    image = Image.merge("RGB", small).resize((width, height), Image.Resampling.BILINEAR)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def another(picture: bytes, number: int) -> bytes:
    """The same JPEG with a comment in it: other bytes, another digest, the same work."""
    comment = f"picture {number}".encode()
    return picture[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + picture[2:]


def padded_mp4(video: bytes, size_bytes: int) -> bytes:
    """The video with a `free` box behind it, as large as asked for."""
    missing = size_bytes - len(video)
    return video + missing.to_bytes(4, "big") + b"free" + bytes(missing - 8)


def photo() -> bytes:
    """As WhatsApp sends them: 1200 × 1600, about 200 KB."""
    return jpeg(1200, 1600, noise=20, quality=50)
