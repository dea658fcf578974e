"""`python manage.py erase TENANT (--conversation ID | --contact ID|PHONE) [--apply]`: for good, as the law asks."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.chat import erasure
from backend.chat.erasure import Found
from backend.lib.errors import ChatError
from backend.tenants.models import Tenant


class Command(BaseCommand):
    help = "Erase a conversation or a person: rows, files, cache, events, stored webhooks. Without --apply: only look."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--conversation", metavar="ID", help="its messages and files; the contact stays")
        what.add_argument(
            "--contact", metavar="ID|PHONE", help="the person, every conversation, what they wrote in groups"
        )
        parser.add_argument("--apply", action="store_true", help="do it; it cannot be taken back")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"there is no tenant {options['tenant']}")
        try:
            if options["conversation"]:
                scope = erasure.conversation(tenant, options["conversation"])
            else:
                scope = erasure.person(tenant, options["contact"])
            found = erasure.erase(scope) if options["apply"] else erasure.look(scope)
        except ChatError as error:
            raise CommandError(f"{error.code}: {error.detail}") from error
        if scope.contact is not None and not options["apply"]:
            self.stdout.write(f"contact {scope.contact.pk}: {scope.contact}")
        self.stdout.write(_told(found, is_done=options["apply"]))


def _told(found: Found, *, is_done: bool) -> str:
    lines = [
        f"{'erased' if is_done else 'would erase'}: {found.conversations} conversations, {found.messages} messages, "
        f"{found.files} files ({found.bytes} bytes), {found.events} events, {found.webhooks} stored webhooks"
    ]
    if found.waiting:
        lines.append(f"{found.waiting} webhooks that speak of it are not understood yet: run it again in a minute")
    if not is_done:
        lines.append("nothing was changed: --apply does it, and it cannot be taken back")
    return "\n".join(lines)
