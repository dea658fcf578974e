"""The server dies while the page is open: the page says so, comes back by its cursor, and nothing is missing."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.eyes import Complaints, bubbles, enter, expect_sharp
from tests.e2e.theatre import Theatre

OF_A_DEAD_SERVER = r"console: WebSocket connection to|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE"


def test_killed_and_started_again_it_misses_nothing(stage: Theatre, ana: Page, complaints: Complaints) -> None:
    complaints.expect(OF_A_DEAD_SERVER)
    sockets: list[str] = []
    ana.on("websocket", lambda socket: sockets.append(socket.url))
    stage.clock(0.02)
    someone = stage.customer("Davi Prado")
    stage.sends("text", customer=someone, text="antes")
    log = enter(ana, "Davi Prado")
    expect(bubbles(log)).to_have_count(1)
    ana.evaluate("window.wasNotReloaded = true")

    stage.chat.kill9()
    expect(ana.get_by_role("status").filter(has_text="Sem conexão com o servidor")).to_be_visible()
    stage.sends("text", customer=someone, text="enquanto caído")
    stage.sends("image", customer=someone, text="a foto")
    stage.chat.start()
    stage.sends("text", customer=someone, text="depois")

    expect(bubbles(log)).to_have_count(4)
    expect(ana.get_by_role("status").filter(has_text="Sem conexão")).to_have_count(0)
    for text in ("antes", "enquanto caído", "a foto", "depois"):
        expect(bubbles(log).filter(has_text=text)).to_have_count(1)
    expect_sharp(bubbles(log).filter(has_text="a foto"))
    assert ana.evaluate("window.wasNotReloaded")
    assert all(re.search(r"\?after=\d+$", address) for address in sockets)
    shown = log.locator("[data-message-id]").evaluate_all("all => all.map(one => one.dataset.messageId)")
    conversation = stage.conversation_of("Davi Prado")
    assert shown == [message["id"] for message in stage.messages_of(conversation["id"])]


def test_what_ana_writes_meanwhile_is_sent_once_when_the_server_is_back(
    stage: Theatre, ana: Page, complaints: Complaints
) -> None:
    complaints.expect(OF_A_DEAD_SERVER)
    someone = stage.customer("Caio Prado")
    stage.sends("text", customer=someone, text="vocês estão aí?")
    log = enter(ana, "Caio Prado")
    field = ana.get_by_role("textbox", name="Mensagem")
    expect(field).to_be_visible()
    stage.chat.kill9()
    field.fill("Estamos sim")
    field.press("Enter")
    answer = bubbles(log).filter(has_text="Estamos sim")
    expect(answer).to_be_visible()
    stage.chat.start()

    expect(answer.get_by_role("img", name=re.compile("Entregue|Lida"))).to_be_visible(timeout=30_000)
    expect(answer).to_have_count(1)
    assert [line["text"] for line in stage.ledger_of(someone)] == ["vocês estão aí?", "Estamos sim"]
