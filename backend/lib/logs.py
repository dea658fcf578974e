"""Log lines an operator can act on: a constant message, then the facts of `extra=` as `name=value`."""

import logging
import re

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


DETAIL = re.compile(r"^DETAIL: .*$", re.MULTILINE)
"""PostgreSQL tells the offending values here, a whole phone number among them."""


class FactsFormatter(logging.Formatter):
    """`2026-11-20T08:46:59 INFO backend.chat.tasks [STORAGE] attachment ready attachment_id=… size_bytes=84211`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        facts = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line = super().formatMessage(record)
        return " ".join([line, *(f"{name}={value}" for name, value in facts.items())])

    def format(self, record: logging.LogRecord) -> str:
        return DETAIL.sub("DETAIL: (not logged)", super().format(record))
