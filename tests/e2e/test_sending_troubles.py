"""What Ana sends is called back, fails, is cut off by a reload; and what she does to a message that was sent."""

import re
import time
from collections import Counter
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.e2e.eyes import Complaints, bubbles
from tests.e2e.test_sending import (
    LET_GO,
    ON_THE_PHONE,
    choose_deed,
    from_us,
    is_same_file,
    meet,
    part_of,
    pdf_of,
    puts_of,
    send_files,
    slow_down,
    tick,
    write,
)
from tests.e2e.theatre import Theatre
from tests.journeys.test_uploads import film

THUMB = "\N{THUMBS UP SIGN}"
CUT_OFF = r"net::ERR_CONNECTION_RESET"


class Line:
    """The browser's way to the storage: it is cut once under each part of `cuts`, and stands still at the part `still`
    until the page is loaded anew."""

    def __init__(self, page: Page, *, cuts: set[str], still: str) -> None:
        self.cuts, self._still = cuts, still
        self._page = page
        self.is_still = False
        page.route(lambda url: "partNumber=" in url, self._carry)

    def wait_until_still(self) -> None:
        deadline = time.monotonic() + 60
        while not self.is_still or self.cuts:
            assert time.monotonic() < deadline, f"it is still to be cut at {self.cuts}"
            self._page.wait_for_timeout(50)

    def _carry(self, route: Route) -> None:
        part = part_of(route.request)
        if part in self.cuts:
            self.cuts.remove(part)
            route.abort("connectionreset")
        elif part == self._still and not self.is_still:
            self.is_still = True
        else:
            route.continue_()


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


def test_fifty_megabytes_survive_two_cuts_and_a_reload(
    stage: Theatre, ana: Page, complaints: Complaints, tmp_path: Path
) -> None:
    complaints.expect(LET_GO)
    complaints.expect(CUT_OFF)
    someone, log = meet(stage, ana, "Jonas Envios")
    path = tmp_path / "visita.mp4"
    path.write_bytes(film(50_000_000, tmp_path))
    begun, taken = puts_of(ana)
    line = Line(ana, cuts={"2", "4"}, still="5")
    send_files(ana, "Fotos e vídeos", path)
    line.wait_until_still()
    slow_down(ana, 4_000_000)
    ana.reload()
    video = bubbles(log).nth(1)

    expect(video.get_by_role("progressbar", name="Enviando visita.mp4")).to_be_visible()
    expect(tick(video, ON_THE_PHONE)).to_be_visible(timeout=60_000)
    expect(bubbles(log)).to_have_count(2)
    assert sorted(taken) == ["1", "2", "3", "4", "5", "6"], "a part that storage had was sent again"
    assert {part for part, times in Counter(begun).items() if times > 1} >= {"2", "4", "5"}
    (received,) = from_us(stage, someone)
    assert is_same_file(received, path)


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
