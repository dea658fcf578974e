"""`python manage.py ensure_storage`: before a deploy, the bucket (private, with its CORS rule) or the directory."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.lib.errors import ChatError
from backend.media.storages import media_storage


class Command(BaseCommand):
    help = "Make what the media storage needs to exist. Again: changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            media_storage().ensure_bucket()
        except ChatError as error:
            raise CommandError(f"{error.code}: {error.detail}") from error
        self.stdout.write(f"storage is ready: {settings.MEDIA_STORAGE}")
