"""What docker/Dockerfile does, done without Docker: its RUN lines over its COPY lines, then its CMD in production."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.process.chat_process import ROOT, ChatProcess

DOCKERFILE = (ROOT / "docker/Dockerfile").read_text()
# The machine under the image, and the page, which `make page` builds with the same two commands.
NOT_OURS_TO_RUN = (
    "npm ci --no-audit --no-fund",
    "npm run build",
    "pip install --no-cache-dir uv",
    "useradd --system --uid 10001 --no-create-home chat && install --directory --owner=chat /data",
)


def instructions(word: str) -> list[str]:
    return re.findall(rf"^{word} (.+)$", DOCKERFILE, flags=re.MULTILINE)


class Image(ChatProcess):
    """The files of the last stage in `home`, with nothing but the packages of requirements.txt."""

    name = "image"

    def build(self) -> "Image":
        for line in instructions("COPY"):
            *sources, target = [word for word in line.split() if not word.startswith("--")]
            for source in sources:
                if not source.startswith("/") and source not in {
                    "frontend/",
                    "frontend/package.json",
                    "frontend/package-lock.json",
                }:
                    self._copy(source, target)
        self._copy("frontend/dist", "frontend/dist")
        for line in instructions("RUN"):
            if line not in NOT_OURS_TO_RUN:
                self._run(line)
        return self

    def _copy(self, source: str, target: str) -> None:
        there = self.home / (Path(source).name if target == "./" else target)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, there, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, there)

    def _run(self, line: str) -> None:
        line = line.replace("/venv", str(self.home / "venv")).replace("--no-cache ", "")
        environment = os.environ | {
            "PATH": f"{self.home / 'venv/bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        }
        for name in ("DEBUG", "SANDBOX", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "RABBITMQ_URL", "VIRTUAL_ENV"):
            environment.pop(name, None)
        for name in [name for name in environment if name.startswith("S3_")]:
            del environment[name]
        done = subprocess.run(
            ["sh", "-ec", line], cwd=self.home, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"

    def command(self) -> list[str]:
        program, *arguments = json.loads(instructions("CMD")[0])
        assert program == "python"
        return arguments


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    assert (ROOT / "frontend/dist/index.html").exists(), "the page is not built: make page"
    made = Image(tmp_path_factory.mktemp("image"), {"DEBUG": "0", "SANDBOX": "0", "ALLOWED_HOSTS": "chat.example.com"})
    made.home = made.folder / "app"
    made.home.mkdir()
    made.python = str(made.home / "venv/bin/python")
    return made.build()


@pytest.fixture(scope="module")
def running(image: Image) -> Iterator[Image]:
    image.migrate()
    yield image.start()
    image.stop()


def test_health_answers_a_balancer_on_both_address_families(running: Image) -> None:
    headers = {"Host": "10.12.0.7:8000", "X-Forwarded-Proto": "https"}
    for path in ("live/", "ready/", ""):
        answer = httpx.get(f"{running.url}/api/health/{path}", headers=headers)
        assert answer.status_code == 200, (path, answer.text)
    with socket.create_connection(("::1", running.port), 2) as link:
        link.sendall(b"GET /api/health/live/ HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n\r\n")
        assert link.recv(64).startswith(b"HTTP/1.1 200")


def test_dockers_own_health_check_passes(running: Image) -> None:
    program, *arguments = json.loads(instructions("HEALTHCHECK")[0].partition(" CMD ")[2])

    assert program == "python"
    subprocess.run([running.python, *arguments], env=running.environment, check=True)


def test_the_page_and_its_files_are_served_to_its_own_host_only(running: Image) -> None:
    page = httpx.get(f"{running.url}/", headers={"Host": "chat.example.com"})
    script = re.search(r'src="(/static/[^"]+\.js)"', page.text)

    assert script is not None, page.text[:500]
    assert httpx.get(f"{running.url}{script[1]}", headers={"Host": "chat.example.com"}).status_code == 200
    assert httpx.get(f"{running.url}/", headers={"Host": "evil.example"}).status_code == 400


def test_nothing_of_development_is_left(running: Image) -> None:
    host = {"Host": "chat.example.com"}

    assert httpx.get(f"{running.url}/sandbox/", headers=host).status_code == 404
    assert httpx.get(f"{running.url}/metrics", headers=host).status_code in {401, 404}
    assert (
        "DEBUG=1"
        in subprocess.run(
            [running.python, "manage.py", "demo"],
            cwd=running.home,
            env=running.environment,
            capture_output=True,
            text=True,
            check=False,
        ).stderr
    )


def test_sigterm_ends_it_with_zero(running: Image) -> None:
    assert running.terminate() == 0, running.log()


def test_production_does_not_start_without_its_secret(image: Image) -> None:
    environment = {name: value for name, value in image.environment.items() if name != "SECRET_KEY"}
    done = subprocess.run(
        [image.python, "-m", "asgi_workers"],
        cwd=image.home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr


def test_railway_waits_longer_than_we_drain() -> None:
    deploy = json.loads((ROOT / "railway.json").read_text())["deploy"]

    assert deploy["drainingSeconds"] >= 25 + 5
    assert deploy["healthcheckPath"] == "/api/health/ready/"
    assert "migrate" in deploy["preDeployCommand"][0]
