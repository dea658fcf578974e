"""`python manage.py demo`: make the demo's companies, people and conversations, and say how to log in."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.lib.errors import Refused
from backend.ops import demo


class Command(BaseCommand):
    help = "Make the demo data (again: changes nothing) and print its logins. Needs DEBUG=1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object for scripts")
        parser.add_argument("--url", default="", help="where this program is reached (default http://127.0.0.1:PORT)")
        parser.add_argument("--sandbox-url", default="", help="where the simulated gateway is (default {url}/sandbox)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = demo.make(url=options["url"], sandbox_url=options["sandbox_url"])
        except Refused as error:
            raise CommandError(error.detail) from error
        self.stdout.write(json.dumps(made.as_json(), ensure_ascii=False) if options["json"] else made.as_text())
