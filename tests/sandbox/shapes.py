"""Two JSON values have the same shape when keys and types agree, and the forms of bytes and 64-bit integers too."""

from typing import Any


def differences(expected: Any, found: Any, *, path: str = "$", optional: frozenset[str] = frozenset()) -> list[str]:
    """One line per difference; keys named in `optional` may be there or not."""
    if _kind(expected) != _kind(found):
        return [f"{path}: expected {_kind(expected)}, found {_kind(found)}"]
    if _kind(expected) == "object":
        expected, found = _nameless(expected), _nameless(found)
        lines = []
        for key in sorted((expected.keys() ^ found.keys()) - optional):
            lines.append(f"{path}.{key}: {'missing' if key in expected else 'not expected'}")
        for key in sorted(expected.keys() & found.keys()):
            lines += differences(expected[key], found[key], path=f"{path}.{key}", optional=optional)
        return lines
    if _kind(expected) == "list":
        if bool(expected) != bool(found):
            return [f"{path}: expected {len(expected)} items, found {len(found)}"]
        pairs = zip(expected, found, strict=False)
        return [line for a, b in pairs for line in differences(a, b, path=f"{path}[]", optional=optional)]
    return []


def _nameless(value: dict[str, Any]) -> dict[str, Any]:
    """Keys that are addresses are not part of a shape."""
    return {"<jid>" if "@" in key else key: item for key, item in value.items()}


def _kind(value: Any) -> str:
    if isinstance(value, dict) and value and all(key.isdigit() for key in value):
        return "bytes"
    if isinstance(value, dict) and value.keys() == {"low", "high", "unsigned"}:
        return "unsigned long" if value["unsigned"] else "long"
    if isinstance(value, dict):
        return "object"
    return "number" if type(value) is float else type(value).__name__
