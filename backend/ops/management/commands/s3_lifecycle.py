"""`python manage.py s3_lifecycle [--apply]`: the rule by which the bucket itself removes what is past its time."""

import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.chat import terms
from backend.lib.errors import ChatError
from backend.media import retention
from backend.media.storages import HELD, Lifecycle, MediaStorage, media_storage
from backend.tenants.models import Tenant

UNFINISHED_DAYS = 2
PROBE = "uploads/does_it_know_tags"
ONLY_THE_SWEEPER = "{name} has no lifecycle rules: only this program's own sweeper removes what is past its time"


class Command(BaseCommand):
    help = "Show the bucket's rules for MEDIA_RETENTION_DAYS, and write them with --apply. Other rules are left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="write the rules into the bucket")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = Lifecycle(settings.MEDIA_RETENTION_DAYS, UNFINISHED_DAYS)
        try:
            found = media_storage().lifecycle()
            if found is None:
                self.stdout.write(ONLY_THE_SWEEPER.format(name=media_storage().storage_type))
                return
            self._tell(found, wanted)
            if options["apply"]:
                self._apply(wanted)
        except ChatError as error:
            raise CommandError(f"{error.code}: {error.detail}") from error
        if not options["apply"]:
            self.stdout.write("nothing was changed: --apply writes the rules")

    def _tell(self, found: Lifecycle, wanted: Lifecycle) -> None:
        self.stdout.write(f"other rules of the bucket, left alone: {found.others}")
        self.stdout.write(
            f"chat/ with the tag expire=yes: {_days(found.expire_days)} now, {_days(wanted.expire_days)} wanted"
        )
        self.stdout.write(
            f"uploads/ in parts, not joined: {_days(found.abort_days)} now, {_days(wanted.abort_days)} wanted"
        )

    def _apply(self, wanted: Lifecycle) -> None:
        """What must outlive the rule is tagged so before there is one."""
        storage = media_storage()
        if not _knows_tags(storage):
            self.stdout.write(ONLY_THE_SWEEPER.format(name="this bucket knows no tags, and so for us it"))
            return
        for tenant_id in Tenant.objects.values_list("pk", flat=True):
            terms.apply(tenant_id, retention.terms_of(tenant_id))
        storage.set_lifecycle(wanted)
        written = storage.lifecycle()
        if written is None or (written.expire_days, written.abort_days) != (wanted.expire_days, wanted.abort_days):
            raise CommandError("the bucket took the rules and does not have them: look at its own tools")
        self.stdout.write("written")


def _knows_tags(storage: MediaStorage) -> bool:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"probe")
        file.flush()
        storage.save_file(PROBE, Path(file.name), "text/plain")
    try:
        return storage.set_tags(PROBE, HELD)
    finally:
        storage.delete(PROBE)


def _days(days: int) -> str:
    return f"{days} days" if days else "no rule"
