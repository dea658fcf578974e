"""The page by keyboard and on a small screen."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.eyes import bubbles, enter, expect_sharp, natural_width, row
from tests.e2e.theatre import Theatre

NO_SIDEWAYS = "document.documentElement.scrollWidth <= innerWidth"


def test_by_keyboard_alone_a_photo_is_opened_and_closed(stage: Theatre, ana: Page) -> None:
    stage.sends("image", customer=stage.customer("Tina Prado"))
    expect(row(ana, "Tina Prado")).to_be_visible()
    ana.get_by_role("searchbox", name="Buscar por nome ou número").focus()
    tab_to(ana, row(ana, "Tina Prado"))
    ana.keyboard.press("Enter")
    photo = bubbles(ana.get_by_role("log", name="Mensagens com Tina Prado"))
    expect_sharp(photo)
    tab_to(ana, photo.get_by_role("button", name="Abrir a foto"))
    ana.keyboard.press("Enter")
    viewer = ana.get_by_role("dialog", name="Visualizador de fotos")
    expect(viewer).to_be_visible()
    ana.keyboard.press("+")
    ana.keyboard.press("Escape")

    expect(viewer).to_have_count(0)
    expect(photo.get_by_role("button", name="Abrir a foto")).to_be_focused()


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus, as a person does who sees where it is."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("(wanted) => wanted === document.activeElement"):
            return
    raise AssertionError("no Tab leads there")


def test_on_a_small_screen_there_is_one_thing_at_a_time(stage: Theatre, open_page: OpenPage) -> None:
    stage.sends("image", customer=stage.customer("Mobi Prado"), text="uma legenda um pouco mais longa do que a foto")
    phone = open_page("ana", viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    row(phone, "Mobi Prado").tap()
    log = phone.get_by_role("log", name="Mensagens com Mobi Prado")
    expect_sharp(bubbles(log))
    expect(phone.get_by_role("navigation", name="Conversas")).to_be_hidden()
    assert phone.evaluate(NO_SIDEWAYS)
    phone.get_by_role("link", name="Voltar").tap()

    expect(row(phone, "Mobi Prado")).to_be_visible()
    expect(log).to_have_count(0)
    assert phone.evaluate(NO_SIDEWAYS)
    phone.go_back()
    expect(log).to_be_visible()


def test_a_conversation_has_an_address_of_its_own(stage: Theatre, ana: Page, open_page: OpenPage) -> None:
    stage.sends("text", customer=stage.customer("Ugo Prado"), text="um endereço")
    enter(ana, "Ugo Prado")
    again = open_page("bruno", ana.url.removeprefix(stage.url))

    expect(bubbles(again.get_by_role("log", name="Mensagens com Ugo Prado"))).to_contain_text("um endereço")


def test_a_customers_own_picture_stands_beside_the_name(stage: Theatre, ana: Page) -> None:
    stage.sends("text", customer="beatriz", text="olá")
    face = row(ana, "Beatriz").locator("img")

    expect(face).to_be_visible()
    assert natural_width(face) > 0


def test_the_search_finds_by_name_and_says_when_there_is_nothing(ana: Page) -> None:
    search = ana.get_by_role("searchbox", name="Buscar por nome ou número")
    search.fill("osvaldo")
    expect(row(ana, "Seu Osvaldo Prates")).to_be_visible()
    expect(row(ana, "Marina Duarte")).to_have_count(0)
    search.fill("ninguém mesmo")

    expect(ana.get_by_text("Nada encontrado para “ninguém mesmo”")).to_be_visible()
