"""Typed readers of the environment that fail loudly, with the variable's name and what is expected of it.

A secret may stand in a file: where `NAME` is not set and `NAME_FILE` is, the file's stripped text is the value.
"""

import os
from pathlib import Path

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


class WrongSetting(SystemExit):
    """Stops the start: the message names the variable and says what it should hold."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: {expected}")


def text(name: str, default: str | None = None) -> str:
    """The value of `name`, or of the file that `NAME_FILE` points to, else `default`; without one it must be set."""
    if name in os.environ:
        return os.environ[name].strip()
    if path := os.environ.get(f"{name}_FILE"):
        return _read(name, Path(path))
    if default is None:
        raise WrongSetting(name, "must be set (or NAME_FILE, a file that holds it)".replace("NAME", name))
    return default


def flag(name: str, *, default: bool) -> bool:
    """1, true, yes, on or 0, false, no, off."""
    value = text(name, "1" if default else "0").lower()
    if value in TRUE | FALSE:
        return value in TRUE
    raise WrongSetting(name, f"expected 1 or 0, found {value!r}")


def number(name: str, default: int, *, at_least: int = 0) -> int:
    """A whole number that is not below `at_least`."""
    value = text(name, str(default))
    try:
        parsed = int(value)
    except ValueError:
        raise WrongSetting(name, f"expected a whole number, found {value!r}") from None
    if parsed < at_least:
        raise WrongSetting(name, f"expected at least {at_least}, found {parsed}")
    return parsed


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def seconds(name: str, default: str) -> list[float]:
    """A comma-separated list of seconds, in the order of their use."""
    try:
        return [float(word) for word in words(name, default)]
    except ValueError:
        raise WrongSetting(name, f"expected seconds like {default}, found {text(name, default)!r}") from None


def numbers(name: str, default: dict[str, int]) -> dict[str, int]:
    """`key=number,…`: overrides for `default`; a key that is not in it is a mistake worth stopping for."""
    chosen = dict(default)
    for word in words(name):
        key, _, value = word.partition("=")
        if key not in default or not value.isdigit():
            raise WrongSetting(name, f"expected {'=N,'.join(default)}=N, found {word!r}")
        if int(value) < 1:
            raise WrongSetting(name, f"{key} must be at least 1")
        chosen[key] = int(value)
    return chosen


def _read(name: str, path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise WrongSetting(f"{name}_FILE", f"cannot read {path}: {error.strerror}") from error
