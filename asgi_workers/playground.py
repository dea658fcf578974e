"""`SANDBOX=1`: the demo's rows, a simulated WhatsApp wired to them, and where to find everything."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from backend.ops import demo
from backend.sandbox import cast
from backend.sandbox.app import close, create_app

PREFIX = "/sandbox"
OWNERS = {"clinica-01": "5517300000000", "globex-01": "5511300000000"}
"""The companies' own numbers, invented: of ranges that nobody uses."""


class Playground:
    """The sandbox, mounted at PREFIX of this process."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._app = create_app(database)

    @staticmethod
    def is_asked(path: str) -> bool:
        return path.startswith(f"{PREFIX}/")

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await self._app(scope | {"root_path": PREFIX}, receive, send)

    def prepare(self) -> None:
        """Before the loop runs: make what is missing, and print addresses and logins."""
        url = settings.PUBLIC_BASE_URL or f"http://localhost:{settings.PORT}"
        made = demo.make(url=url, sandbox_url=f"http://127.0.0.1:{settings.PORT}{PREFIX}")
        for company in (made.acme, made.other):
            cast.seed(
                self._database,
                instance_name=company.instance,
                api_key=demo.derived("gateway", company.instance, characters=32),
                webhook_url=company.webhook_url,
                owner=OWNERS[company.instance],
                base_url=f"http://127.0.0.1:{settings.PORT}{PREFIX}",
            )
        sys.stdout.write(f"{made.as_text()}\n")
        sys.stdout.flush()

    async def close(self) -> None:
        """The simulated gateway stops delivering."""
        await close(self._app)
