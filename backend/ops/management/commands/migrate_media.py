"""`python manage.py migrate_media --from local --to s3`: stored files, moved while the program runs."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Sum

from backend.lib.errors import ChatError
from backend.media import relocation
from backend.media.relocation import Outcome
from backend.media.storages import media_storage

STORAGES = ("local", "s3")
SPOKEN_SECONDS = 5


class Command(BaseCommand):
    help = (
        "Move stored files from one storage to the other while the program runs. First set MEDIA_STORAGE to where they "
        "go (both storages stay configured) and restart: new files go there, old ones are read where they are. "
        "Without --apply it only counts. --apply copies, compares and hands over, file by file; cut off, it goes on "
        "where it was. --clean, a week later, removes the former copies. The way back is the same with the names "
        "exchanged."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="source", required=True, choices=STORAGES)
        parser.add_argument("--to", dest="target", required=True, choices=STORAGES)
        parser.add_argument("--limit", type=int, default=0, help="at most so many files in this run")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--apply", action="store_true", help="copy, compare and hand over")
        what.add_argument(
            "--clean", action="store_true", help=f"remove former copies {relocation.KEPT_DAYS} days after the move"
        )

    def handle(self, *, source: str, target: str, limit: int, apply: bool, clean: bool, **_: Any) -> None:
        if source == target:
            raise CommandError("--from and --to are the same storage.")
        self._spoken = time.monotonic()
        try:
            media_storage(source)
            media_storage(target)
            if apply:
                media_storage(target).ensure_bucket()
                self._end("moved", relocation.move(source, target, limit=limit, tell=self._tell))
            elif clean:
                self._end("former copies removed", relocation.clean(source, target, tell=self._tell))
        except ChatError as error:
            raise CommandError(f"{error.detail} ({error.code}). Run it again when that is mended.") from error
        self._say_what_is_left(source, target, is_dry=not (apply or clean))

    def _tell(self, outcome: Outcome) -> None:
        if time.monotonic() - self._spoken > SPOKEN_SECONDS:
            self._spoken = time.monotonic()
            self.stdout.write(f"… {outcome.done}, {outcome.bytes} bytes")

    def _end(self, what: str, outcome: Outcome) -> None:
        self.stdout.write(f"{outcome.done} {what}, {outcome.bytes} bytes")
        if outcome.waiting:
            self.stdout.write(f"{outcome.waiting} wait: they were moved less than {relocation.KEPT_DAYS} days ago")
        for attachment_id, code in outcome.failed.items():
            self.stderr.write(f"{attachment_id}: {code}")
        if outcome.failed:
            raise CommandError(f"{len(outcome.failed)} were left as they are.")

    def _say_what_is_left(self, source: str, target: str, *, is_dry: bool) -> None:
        left = relocation.files_in(source)
        size = left.aggregate(bytes=Sum("size_bytes"))["bytes"] or 0
        self.stdout.write(f"{left.count()} files in {source}, {size} bytes")
        if is_dry:
            self.stdout.write("Nothing was changed: --apply moves them.")
        if target != settings.MEDIA_STORAGE:
            self.stdout.write(
                f"New files still go to {settings.MEDIA_STORAGE}: set MEDIA_STORAGE={target} and restart."
            )
