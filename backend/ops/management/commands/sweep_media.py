"""`python manage.py sweep_media [--apply] [--heal]`: what is stored, held against what the rows say."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from backend.chat import expiry, healing
from backend.lib.errors import ChatError
from backend.media import orphans, spool
from backend.media.orphans import Report

SHOWN = 20


class Command(BaseCommand):
    help = "Tell of objects without a row, files without their object, and what is past its time. --apply removes them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="remove objects without a row, and expire what is due")
        parser.add_argument("--heal", action="store_true", help="fetch files again whose object is gone")
        parser.add_argument("--force", action="store_true", help="even if bucket and database hardly belong together")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = orphans.look()
            self._tell(report, expiry.due(timezone.now()).count())
            if options["apply"] or options["heal"]:
                self._check(report, options["force"])
            if options["apply"]:
                self._apply(report)
            if options["heal"]:
                self._heal(report)
        except ChatError as error:
            raise CommandError(f"{error.code}: {error.detail}") from error
        if not (options["apply"] or options["heal"]):
            self.stdout.write("nothing was changed: --apply removes and expires, --heal fetches again")

    def _tell(self, report: Report, due: int) -> None:
        self.stdout.write(f"{report.objects} objects ({report.bytes} bytes), {report.rows} files in the rows")
        self.stdout.write(f"{len(report.orphans)} objects without a row ({report.orphan_bytes} bytes)")
        self._list([f"  {place.found.key}" for place in report.orphans])
        self.stdout.write(f"{len(report.unfinished)} uploads that nobody goes on with")
        self.stdout.write(f"{len(report.lost)} files whose object is gone (fetched again when they are opened)")
        self._list([f"  {attachment_id}" for attachment_id in report.lost])
        self.stdout.write(f"{due} files past their time")

    def _list(self, lines: list[str]) -> None:
        for line in [*lines[:SHOWN], *([f"  … {len(lines) - SHOWN} more"] if len(lines) > SHOWN else [])]:
            self.stdout.write(line)

    def _check(self, report: Report, force: bool) -> None:
        if report.is_doubtful and not force:
            raise CommandError(
                "most objects have no row, or most rows no object: is this the bucket of this database? "
                "If you are sure: --force"
            )

    def _apply(self, report: Report) -> None:
        freed = orphans.remove(report)
        expired = expiry.sweep()
        self.stdout.write(f"removed: {freed} bytes without a row, {spool.sweep()} spooled files; expired: {expired}")

    def _heal(self, report: Report) -> None:
        for attachment_id in report.lost:
            healing.object_gone(attachment_id)
        self.stdout.write(f"fetched again: {len(report.lost)} files, as the gateway gives them")
