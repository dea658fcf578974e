"""The sandbox as a process of its own: `python -m backend.sandbox --port 8900 --database var/sandbox.sqlite3`."""

import argparse
import asyncio
import logging
from pathlib import Path
from typing import Any

# Importing it installs Twisted's asyncio reactor: before anything else imports a reactor.
from daphne.server import Server
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from backend.lib.logs import FactsFormatter
from backend.sandbox.app import close, create_app
from backend.sandbox.media_host import CUT_EXTENSION


class SandboxServer(Server):  # type: ignore[misc]  # daphne has no types
    """Lets a request break its own connection: Daphne alone leaves it open whatever the application does."""

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] == "http":
            scope.setdefault("extensions", {})[CUT_EXTENSION] = protocol.channel.loseConnection
        return super().create_application(protocol, scope)


def main() -> None:
    options = _options()
    handler = logging.StreamHandler()
    handler.setFormatter(FactsFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in ("httpx", "daphne.http_protocol"):
        logging.getLogger(name).setLevel(logging.WARNING)
    app = create_app(options.database, time_scale=options.time_scale)
    twisted: Any = reactor
    twisted.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(close(app))))
    endpoint = f"tcp:port={options.port}:interface={options.host}"
    SandboxServer(app, endpoints=[endpoint], server_name="sandbox", ready_callable=lambda: _ready(options)).run()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m backend.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--host", default="127.0.0.1", help="it asks nobody for a password: stay on loopback")
    parser.add_argument("--database", type=Path, default=Path("var/sandbox.sqlite3"))
    parser.add_argument("--time-scale", type=float, default=1.0, help="every wait is multiplied by this")
    return parser.parse_args()


def _ready(options: argparse.Namespace) -> None:
    logging.getLogger(__name__).info("sandbox ready", extra={"phone": f"http://{options.host}:{options.port}/phone/"})


if __name__ == "__main__":
    main()
