"""Where the bytes of files lie when they are near: `media:{hash}` and what begins with it."""


def key_of(media_hash: str, name: str = "") -> str:
    """`media:{hash}` for the file itself, `media:{hash}:{name}` for its thumbnail and renditions."""
    return f"media:{media_hash}:{name}" if name else f"media:{media_hash}"
