"""Logging in, the language of the page, and the stranger."""

import json
import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.eyes import Complaints, bubbles, enter, row
from tests.e2e.theatre import Theatre


def log_in(page: Page, login: dict[str, str]) -> None:
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Senha", exact=True).fill(login["password"])
    page.get_by_role("button", name="Entrar").click()


def test_a_wrong_password_is_told_and_the_right_one_opens_the_inbox(
    stage: Theatre, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expect("401 POST /api/auth/login/")
    page = open_page("")
    log_in(page, stage.login_of("ana") | {"password": "errada"})
    expect(page.get_by_role("alert")).to_have_text("E-mail ou senha não conferem.")
    log_in(page, stage.login_of("ana"))

    expect(page.get_by_role("heading", name="Conversas")).to_be_visible()
    expect(row(page, "Júlia Antunes").get_by_text("2 não lidas")).to_be_attached()
    expect(row(page, "Marina Duarte").get_by_text("1 não lida")).to_be_attached()
    expect(row(page, "Seu Osvaldo Prates")).not_to_contain_text("não lida")
    expect(page).to_have_title(re.compile(r"^\(\d+\) ALREA Sense$"))


def test_what_is_opened_is_read(stage: Theatre, ana: Page) -> None:
    someone = stage.customer("Noêmia Prado")
    stage.sends("text", customer=someone, text="*oi*, tudo bem?")
    expect(row(ana, "Noêmia Prado").get_by_text("1 não lida")).to_be_attached()
    log = enter(ana, "Noêmia Prado")

    expect(bubbles(log)).to_have_text(re.compile("^oi, tudo bem?"))
    expect(log.locator("strong")).to_have_text("oi")
    expect(row(ana, "Noêmia Prado")).not_to_contain_text("não lida")


def test_logging_out_shows_the_login_again(open_page: OpenPage, stage: Theatre) -> None:
    page = open_page("")
    log_in(page, stage.login_of("bruno"))
    page.get_by_role("button", name="Conta e preferências").click()
    page.get_by_role("menuitem", name="Sair").click()
    expect(page.get_by_role("heading", name="Entrar no atendimento")).to_be_visible()
    page.reload()

    expect(page.get_by_role("heading", name="Entrar no atendimento")).to_be_visible()


def test_the_language_is_switched_and_kept(ana: Page) -> None:
    ana.get_by_role("button", name="Conta e preferências").click()
    ana.get_by_role("menuitemradio", name="English").click()
    expect(ana.get_by_role("heading", name="Conversations")).to_be_visible()
    expect(ana.locator("html")).to_have_attribute("lang", "en")
    ana.reload()

    expect(ana.get_by_role("navigation", name="Conversations")).to_be_visible()
    expect(row(ana, "Júlia Antunes")).to_contain_text("unread")


def test_a_stranger_sees_nothing_of_it(stage: Theatre, ana: Page, open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expect("404 GET /api/chat/conversations/")
    carla = open_page("carla", "about:blank")
    frames: list[dict[str, object]] = []
    carla.on("websocket", lambda socket: socket.on("framereceived", lambda text: frames.append(json.loads(text))))
    carla.goto("/")
    expect(carla.get_by_text("Nenhuma conversa ainda")).to_be_visible()
    stage.sends("image", customer=stage.customer("Ivo Secreto"), text="só para a Acme")
    log = enter(ana, "Ivo Secreto")
    photo = bubbles(log).get_by_role("link", name="Baixar")
    expect(photo).to_be_attached()
    address = photo.get_attribute("href") or ""

    expect(carla.get_by_text("Nenhuma conversa ainda")).to_be_visible()
    assert {str(frame["type"]) for frame in frames} <= {"hello", "tick", "presence"}
    assert "Ana" not in json.dumps(frames)
    assert carla.request.get(address).status == 404
    assert ana.request.get(address).status == 200
    carla.goto(ana.url)
    expect(carla.get_by_text("Esta conversa não existe ou não é sua.")).to_be_visible()
