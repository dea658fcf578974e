"""`python manage.py generate_media_hashes`: what a stored file's row should know of it and does not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.lib.errors import Missing, TryLater
from backend.media import measuring


class Command(BaseCommand):
    help = (
        "Fill in the public hash, the digest and the size of files whose rows lack them (imported ones). Files are "
        "read whole, with what lies beside them. It can be cut off and run again; a second run finds nothing to do."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *, dry_run: bool, **_: Any) -> None:
        lacking = measuring.lacking()
        self.stdout.write(f"{lacking.count()} files lack something")
        if dry_run:
            return
        filled, gone = 0, 0
        for row in lacking.iterator(chunk_size=200):
            try:
                filled += measuring.fill(row)
            except Missing:
                gone += 1
                self.stderr.write(f"{row.pk}: its object is not there")
            except TryLater as error:
                raise CommandError(f"{error.detail}. {filled} were filled; run it again.") from error
        self.stdout.write(f"{filled} filled, {gone} without their object")
