"""Who reads nothing of an answer costs next to nothing; who reads gets every byte. Under other servers it works too."""

import os
import socket
import sqlite3
import time
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.journeys.stage import Stage
from tests.process.chat_process import ChatProcess, SandboxProcess
from tests.process.watcher import Watcher
from tests.servers import HOST

MiB = 1024 * 1024
BIG = 100 * MiB


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def swell(chat: ChatProcess, attachment_id: str) -> None:
    """Make the stored file BIG: a sparse file in local storage, and the row that says so."""
    with sqlite3.connect(chat.folder / "chat.sqlite3") as link:
        hexed = attachment_id.replace("-", "")
        (key,) = link.execute("SELECT storage_key FROM media_attachment WHERE id = ?", [hexed]).fetchone()
        link.execute("UPDATE media_attachment SET size_bytes = ? WHERE id = ?", [BIG, hexed])
    with (chat.folder / "media" / key).open("r+b") as file:
        file.truncate(BIG)


def swell_row(chat: ChatProcess, database_url: str, attachment_id: str) -> None:
    """The same where the rows are in PostgreSQL."""
    with psycopg.connect(database_url) as link:
        found = link.execute("SELECT storage_key FROM media_attachment WHERE id = %s", [attachment_id]).fetchone()
        assert found is not None
        link.execute("UPDATE media_attachment SET size_bytes = %s WHERE id = %s", [BIG, attachment_id])
    with (chat.folder / "media" / found[0]).open("r+b") as file:
        file.truncate(BIG)


def test_four_clients_that_read_nothing_of_100_mib_cost_at_most_16(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "phone") as sandbox:
        room = {"SANDBOX": "1", "SANDBOX_URL": sandbox.url, "DECODERS": "1"}
        with ChatProcess(tmp_path / "chat", room).migrate() as chat:
            stage = Stage([chat], sandbox)
            with stage.watch() as ana:
                ana.wait_for("hello")
                stage.sends("document")
                attachment = ana.wait_for("attachment_ready")["attachment"]
            swell(chat, attachment["id"])
            warm = stage.get(attachment["file_url"], headers={"Range": "bytes=0-999999"})
            before = resident_bytes(chat.pid)
            idle = [ask(chat, attachment["file_url"], stage.ana) for _ in range(4)]
            time.sleep(3)
            grown = resident_bytes(chat.pid) - before
            whole = stage.get(attachment["file_url"])
            for link in idle:
                link.close()

    assert warm.status_code == 206
    assert grown < 16 * MiB
    assert len(whole.content) == BIG


def ask(chat: ChatProcess, path: str, token: str) -> socket.socket:
    link = socket.create_connection((HOST, chat.port))
    link.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return link


class OtherServer(ChatProcess):
    """The same application under plain daphne or uvicorn."""

    def __init__(self, folder: Path, server: str) -> None:
        super().__init__(folder)
        self._server = server

    def command(self) -> list[str]:
        address = ["-b", HOST] if self._server == "daphne" else ["--host", HOST]
        module = "daphne" if self._server == "daphne" else "uvicorn"
        return [
            "-m",
            module,
            *address,
            "--port" if module == "uvicorn" else "-p",
            str(self.port),
            "asgi_workers.asgi:application",
        ]


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_website_and_sockets_run_under_another_server_which_says_that_no_consumers_do(
    tmp_path: Path, server: str
) -> None:
    with OtherServer(tmp_path, server).migrate() as chat:
        made = chat.demo()
        token = made["users"][0]["api_token"]
        with Watcher(chat.url, made["tenant_id"], token, after=0) as ana:
            hello = ana.wait_for("hello")
        me = httpx.get(f"{chat.url}/api/me/", headers={"Authorization": f"Bearer {token}"})

        assert hello["seq"] == me.json()["seq"]
        assert "no consumers run in this process" in chat.log()
