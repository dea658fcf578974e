"""A PDF is read where it is: in the page, in every language of it, by mouse and by keyboard."""

import base64
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.eyes import bubbles, enter
from tests.e2e.papers import pdf, scan
from tests.e2e.theatre import Theatre

INK = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 0 && value < 128).length;
}"""


def send_pdf(stage: Theatre, name: str, content: bytes) -> None:
    encoded = base64.b64encode(content).decode()
    stage.sends(
        "document",
        customer=stage.customer(name),
        base64=encoded,
        file_name="laudo.pdf",
        mimetype="application/pdf",
    )


def read(page: Page, name: str) -> Locator:
    """Open the card; returns the viewer."""
    bubbles(enter(page, name)).get_by_role("button", name="Abrir laudo.pdf").click()
    viewer = page.get_by_role("dialog", name="Visualizador de PDF")
    expect(viewer).to_contain_text("laudo.pdf")
    return viewer


def page_of(viewer: Locator, number: int) -> Locator:
    return viewer.get_by_role("region", name=re.compile(rf"^Página {number} de"))


def drawn(viewer: Locator, number: int) -> Locator:
    return page_of(viewer, number).locator("canvas[data-sight=loaded]")


def test_its_pages_are_drawn_and_its_words_are_there(stage: Theatre, ana: Page) -> None:
    send_pdf(stage, "Pedro Prado", pdf(3))
    viewer = read(ana, "Pedro Prado")

    expect(drawn(viewer, 1)).to_be_visible()
    assert drawn(viewer, 1).evaluate(INK) > 1_000
    expect(page_of(viewer, 1)).to_contain_text("Laudo folha 1")
    expect(viewer.get_by_role("status")).to_have_text("1 de 3")


def test_the_keyboard_turns_zooms_and_closes(stage: Theatre, ana: Page) -> None:
    send_pdf(stage, "Paulina Prado", pdf(5))
    viewer = read(ana, "Paulina Prado")
    expect(drawn(viewer, 1)).to_be_visible()
    for _ in range(3):
        ana.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("status")).to_have_text("4 de 5")
    expect(drawn(viewer, 4)).to_be_visible()
    fitting = page_of(viewer, 4).bounding_box()
    ana.keyboard.press("+")
    larger = page_of(viewer, 4).bounding_box()
    assert fitting is not None
    assert larger is not None
    assert larger["width"] == pytest.approx(fitting["width"] * 1.25, abs=2)
    expect(viewer.get_by_role("status")).to_have_text("4 de 5")
    ana.keyboard.press("0")
    ana.keyboard.press("ArrowLeft")
    expect(viewer.get_by_role("status")).to_have_text("3 de 5")
    ana.keyboard.press("Escape")

    expect(viewer).to_have_count(0)
    expect(ana.get_by_role("button", name="Abrir laudo.pdf")).to_be_focused()


def test_it_is_saved_from_the_viewer(stage: Theatre, ana: Page) -> None:
    content = pdf(1)
    send_pdf(stage, "Paulo Prado", content)
    viewer = read(ana, "Paulo Prado")
    with ana.expect_download() as coming:
        viewer.get_by_role("link", name="Baixar").click()

    assert coming.value.suggested_filename == "laudo.pdf"
    assert coming.value.path().read_bytes() == content


def test_a_broken_one_says_so_and_can_still_be_saved(stage: Theatre, ana: Page) -> None:
    send_pdf(stage, "Petra Prado", b"%PDF-1.4\nnothing that a reader finds\n%%EOF\n")
    viewer = read(ana, "Petra Prado")

    expect(viewer.get_by_role("alert")).to_contain_text("danificado")
    expect(viewer.get_by_role("link", name="Baixar laudo.pdf")).to_be_visible()


def test_a_scan_is_drawn_that_browsers_know_nothing_of(stage: Theatre, ana: Page) -> None:
    send_pdf(stage, "Plínio Prado", scan())
    viewer = read(ana, "Plínio Prado")

    expect(drawn(viewer, 1)).to_be_visible()
    assert drawn(viewer, 1).evaluate(INK) > 500_000


def test_a_phone_shows_a_page_as_wide_as_itself(stage: Theatre, open_page: OpenPage) -> None:
    send_pdf(stage, "Palmira Prado", pdf(2))
    phone = open_page(
        "ana", viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    viewer = read(phone, "Palmira Prado")
    expect(drawn(viewer, 1)).to_be_visible()

    box = page_of(viewer, 1).bounding_box()
    assert box is not None
    assert 340 <= box["width"] <= 390
    assert drawn(viewer, 1).evaluate("(canvas) => canvas.width") == pytest.approx(box["width"] * 2, abs=2)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390


def test_nothing_of_the_reader_is_loaded_before_a_pdf_is_opened(stage: Theatre, ana: Page) -> None:
    asked: list[str] = []
    ana.on("request", lambda request: asked.append(request.url))
    send_pdf(stage, "Pilar Prado", pdf(1))
    card = bubbles(enter(ana, "Pilar Prado"))
    expect(card.get_by_role("button", name="Abrir laudo.pdf")).to_be_visible()
    assert not [url for url in asked if "pdf" in url]
    card.get_by_role("button", name="Abrir laudo.pdf").click()

    expect(drawn(ana.get_by_role("dialog"), 1)).to_be_visible()
    assert any("pdf-engine" in url for url in asked)
    assert any("pdf.worker" in url for url in asked)
