"""Cursors of lists that are sorted by a moment and an id: opaque to callers, checked when they come back."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

from backend.lib.errors import Refused


def encode(moment: datetime | None, key: UUID) -> str:
    """URL-safe text that names a place in the list."""
    assert moment is not None
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{key}".encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[datetime, UUID]:
    """Raises Refused("bad_cursor"), which is a 400."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, key = text.partition("|")
        parsed = datetime.fromisoformat(moment)
        if parsed.tzinfo is None:
            raise ValueError("a moment without its zone")
        return parsed, UUID(key)
    except (ValueError, binascii.Error, UnicodeDecodeError):
        raise Refused("bad_cursor", "This cursor is not one of ours.", status=400) from None
