"""A web server on loopback that answers as its script says, for tests of what foreign hosts do to us."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Host(BaseHTTPRequestHandler):
    """`script` writes the whole answer."""

    protocol_version = "HTTP/1.1"
    script: Callable[["Host"], None]
    asked: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        type(self).asked.append((self.path, dict(self.headers)))
        type(self).script(self)
        self.close_connection = True

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Length": str(len(body)), **told}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Site:
    def __init__(self, script: Callable[[Host], None]) -> None:
        self.handler = type("Scripted", (Host,), {"script": script, "asked": []})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def asked(self) -> list[tuple[str, dict[str, str]]]:
        return self.handler.asked


@contextmanager
def sites() -> Iterator[Callable[[Callable[[Host], None]], Site]]:
    """Makes sites; they end with the block."""
    made: list[Site] = []

    def make(script: Callable[[Host], None]) -> Site:
        made.append(Site(script))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()
