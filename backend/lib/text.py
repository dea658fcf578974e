"""Text that comes from outside, made fit for our rows."""

import re
import unicodedata

_SURROGATES = re.compile("[\ud800-\udfff]")
_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def clean(value: str, *, limit: int | None = None) -> str:
    """Without NUL and lone surrogates (PostgreSQL and UTF-8 refuse them), at most `limit` characters."""
    kept = _SURROGATES.sub("\ufffd", value.replace("\x00", ""))
    return kept if limit is None else kept[:limit]


def shown_name(value: str, *, limit: int = 255) -> str:
    """A file name to show people: no path, no control or direction marks, the ending kept when it must be cut."""
    name = clean(value).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp"}).strip(" .")
    if len(name) <= limit:
        return name
    stem, dot, ending = name.rpartition(".")
    return name[:limit] if not dot or len(ending) > 16 else f"{stem[: limit - len(ending) - 1]}.{ending}"


def safe_name(value: str, *, limit: int = 80) -> str:
    """A file name for a storage key: ASCII letters, digits and `. _ -` only, never empty."""
    ascii_name = unicodedata.normalize("NFKD", shown_name(value)).encode("ascii", "ignore").decode()
    stem, dot, ending = _UNSAFE_IN_NAMES.sub("_", ascii_name).rpartition(".")
    if not dot:
        return ending.strip("._")[:limit] or "file"
    ending = ending.strip("._")[:12] or "bin"
    return f"{stem.strip('._')[: limit - len(ending) - 1] or 'file'}.{ending}"
