"""The sandbox as a process of its own, over real sockets; and the phone page it serves."""

import re
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from backend.sandbox.page import PAGE_DIR
from tests.sandbox.stage import NAME, Stage


def receiver() -> tuple[HTTPServer, list[bytes]]:
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server, bodies


def test_the_process_delivers_serves_breaks_connections_and_ends_well(process: httpx.Client) -> None:
    server, bodies = receiver()
    hook = f"http://127.0.0.1:{server.server_port}/hook"
    wiring = {"name": NAME, "api_key": "k", "webhook_url": hook, "with_cast": True}
    assert process.post("/control/instances", json=wiring).status_code == 201

    here = f"/control/instances/{NAME}"
    media = process.post(f"{here}/customers/maria-souza/messages", json={"kind": "image"}).json()["media"]
    assert process.get("/control/idle").json() == {"is_idle": True}
    server.shutdown()
    server.server_close()
    assert len(bodies) == 3

    assert process.get(media["path"]).headers["content-length"] == str((media["size_bytes"] // 16 + 1) * 16 + 10)
    process.put(f"{here}/faults", json={"media": {"mode": "cut"}})
    with pytest.raises(httpx.RemoteProtocolError):
        process.get(media["path"])
    assert process.get("/", headers={"Accept": "text/html"}).headers["location"].endswith("/phone/")
    assert process.get("/phone/").status_code == 200


async def test_the_page_and_its_files_come_from_below_the_mount(stage: Stage) -> None:
    page = await stage.http.get("/phone/")
    assert page.status_code == 200
    for name in re.findall(r'(?:href|src)="([\w.]+)"', page.text):
        assert (await stage.http.get(f"/phone/{name}")).status_code == 200
    moved = await stage.http.get("/phone")
    assert moved.headers["location"] == "http://sandbox.test/sandbox/phone/"
    assert (await stage.http.get("/phone/..%2Fphone.py")).status_code == 404


async def test_it_can_be_mounted_by_starlette_too(stage: Stage) -> None:
    outer = Starlette(routes=[Mount("/deep/whatsapp", stage.app)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://outer.test") as http:
        moved = await http.get("/deep/whatsapp/", headers={"Accept": "text/html"})
        unknown = await http.get("/deep/whatsapp/foo/bar")
        here = f"/deep/whatsapp/control/instances/{NAME}"
        media = (await http.post(f"{here}/customers/maria-souza/messages", json={"kind": "image"})).json()["media"]
        assert (await http.get(f"/deep/whatsapp{media['path']}")).status_code == 200

    assert moved.headers["location"].endswith("/deep/whatsapp/phone/")
    assert unknown.json()["response"]["message"] == ["Cannot GET /foo/bar"]


def test_the_page_asks_no_other_host_and_knows_no_absolute_path() -> None:
    for path in PAGE_DIR.iterdir():
        text = path.read_text() if path.suffix in {".html", ".css", ".js"} else ""
        strangers = set(re.findall(r"https?://[^\s'\"]+", text)) - {"http://www.w3.org/2000/svg"}
        assert strangers == set(), path.name
        assert not re.search(r"""(?:src|href|fetch\()\s*=?\s*["'`]/""", text), path.name


async def test_the_view_tells_only_what_changed(stage: Stage) -> None:
    message = await stage.say(text="oi")
    path = f"/control/instances/{NAME}/view"
    first = await stage.control("GET", path)
    assert [line["id"] for line in first["messages"]] == [message["id"]]

    revision = first["messages"][-1]["revision"]
    assert (await stage.control("GET", f"{path}?revision={revision}"))["messages"] == []
    await stage.act(message["id"], "edit", text="olá")
    assert [line["text"] for line in (await stage.control("GET", f"{path}?revision={revision}"))["messages"]] == ["olá"]
