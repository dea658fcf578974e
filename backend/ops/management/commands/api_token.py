"""`python manage.py api_token TENANT EMAIL`: a program's key to one tenant, in the name of a person."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.tenants.models import TOKEN_BYTES, ApiToken, Membership, hash_token


class Command(BaseCommand):
    help = "Print a new API token. It is shown this once: only its hash is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("email", help="a person who works there")
        parser.add_argument("--label", default="", help="what the token is for")

    def handle(self, *args: Any, **options: Any) -> None:
        member = Membership.objects.filter(tenant__slug=options["tenant"], user__email__iexact=options["email"]).first()
        if member is None:
            raise CommandError(f"nobody with the address {options['email']} works at {options['tenant']}")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        ApiToken.objects.create(
            tenant_id=member.tenant_id, user_id=member.user_id, hash=hash_token(token), label=options["label"]
        )
        self.stdout.write(token)
