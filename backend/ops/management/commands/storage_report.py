"""`python manage.py storage_report [--json] [--check]`: what files take up, what sharing saves, what goes next."""

import json
from argparse import ArgumentParser
from dataclasses import asdict, fields, replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.chat import ledger
from backend.chat.ledger import Line
from backend.lib.errors import ChatError
from backend.media import tally
from backend.media.cache import media_cache

HEADINGS = ("tenant", "kind", "files", "objects", "bytes", "saved", "7d files", "7d bytes")


class Command(BaseCommand):
    help = (
        "Bytes by tenant and kind, what sharing has saved, cache hits of the last 7 days, and what expires in 7 days."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for scripts")
        parser.add_argument(
            "--check", action="store_true", help="compare with a listing of the storage, which takes a while"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        lines = ledger.lines()
        total, near = ledger.total(lines), tally.read()
        cache = {
            "hits": near.hits,
            "misses": near.misses,
            "hit_rate": near.rate,
            "bytes": media_cache().shelf.bytes_used(),
        }
        told: dict[str, Any] = {"lines": [asdict(line) for line in lines], "total": asdict(total), "cache": cache}
        if options["check"]:
            told["listed_bytes"] = _listed()
        self.stdout.write(
            json.dumps(told) if options["json"] else _table(told, [*lines, replace(total, tenant="total")])
        )


def _listed() -> int:
    try:
        return ledger.listed_bytes()
    except ChatError as error:
        raise CommandError(f"{error.code}: {error.detail}") from error


def _table(told: dict[str, Any], lines: list[Line]) -> str:
    rows = [HEADINGS, *(tuple(str(getattr(line, one.name)) for one in fields(line)) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    text = ["  ".join(_cell(cell, column, widths[column]) for column, cell in enumerate(row)).rstrip() for row in rows]
    near = told["cache"]
    rate = (
        "nobody asked yet" if near["hit_rate"] is None else f"{near['hit_rate']} % of {near['hits'] + near['misses']}"
    )
    text.append(f"\nfound nearby in 7 days: {rate}; the cache holds {near['bytes']} bytes")
    if not settings.REDIS_URL:
        text.append("(without Redis this is only what this command itself has seen: ask /metrics of the program)")
    if (listed := told.get("listed_bytes")) is not None:
        apart = listed - told["total"]["bytes"]
        text.append(f"the storage lists {listed} bytes: " + (f"{apart:+} (see sweep_media)" if apart else "the same"))
    return "\n".join(text)


def _cell(text: str, column: int, width: int) -> str:
    return text.ljust(width) if column < 2 else text.rjust(width)
