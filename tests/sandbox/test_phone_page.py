"""The phone, used by hand in a real browser against the sandbox's own process."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from backend.sandbox.samples import SAMPLES_DIR
from tests.sandbox.stage import NAME
from tests.servers import find_program

CHROMIUM = find_program("chromium", "chromium")
KEY = {"apikey": "sandbox"}
MARIA = "5517999990001"


@pytest.fixture
def page(process: httpx.Client) -> Iterator[Page]:
    """The page with one instance wired; it must not have complained when the test is over."""
    wiring = {"name": NAME, "api_key": KEY["apikey"], "with_cast": True}
    process.post("/control/instances", json=wiring).raise_for_status()
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 860})
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        opened.goto(f"{process.base_url}/phone/")
        yield opened
        browser.close()
    assert complaints == []


def take(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()


def write(page: Page, text: str) -> None:
    page.get_by_label("Mensagem", exact=True).fill(text)
    page.get_by_role("button", name="Enviar").click()


def attach(page: Page, name: str) -> None:
    page.get_by_role("button", name="Anexar").click()
    page.get_by_role("menuitem", name=name, exact=True).click()


def act(bubble: Locator, name: str) -> None:
    bubble.hover()
    bubble.get_by_role("button", name="Ações da mensagem").click()
    bubble.get_by_role("menuitem", name=name, exact=True).click()


def ledger(process: httpx.Client, customer: str = "maria-souza") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = process.get(f"/control/instances/{NAME}/ledger?customer={customer}").json()
    return found


def test_a_customer_writes_edits_and_deletes(page: Page, process: httpx.Client) -> None:
    take(page, "Maria Souza")
    write(page, "Boa dia")
    act(page.locator(".bubble.own").first, "Editar")
    write(page, "Bom dia")
    expect(page.locator(".bubble.own").first).to_contain_text("editada")
    write(page, "engano")
    act(page.locator(".bubble.own").nth(1), "Apagar para todos")
    expect(page.locator(".bubble.own").nth(1)).to_contain_text("Mensagem apagada")

    assert [(line["text"], line["is_edited"], line["is_deleted"]) for line in ledger(process)] == [
        ("Bom dia", True, False),
        ("engano", False, True),
    ]


def test_everything_in_the_menu_can_be_sent(page: Page, process: httpx.Client) -> None:
    take(page, "Beatriz")
    for name in ("Álbum de 8 fotos", "Vídeo", "Nota de voz", "Documento PDF", "Figurinha", "Localização", "Contato"):
        attach(page, name)
    page.locator("#file").set_input_files(SAMPLES_DIR / "contrato.docx")
    expect(page.locator(".bubble.own")).to_have_count(15)

    kinds = sorted(line["kind"] for line in ledger(process, "beatriz"))
    wanted = [*["image"] * 8, "video", "voice", "document", "document", "sticker", "location", "contact"]
    assert kinds == sorted(wanted)


def test_an_agents_message_gets_its_ticks_a_reaction_and_a_reply(page: Page, process: httpx.Client) -> None:
    body = {"number": MARIA, "text": "Temos às 15h"}
    process.post(f"/message/sendText/{NAME}", json=body, headers=KEY).raise_for_status()
    expect(page.get_by_role("button", name="Maria Souza").locator(".unread")).to_have_text("1")

    take(page, "Maria Souza")
    theirs = page.locator(".bubble.other").first
    expect(theirs.locator(".ticks.read")).to_be_visible()
    act(theirs, "\u2764\ufe0f")
    expect(theirs.locator(".reactions")).to_have_text("\u2764\ufe0f")
    act(theirs, "Responder")
    write(page, "Pode ser")
    expect(page.locator(".bubble.own blockquote")).to_have_text("Temos às 15h")

    lines = {line["text"]: line for line in ledger(process)}
    assert lines["Temos às 15h"]["status"] == "READ"
    assert lines["Pode ser"]["quoted_id"] == lines["Temos às 15h"]["id"]


def test_in_a_group_one_chooses_who_speaks(page: Page, process: httpx.Client) -> None:
    take(page, "Família Souza")
    page.get_by_label("Quem fala no grupo").select_option("joao-pereira")
    write(page, "oi gente")
    expect(page.locator(".bubble.own .name")).to_have_text("João Pereira")

    assert [line["from"] for line in ledger(process, "familia-souza")] == ["joao-pereira"]


def test_faults_are_set_in_the_drawer_and_all_taken_back(page: Page, process: httpx.Client) -> None:
    faults = f"/control/instances/{NAME}/faults"
    page.get_by_role("button", name="Falhas sob encomenda").click()
    page.get_by_label("Duplicar").fill("50")
    page.locator("select[name='media.mode']").select_option("truncated")
    expect(page.locator("#faults")).to_have_attribute("data-struck", "true")
    struck = process.get(faults).json()
    page.get_by_role("button", name="Tudo normal").click()
    expect(page.locator("#faults")).to_have_attribute("data-struck", "false")

    assert (struck["webhooks"]["duplicate"], struck["media"]["mode"]) == (0.5, "truncated")
    assert process.get(faults).json()["media"]["mode"] == "none"


def test_it_speaks_english_and_fits_a_small_screen(page: Page) -> None:
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    page.set_viewport_size({"width": 380, "height": 760})
    take(page, "Maria Souza")
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Customers")).to_be_hidden()
    page.get_by_role("button", name="Back").click()

    expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
