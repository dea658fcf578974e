"""What Ana sends is called back, fails, is cut off by a reload; and what she does to a message that was sent."""

import re
from collections import Counter
from pathlib import Path

from playwright.sync_api import Page, Response, expect

from tests.e2e.eyes import Complaints, bubbles
from tests.e2e.test_sending import (
    LET_GO,
    ON_THE_PHONE,
    choose_deed,
    from_us,
    is_same_file,
    meet,
    pdf_of,
    puts_of,
    send_files,
    slow_down,
    tick,
    write,
)
from tests.e2e.theatre import Theatre

THUMB = "\N{THUMBS UP SIGN}"


def test_an_upload_is_called_back(stage: Theatre, ana: Page, complaints: Complaints, tmp_path: Path) -> None:
    complaints.expect(LET_GO)
    someone, log = meet(stage, ana, "Hugo Envios")
    slow_down(ana, 1_000_000)
    send_files(ana, "Documentos", pdf_of(9_000_000, tmp_path / "errado.pdf"))
    wrong = bubbles(log).nth(1)
    expect(wrong.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d?$"))
    wrong.get_by_role("button", name="Cancelar o envio de errado.pdf").click()

    expect(wrong.get_by_role("alert")).to_contain_text("Envio cancelado.")
    expect(wrong.get_by_role("progressbar")).to_have_count(0)
    slow_down(ana, -1)
    write(ana, "desculpe, era outro")
    expect(tick(bubbles(log).nth(2), ON_THE_PHONE)).to_be_visible()
    assert [line["text"] for line in from_us(stage, someone)] == ["desculpe, era outro"]


def test_a_failed_message_says_why_and_is_tried_again(stage: Theatre, ana: Page) -> None:
    someone, log = meet(stage, ana, "Iara Envios")
    stage.faults(gateway={"mode": "not_on_whatsapp", "count": 1})
    write(ana, "chegou?")
    message = bubbles(log).nth(1)
    expect(message.get_by_role("alert")).to_contain_text("Este número não está no WhatsApp.")
    expect(tick(message, "Não enviada")).to_be_visible()
    assert from_us(stage, someone) == []
    message.get_by_role("button", name="Tentar de novo").click()

    expect(tick(message, ON_THE_PHONE)).to_be_visible()
    expect(message.get_by_role("alert")).to_have_count(0)
    assert [line["text"] for line in from_us(stage, someone)] == ["chegou?"]


def test_a_reload_goes_on_with_the_parts_that_are_missing(
    stage: Theatre, ana: Page, complaints: Complaints, tmp_path: Path
) -> None:
    complaints.expect(LET_GO)
    someone, log = meet(stage, ana, "Jonas Envios")
    path = pdf_of(24_000_000, tmp_path / "manual.pdf")
    begun, taken = puts_of(ana)
    slow_down(ana, 6_000_000)

    def has_two(answer: Response) -> bool:
        return answer.request.method == "PUT" and len(taken) >= 2

    with ana.expect_response(has_two):
        send_files(ana, "Documentos", path)
    assert len(taken) == 2
    ana.reload()
    document = bubbles(log).nth(1)

    expect(document.get_by_role("progressbar", name="Enviando manual.pdf")).to_be_visible()
    expect(tick(document, ON_THE_PHONE)).to_be_visible(timeout=30_000)
    expect(bubbles(log)).to_have_count(2)
    assert sorted(taken) == ["1", "2", "3"]
    assert Counter(begun) == {"1": 1, "2": 1, "3": 2}
    (line,) = from_us(stage, someone)
    assert is_same_file(line, path)


def test_a_reply_and_a_reaction_reach_the_phone(stage: Theatre, ana: Page) -> None:
    someone, log = meet(stage, ana, "Kátia Envios")
    (theirs,) = stage.ledger_of(someone)
    choose_deed(ana, bubbles(log).first, "Responder")
    expect(ana.get_by_role("group", name="Resposta a Kátia Envios")).to_contain_text("bom dia")
    write(ana, "bom dia, Kátia")
    expect(bubbles(log).nth(1).get_by_role("blockquote")).to_have_text("bom dia")
    expect(tick(bubbles(log).nth(1), ON_THE_PHONE)).to_be_visible()
    choose_deed(ana, bubbles(log).first, f"Reagir com {THUMB}")

    chips = bubbles(log).first.get_by_role("list", name="Reações").get_by_role("listitem")
    expect(chips).to_have_accessible_name(re.compile(f"^{THUMB} de "))
    assert from_us(stage, someone)[0]["quoted_id"] == theirs["id"]
    stage.stage.wait_until(lambda: stage.ledger_of(someone)[0]["reactions"] == {"agent": THUMB})


def test_an_edit_and_a_deletion_reach_the_phone(stage: Theatre, ana: Page) -> None:
    someone, log = meet(stage, ana, "Lauro Envios")
    write(ana, "abrimos as nove")
    message = bubbles(log).nth(1)
    expect(tick(message, ON_THE_PHONE)).to_be_visible()
    choose_deed(ana, message, "Editar")
    field = ana.get_by_role("textbox", name="Mensagem", exact=True)
    expect(field).to_have_value("abrimos as nove")
    field.fill("abrimos às nove")
    ana.get_by_role("button", name="Salvar a edição").click()

    expect(message).to_contain_text("abrimos às nove")
    expect(message).to_contain_text("editada")
    stage.stage.wait_until(lambda: from_us(stage, someone)[0]["is_edited"])
    assert from_us(stage, someone)[0]["text"] == "abrimos às nove"
    choose_deed(ana, message, "Apagar para todos")
    ana.get_by_role("alertdialog").get_by_role("button", name="Apagar").click()
    expect(message).to_contain_text("Esta mensagem foi apagada")
    stage.stage.wait_until(lambda: from_us(stage, someone)[0]["is_deleted"])
