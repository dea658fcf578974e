"""`SANDBOX=1`: the demo's rows, a simulated WhatsApp wired to them, and where to find everything."""

from typing import Any

from django.conf import settings

from backend.ops import demo
from backend.sandbox import cast
from backend.sandbox.app import close

OWNERS = {"clinica-01": "5517300000000", "globex-01": "5511300000000"}
"""The companies' own numbers, invented: of ranges that nobody uses."""


def prepare(sandbox_path: str) -> None:
    """Before the loop runs: make what is missing, and print addresses and logins."""
    url = settings.PUBLIC_BASE_URL or f"http://localhost:{settings.PORT}"
    made = demo.make(url=url, sandbox_url=f"http://127.0.0.1:{settings.PORT}{sandbox_path}")
    for company in (made.acme, made.other):
        cast.seed(
            settings.VAR / "sandbox.sqlite3",
            instance_name=company.instance,
            api_key=demo.derived("gateway", company.instance, characters=32),
            webhook_url=company.webhook_url,
            owner=OWNERS[company.instance],
        )
    print(made.as_text(), flush=True)


async def put_away(sandbox: Any) -> None:
    """The simulated gateway stops delivering."""
    await close(sandbox)
