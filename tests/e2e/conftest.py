"""One stage for the folder, a browser for each file, and pages that must not complain."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.eyes import Complaints
from tests.e2e.theatre import Theatre
from tests.journeys.conftest import environment
from tests.journeys.stage import Stage
from tests.parts import EMBEDDED, Parts
from tests.process.chat_process import ChatProcess, SandboxProcess
from tests.process.conftest import migrated_template
from tests.servers import find_program

__all__ = ["migrated_template"]

REAL_PARTS = ("postgres", "rabbit_server", "s3")

expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real servers are wanted by name, so that the session starts them all at once."""
    for item in items:
        if item.path.parent.name == "e2e" and not EMBEDDED:
            item.add_marker(pytest.mark.usefixtures(*REAL_PARTS))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Theatre]:
    """Each file's own: another's conversations would push the demo's out of the list's view."""
    folder = tmp_path_factory.mktemp("e2e")
    rooms = {} if EMBEDDED else request.getfixturevalue("rooms")
    with SandboxProcess(folder / "sandbox") as phone:
        told = rooms | environment(phone) | {"JOB_RETRY_SECONDS": "0.2,0.2,0.2"}
        chat = ChatProcess(folder / "chat", told)
        if EMBEDDED:
            chat.migrate()
        with chat:
            yield Theatre(Stage([chat], phone))


@pytest.fixture(scope="module")
def rooms(request: pytest.FixtureRequest, parts: Parts) -> dict[str, str]:
    """A migrated database, a vhost and a bucket of this file's own."""
    room = f"browser-{uuid4().hex}"
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("migrated_template")
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as link:
        link.execute(f'CREATE DATABASE "{room}" TEMPLATE {template}')
    request.getfixturevalue("rabbit_server").make_vhost(room)
    request.getfixturevalue("s3").make_bucket(room)
    return parts.environment(database=room, vhost=room, bucket=room)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for longer than a file: while it is open, its event loop keeps asynchronous tests from theirs."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=find_program("chromium", "chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield running
        running.close()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What the pages of this test complained of; a test says beforehand what it provokes."""
    heard = Complaints()
    yield heard
    assert heard.unexpected() == []


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(stage: Theatre, browser: Browser, complaints: Complaints) -> Iterator[OpenPage]:
    """`open_page("ana", path)`: a window of its own with that person logged in; nobody with ""."""
    contexts = []

    def make(who: str = "ana", path: str = "/", **options: Any) -> Page:
        look = {"viewport": {"width": 1280, "height": 860}, "locale": "pt-BR", "timezone_id": "America/Sao_Paulo"}
        context = browser.new_context(base_url=stage.url, **(look | options))
        contexts.append(context)
        if who:
            context.add_cookies(stage.cookies(who))
        page = context.new_page()
        complaints.listen_to(page)
        page.goto(path)
        return page

    yield make
    complaints.listen_no_more()  # what a closing window breaks off is nobody's fault
    for context in contexts:
        context.close()


@pytest.fixture
def ana(open_page: OpenPage) -> Page:
    """Ana's inbox, live."""
    page = open_page("ana")
    expect(page.get_by_role("navigation", name="Conversas").get_by_role("link").first).to_be_visible()
    return page


@pytest.fixture(autouse=True)
def _all_is_well_again(stage: Theatre) -> Iterator[None]:
    yield
    stage.faults()
    stage.clock(1)
    httpx.get(f"{stage.sandbox.url}/control/idle?seconds=5", timeout=10)
