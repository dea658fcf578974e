"""A conversation that is over stays as it was; whoever writes again begins or reopens one, before Ana's eyes."""

from playwright.sync_api import Page, expect

from tests.e2e.eyes import Complaints, bubbles, enter, row
from tests.e2e.theatre import Theatre


def resolve(stage: Theatre, name: str) -> str:
    """Somebody closes it, by the API. Returns its id."""
    conversation: str = stage.conversation_of(name)["id"]
    answer = stage.stage.send("PATCH", f"/api/chat/conversations/{conversation}/", {"status": "resolved"})
    assert answer.status_code == 200
    return conversation


def test_a_colleague_who_reopens_it_takes_the_mark_away(stage: Theatre, ana: Page) -> None:
    stage.sends("text", customer=stage.customer("Rita Prado"), text="obrigada!")
    log = enter(ana, "Rita Prado")
    conversation = resolve(stage, "Rita Prado")
    expect(row(ana, "Rita Prado")).to_contain_text("Resolvida")
    answer = stage.stage.send("PATCH", f"/api/chat/conversations/{conversation}/", {"status": "open"})
    assert answer.status_code == 200

    expect(row(ana, "Rita Prado")).not_to_contain_text("Resolvida")
    expect(bubbles(log)).to_have_count(1)
    field = ana.get_by_role("textbox", name="Mensagem")
    field.fill("Volte sempre")
    field.press("Enter")
    expect(bubbles(log).filter(has_text="Volte sempre").get_by_role("img", name="Entregue")).to_be_visible()


def test_a_customer_who_writes_again_has_an_open_one_beside_it(
    stage: Theatre, ana: Page, complaints: Complaints
) -> None:
    complaints.expect("409 POST /api/chat/conversations/")
    someone = stage.customer("Rui Prado")
    stage.sends("text", customer=someone, text="obrigado!")
    log = enter(ana, "Rui Prado")
    expect(bubbles(log)).to_have_count(1)
    resolved = resolve(stage, "Rui Prado")
    expect(row(ana, "Rui Prado")).to_contain_text("Resolvida")
    stage.sends("text", customer=someone, text="só mais uma coisa")

    expect(row(ana, "Rui Prado")).to_have_count(2)
    expect(row(ana, "Rui Prado").first).to_contain_text("só mais uma coisa")
    expect(row(ana, "Rui Prado").first).not_to_contain_text("Resolvida")
    expect(ana).to_have_url(f"{stage.url}/c/{resolved}")
    expect(bubbles(log)).to_have_count(1)
    field = ana.get_by_role("textbox", name="Mensagem")
    field.fill("respondo aqui?")
    field.press("Enter")
    expect(bubbles(log).filter(has_text="respondo aqui?")).to_contain_text("Responda nela.")
    row(ana, "Rui Prado").first.click()
    expect(bubbles(ana.get_by_role("log")).first).to_contain_text("só mais uma coisa")
