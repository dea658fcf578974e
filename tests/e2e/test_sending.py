"""Ana answers with all that she can send: it is on the customer's phone, it is read, and Bruno sees it go."""

import re
from collections.abc import Iterator
from io import BytesIO
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, Locator, Page, Request, Response, expect, sync_playwright

from tests.e2e.conftest import OpenPage
from tests.e2e.eyes import bubbles, enter, expect_sharp
from tests.e2e.theatre import CONTROL, Theatre
from tests.journeys.stage import sha256
from tests.servers import find_program

SAMPLES = Path(__file__).resolve().parents[2] / "backend" / "sandbox" / "samples"
ON_THE_PHONE = re.compile("^(Entregue|Lida)$")
LET_GO = r"net::ERR_ABORTED (PUT|POST)"
A_MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """With a microphone into which somebody beeps."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage", *A_MICROPHONE]
        running = playwright.chromium.launch(executable_path=find_program("chromium", "chromium"), args=flags)
        yield running
        running.close()


@pytest.fixture(scope="module")
def big_pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pdf_of(20_000_000, tmp_path_factory.mktemp("pdf") / "apresentacao.pdf")


def pdf_of(size: int, path: Path) -> Path:
    """A real one, with noise before a second end of file that leads to the same first page."""
    body = (SAMPLES / "orcamento.pdf").read_bytes()
    end = body[body.rindex(b"startxref") :]
    path.write_bytes(body + b"\n%" + Random(size).randbytes(size - len(body) - len(end) - 3).replace(b"\n", b" "))
    with path.open("ab") as file:
        file.write(b"\n" + end)
    return path


# What Ana does


def meet(stage: Theatre, page: Page, name: str) -> tuple[str, Locator]:
    """Somebody new has written, and Ana has opened the conversation."""
    someone = stage.customer(name)
    stage.sends("text", customer=someone, text="bom dia")
    log = enter(page, name)
    expect(bubbles(log)).to_have_count(1)
    return someone, log


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Mensagem", exact=True).fill(text)
    page.get_by_role("button", name="Enviar", exact=True).click()


def choose(page: Page, sort: str, *files: Path) -> Locator:
    """Files of the menu's `sort`; returns their cards."""
    page.get_by_role("button", name="Anexar").click()
    with page.expect_file_chooser() as choosing:
        page.get_by_role("menuitem", name=sort).click()
    choosing.value.set_files(files)
    cards = page.get_by_role("list", name="Arquivos escolhidos").get_by_role("listitem")
    expect(cards).to_have_count(len(files))
    return cards


def send_files(page: Page, sort: str, *files: Path) -> None:
    choose(page, sort, *files)
    page.get_by_role("button", name=re.compile(r"^Enviar \d+ arquivo")).click()


def choose_deed(page: Page, bubble: Locator, deed: str) -> None:
    bubble.hover()
    bubble.get_by_role("button", name="Opções da mensagem").click()
    page.get_by_role("menuitem", name=deed).click()


def slow_down(page: Page, bytes_per_second: int) -> None:
    line = page.context.new_cdp_session(page)
    told = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", told)


# What is seen of it


def colleague(stage: Theatre, open_page: OpenPage, page: Page, name: str) -> Locator:
    """The same conversation in Bruno's window."""
    window = open_page("bruno", page.url.removeprefix(stage.url))
    log = window.get_by_role("log", name=f"Mensagens com {name}")
    expect(bubbles(log)).to_have_count(1)
    return log


def tick(bubble: Locator, name: str | re.Pattern[str]) -> Locator:
    return bubble.get_by_role("img", name=name)


def expect_read(stage: Theatre, someone: str, *sides: Locator, first: int = 1) -> None:
    """What follows the first messages arrives on the phone, is opened there, and every window has the ticks of it."""
    how_many = bubbles(sides[0]).count()
    for index in range(first, how_many):
        expect(tick(bubbles(sides[0]).nth(index), ON_THE_PHONE)).to_be_visible(timeout=30_000)
    stage.stage.control("POST", f"{CONTROL}/customers/{someone}/read", json={"played": False})
    for side in sides:
        for index in range(first, how_many):
            expect(tick(bubbles(side).nth(index), "Lida")).to_be_visible()


def from_us(stage: Theatre, someone: str) -> list[dict[str, Any]]:
    return [line for line in stage.ledger_of(someone) if line["from"] == "agent" and line["kind"] != "reaction"]


def is_same_file(line: dict[str, Any], path: Path) -> bool:
    return bool(line["media"]["sha256"] == sha256(path.read_bytes()))


def is_same_picture(stage: Theatre, line: dict[str, Any], path: Path) -> bool:
    """The gateway writes each anew, in a lower quality; two samples differ by fifteen and more."""
    there, here = Image.open(BytesIO(stage.stage.original(line["media"]["id"]))), Image.open(path)
    return there.size == here.size and max(ImageStat.Stat(ImageChops.difference(there, here)).mean) < 4


def part_of(request: Request) -> str:
    """The number of the part that it carries."""
    found = re.search(r"partNumber=(\d+)", request.url)
    return found[1] if found else ""


def puts_of(page: Page) -> tuple[list[str], list[str]]:
    """The parts that began to be sent and those that storage took, by number, from now on."""
    begun, taken = list[str](), list[str]()

    def note(answer: Response) -> None:
        if answer.request.method == "PUT" and answer.ok:
            taken.append(part_of(answer.request))

    page.on("request", lambda request: begun.append(part_of(request)) if request.method == "PUT" else None)
    page.on("response", note)
    return begun, taken


@pytest.fixture
def look(tmp_path: Path) -> Any:
    """`look(page)`: a picture of it, for whoever wants to see what the test saw."""
    number = count(1)
    return lambda page: page.screenshot(path=tmp_path / f"{next(number)}.png")


# Each kind, to "read", in two windows


def test_a_text(stage: Theatre, ana: Page, open_page: OpenPage) -> None:
    someone, log = meet(stage, ana, "Amélia Envios")
    bruno = colleague(stage, open_page, ana, "Amélia Envios")
    write(ana, "Bom dia! *Tudo* certo para amanhã.")

    expect(bubbles(bruno).nth(1)).to_contain_text("Tudo certo para amanhã.")
    expect(bubbles(bruno).nth(1)).to_contain_text("Ana")
    expect_read(stage, someone, log, bruno)
    assert [line["text"] for line in from_us(stage, someone)] == ["Bom dia! *Tudo* certo para amanhã."]


def test_a_photo_with_its_caption(stage: Theatre, ana: Page, open_page: OpenPage) -> None:
    someone, log = meet(stage, ana, "Bento Envios")
    bruno = colleague(stage, open_page, ana, "Bento Envios")
    choose(ana, "Fotos e vídeos", SAMPLES / "album-1.jpg")
    ana.get_by_role("textbox", name="Legenda de album-1.jpg").fill("a recepção")
    ana.get_by_role("button", name="Enviar 1 arquivo").click()

    expect_read(stage, someone, log, bruno)
    expect_sharp(bubbles(bruno).nth(1))
    (line,) = from_us(stage, someone)
    assert (line["kind"], line["text"], line["media"]["mimetype"]) == ("image", "a recepção", "image/jpeg")
    assert is_same_picture(stage, line, SAMPLES / "album-1.jpg")


def test_eight_photos_in_the_order_chosen(stage: Theatre, ana: Page, open_page: OpenPage, look: Any) -> None:
    someone, log = meet(stage, ana, "Célia Envios")
    bruno = colleague(stage, open_page, ana, "Célia Envios")
    chosen = [SAMPLES / f"album-{number}.jpg" for number in (3, 1, 4, 8, 5, 2, 7, 6)]
    cards = choose(ana, "Fotos e vídeos", *chosen)
    expect(cards.locator("img")).to_have_count(8)
    look(ana)
    ana.get_by_role("button", name="Enviar 8 arquivos").click()

    expect(bubbles(log)).to_have_count(9)
    expect_read(stage, someone, log, bruno)
    expect(tick(bubbles(log), "Lida")).to_have_count(8)
    for index in range(1, 9):  # on a picture too, what was read looks different from what was delivered
        drawn = tick(bubbles(log).nth(index), "Lida").locator("path").first
        expect(drawn).not_to_have_css("stroke", "rgb(255, 255, 255)")
    look(ana)
    lines = from_us(stage, someone)
    assert [line["media"]["file_name"] for line in lines] == [path.name for path in chosen]
    assert all(is_same_picture(stage, line, path) for line, path in zip(lines, chosen, strict=True))


def test_a_big_pdf_is_seen_going_by_a_colleague(
    stage: Theatre, ana: Page, open_page: OpenPage, big_pdf: Path, look: Any
) -> None:
    someone, log = meet(stage, ana, "Dirceu Envios")
    bruno = colleague(stage, open_page, ana, "Dirceu Envios")
    _, taken = puts_of(ana)
    slow_down(ana, 6_000_000)
    send_files(ana, "Documentos", big_pdf)
    for side in (log, bruno):
        progress = bubbles(side).nth(1).get_by_role("progressbar", name="Enviando apresentacao.pdf")
        expect(progress).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d?$"))
    expect(bubbles(bruno).nth(1)).to_contain_text("Ana está enviando")
    expect(bubbles(bruno).nth(1)).to_contain_text("apresentacao.pdf")
    look(bruno.page)

    expect_read(stage, someone, log, bruno)
    expect(bubbles(bruno).nth(1).get_by_role("progressbar")).to_have_count(0)
    (line,) = from_us(stage, someone)
    assert (line["kind"], line["media"]["file_name"]) == ("document", "apresentacao.pdf")
    assert is_same_file(line, big_pdf)
    assert sorted(taken) == ["1", "2", "3"]


def test_a_short_video(stage: Theatre, ana: Page, open_page: OpenPage) -> None:
    someone, log = meet(stage, ana, "Elza Envios")
    bruno = colleague(stage, open_page, ana, "Elza Envios")
    choose(ana, "Fotos e vídeos", SAMPLES / "video.mp4")
    write_caption_and_press_enter(ana, "olhe como ficou")

    expect_read(stage, someone, log, bruno)
    expect(bubbles(bruno).nth(1).get_by_role("button", name="Tocar o vídeo")).to_be_visible()
    (line,) = from_us(stage, someone)
    assert (line["kind"], line["text"], line["media"]["mimetype"]) == ("video", "olhe como ficou", "video/mp4")


def write_caption_and_press_enter(page: Page, text: str) -> None:
    """In the field for words, which are the first file's."""
    field = page.get_by_role("textbox", name="Mensagem", exact=True)
    field.fill(text)
    field.press("Enter")


def test_a_recorded_voice(stage: Theatre, ana: Page, open_page: OpenPage, look: Any) -> None:
    ana.context.grant_permissions(["microphone"], origin=stage.url)
    someone, log = meet(stage, ana, "Fábio Envios")
    bruno = colleague(stage, open_page, ana, "Fábio Envios")
    ana.get_by_role("button", name="Gravar mensagem de voz").click()
    bar = ana.get_by_role("group", name="Gravação de voz")
    meter = bar.get_by_role("meter", name="Volume")
    expect(meter).to_be_visible()
    ana.wait_for_function("(meter) => meter.ariaValueNow > 0", arg=meter.element_handle())  # between two beeps it is 0
    expect(bar.get_by_role("timer")).to_have_text(re.compile("^0:(0[2-9]|[1-5][0-9])$"))
    look(ana)
    bar.get_by_role("button", name="Pausar a gravação").click()
    expect(meter).to_have_attribute("aria-valuenow", "0")
    bar.get_by_role("button", name="Continuar a gravação").click()
    bar.get_by_role("button", name="Ouvir antes de enviar").click()
    expect(bar.get_by_role("button", name="Tocar")).to_be_visible()
    bar.get_by_role("button", name="Enviar a mensagem de voz").click()

    expect_read(stage, someone, log, bruno)
    expect(bubbles(bruno).nth(1).get_by_role("region", name="Mensagem de voz")).to_be_visible()
    (line,) = from_us(stage, someone)
    assert (line["kind"], line["media"]["mimetype"].partition(";")[0]) == ("voice", "audio/ogg")
    assert stage.stage.original(line["media"]["id"])[:4] == b"OggS"
    stage.stage.control("POST", f"{CONTROL}/customers/{someone}/read", json={"played": True})
    expect(tick(bubbles(log).nth(1), "Ouvida")).to_be_visible()


# What goes wrong


def test_what_cannot_be_sent_is_said_before_a_byte_leaves(stage: Theatre, ana: Page, tmp_path: Path, look: Any) -> None:
    someone, _ = meet(stage, ana, "Gilda Envios")
    asked: list[str] = []
    ana.on("request", lambda request: asked.append(request.url) if "get-upload-url" in request.url else None)
    program = tmp_path / "instalador.exe"
    program.write_bytes(b"MZ" + bytes(500))
    cards = choose(ana, "Documentos", pdf_of(26 * 1024 * 1024, tmp_path / "enorme.pdf"), program, SAMPLES / "lista.txt")

    expect(cards.nth(0).get_by_role("alert")).to_have_text("Arquivo muito grande. Máximo: 25 MB")
    expect(cards.nth(1).get_by_role("alert")).to_have_text("Tipo de arquivo não permitido.")
    look(ana)
    assert asked == []
    ana.get_by_role("button", name="Remover enorme.pdf").click()
    ana.get_by_role("button", name="Remover instalador.exe").click()
    expect(cards).to_have_count(1)
    ana.get_by_role("button", name="Remover lista.txt").click()
    expect(ana.get_by_role("button", name="Gravar mensagem de voz")).to_be_visible()
    assert (asked, from_us(stage, someone)) == ([], [])
