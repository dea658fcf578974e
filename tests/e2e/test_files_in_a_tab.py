"""A file in a tab or a frame of its own: a PDF can be read, and nothing that anybody sent runs."""

import base64
import json

import pytest
from playwright.sync_api import BrowserContext, Error, Page

from tests.e2e.papers import pdf
from tests.e2e.theatre import Theatre

SCRIPT = b"<script>top.document.title = document.title = 'it ran'; localStorage.setItem('it', 'ran')</script>"
HTML = b"<!doctype html><title>plain</title><body onload=\"top.document.title = 'it ran'\">" + SCRIPT
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload=\"top.document.title = 'it ran'\">" + SCRIPT + b"</svg>"
XML = (
    b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>"
    b"<script>top.document.title = 'it ran'</script></html>"
)
FORGE = """
import base64, hashlib, json, tempfile
from pathlib import Path
from backend.media.models import Attachment
from backend.media.storages import media_storage
from backend.tenants.models import Tenant
path = Path(tempfile.mkdtemp()) / "forged"
for number, (mimetype, encoded) in enumerate(json.loads({told!r})):
    data = base64.b64decode(encoded)
    path.write_bytes(data)
    key = f"chat/forged/unfiled/{{number}}"
    media_storage().save_file(key, path, mimetype)
    row = Attachment.objects.create(
        tenant=Tenant.objects.first(), file_name="forged", file_type=mimetype, size_bytes=len(data), storage_key=key,
        storage_type=media_storage().storage_type, content_sha256=hashlib.sha256(data).hexdigest(), status="completed")
    print(row.media_hash)
"""
HOSTILE = [
    ("text/html", HTML),
    ("image/svg+xml", SVG),
    ("application/xhtml+xml", XML),
    ("text/xml", XML),
    ("application/xml", SVG),
    ("image/png", HTML),
    ("image/jpeg", SVG),
    ("video/mp4", HTML),
    ("application/pdf", HTML),
    ("application/octet-stream", HTML),
    ("text/plain", HTML),
    ("", HTML),
]


@pytest.fixture(scope="module")
def addresses(stage: Theatre) -> list[str]:
    """Of files that have come past every check, as if there were none; the last is a PDF that is one."""
    files = [*HOSTILE, ("application/pdf", pdf(2))]
    told = json.dumps([(mimetype, base64.b64encode(data).decode()) for mimetype, data in files])
    said = stage.chat.manage("shell", "-v0", "-c", FORGE.format(told=told)).split()
    return [f"{stage.url}/media/{media_hash}" for media_hash in said[-len(files) :]]


@pytest.fixture
def tab(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def context(browser):
    made = browser.new_context(accept_downloads=True)
    yield made
    made.close()


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=[mimetype for mimetype, _ in HOSTILE])
def test_nothing_that_was_sent_runs(stage: Theatre, tab: Page, addresses: list[str], number: int) -> None:
    address = addresses[number]
    tab.goto(f"{stage.url}/api/health/live/")
    tab.evaluate("address => { document.body.innerHTML = `<iframe src='${address}'></iframe>` }", address)
    tab.wait_for_timeout(500)
    framed = tab.title()
    try:
        tab.goto(address)
    except Error as error:
        assert "Download is starting" in str(error) or "ERR_ABORTED" in str(error)
    tab.wait_for_timeout(200)
    opened = tab.title()
    tab.goto(f"{stage.url}/api/health/live/")

    assert "it ran" not in (framed, opened)
    assert tab.evaluate("localStorage.getItem('it')") is None


def test_the_same_script_does_run_where_nothing_forbids_it(stage: Theatre, tab: Page) -> None:
    """Else the test above would prove nothing."""
    tab.route("**/bare", lambda route: route.fulfill(body=HTML, content_type="text/html"))
    tab.goto(f"{stage.url}/bare")

    assert (tab.title(), tab.evaluate("localStorage.getItem('it')")) == ("it ran", "ran")


def test_a_pdf_is_read_in_a_tab_of_its_own(tab: Page, addresses: list[str]) -> None:
    tab.goto(addresses[-1], wait_until="commit")
    tab.wait_for_timeout(1500)

    assert any(frame.url.startswith("chrome-extension://") for frame in tab.frames), "the browser's own viewer"
