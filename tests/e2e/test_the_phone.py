"""Both sides at once: somebody holds the simulated phone, Ana looks at the chat."""

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.eyes import bubbles, enter, expect_sharp, row
from tests.e2e.theatre import Theatre


def test_what_is_sent_by_hand_is_on_anas_screen(stage: Theatre, ana: Page, open_page: OpenPage) -> None:
    phone = open_page("", f"{stage.sandbox.url}/")
    expect(phone).to_have_url(f"{stage.sandbox.url}/phone/")
    phone.get_by_role("button", name="Carlos Andrade").click()
    phone.get_by_label("Mensagem", exact=True).press_sequentially("Oi, chegou?")
    expect(row(ana, "Carlos Andrade").or_(ana.get_by_text("Carlos Andrade"))).to_have_count(0)
    phone.get_by_role("button", name="Enviar", exact=True).click()
    expect(row(ana, "Carlos Andrade")).to_contain_text("Oi, chegou?")
    own = phone.locator(".bubble.own")
    expect(own.get_by_title("entregue")).to_be_visible()
    log = enter(ana, "Carlos Andrade")
    expect(own.get_by_title("lida")).to_be_visible()
    phone.get_by_role("button", name="Anexar").click()
    phone.get_by_role("menuitem", name="Foto", exact=True).click()

    expect_sharp(bubbles(log).nth(1))
    expect(own.get_by_title("lida")).to_have_count(2)


def test_what_ana_answers_is_read_on_the_phone(stage: Theatre, ana: Page, open_page: OpenPage) -> None:
    stage.sends("text", customer="paula-nogueira", text="tem vaga hoje?")
    log = enter(ana, "Paula Nogueira")
    phone = open_page("", f"{stage.sandbox.url}/phone/")
    phone.get_by_role("button", name="Paula Nogueira").click()
    field = ana.get_by_role("textbox", name="Mensagem")
    expect(field).to_be_focused()
    field.fill("Temos às 15h")
    field.press("Enter")

    expect(phone.locator(".bubble.other")).to_contain_text("Temos às 15h")
    answer = bubbles(log).filter(has_text="Temos às 15h")
    expect(answer.get_by_role("img", name="Lida")).to_be_visible()
    expect(answer).to_have_count(1)
    expect(field).to_have_value("")


def test_who_types_on_the_phone_is_seen_typing(stage: Theatre, ana: Page, open_page: OpenPage) -> None:
    someone = "dona-lourdes"
    stage.sends("text", customer=someone, text="bom dia")
    enter(ana, "Dona Lourdes")
    phone = open_page("", f"{stage.sandbox.url}/phone/")
    phone.get_by_role("button", name="Dona Lourdes").click()
    phone.get_by_label("Mensagem", exact=True).press_sequentially("eu queria")

    expect(ana.get_by_role("status").filter(has_text="Dona Lourdes está digitando…")).to_be_visible()
