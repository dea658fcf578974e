"""Whatever WhatsApp sends is shown as what it is."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.e2e.eyes import bubbles, enter, expect_sharp, row
from tests.e2e.theatre import Theatre

PLAYED = "(player) => player.currentTime > 0.3 && !player.paused"
SOUGHT = "(player, at) => player.seekable.length && !player.seeking && Math.abs(player.currentTime - at) < 1.5"


def shown(stage: Theatre, page: Page, name: str, kind: str, **draft: Any) -> Locator:
    """The bubble of one message from somebody new."""
    stage.sends(kind, customer=stage.customer(name), **draft)
    return bubbles(enter(page, name))


def wait_for_player(page: Page, player: Locator, condition: str, argument: float = 0) -> None:
    page.wait_for_function(f"([player, at]) => ({condition})(player, at)", arg=[player.element_handle(), argument])


def ranges_of(page: Page) -> list[Request]:
    """The requests with a Range, from now on."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.headers.get("range") else None)
    return asked


def test_a_voice_note_is_played_and_sought(stage: Theatre, ana: Page) -> None:
    voice = shown(stage, ana, "Vera Prado", "voice").get_by_role("region", name="Mensagem de voz")
    asked = ranges_of(ana)
    expect(voice.get_by_role("button", name="Tocar")).to_be_visible()
    assert asked == []  # nothing of it is fetched before somebody wants to hear it
    voice.get_by_role("button", name="Tocar").click()
    expect(voice.get_by_role("button", name="Pausar")).to_be_visible()
    player, track = voice.locator("audio"), voice.get_by_role("slider", name="Posição")
    wait_for_player(ana, player, PLAYED)
    voice.get_by_role("button", name="Pausar").click()
    length = float(track.get_attribute("aria-valuemax") or 0)
    track.press("Home")
    expect(track).to_have_attribute("aria-valuenow", "0")
    box = track.bounding_box()
    assert box is not None
    track.click(position={"x": box["width"] / 2, "y": box["height"] / 2})

    wait_for_player(ana, player, SOUGHT, length / 2)
    expect(track).to_have_attribute("aria-valuenow", re.compile(f"^{int(length / 2)}|{int(length / 2) + 1}$"))
    voice.get_by_role("button", name="Velocidade 1×").click()
    assert player.evaluate("(player) => player.playbackRate") == 1.5
    assert asked[0].response().status == 206


def test_a_video_is_played_and_sought_by_range(stage: Theatre, ana: Page) -> None:
    film = shown(stage, ana, "Vítor Prado", "video", text="olha só")
    play = film.get_by_role("button", name="Tocar o vídeo")
    expect(play).to_be_visible()
    expect(film).to_contain_text("olha só")
    poster = film.locator("img[data-sight]").get_attribute("src") or ""
    assert ana.request.get(poster).headers["content-type"].startswith("image/")
    asked = ranges_of(ana)
    play.click()
    player = film.locator("video")
    wait_for_player(ana, player, PLAYED)
    late = float(player.evaluate("(player) => player.currentTime = player.duration * 0.8"))

    wait_for_player(ana, player, SOUGHT, late)
    assert asked[0].response().status == 206
    source = film.locator("source").get_attribute("src") or ""
    part = ana.request.get(source, headers={"Range": "bytes=1000-1999"})
    assert (part.status, len(part.body())) == (206, 1000)


def test_a_gif_moves_by_itself(stage: Theatre, ana: Page) -> None:
    loop = shown(stage, ana, "Gil Prado", "gif")

    wait_for_player(ana, loop.get_by_label("Vídeo"), PLAYED)


def test_a_document_is_opened_and_downloaded(stage: Theatre, ana: Page) -> None:
    card = shown(stage, ana, "Dora Prado", "document")
    expect(card).to_contain_text("orcamento.pdf")
    expect(card).to_contain_text(re.compile(r"PDF · \d+ páginas? · 156 KB"))
    expect_sharp(card)
    with ana.expect_download() as coming:
        card.get_by_role("link", name="Baixar orcamento.pdf").click()

    assert coming.value.suggested_filename == "orcamento.pdf"
    assert coming.value.path().read_bytes()[:5] == b"%PDF-"
    card.get_by_role("button", name="Abrir orcamento.pdf").click()
    view = ana.get_by_role("dialog").get_by_role("link", name="Abrir em outra aba")
    opened = ana.request.get(view.get_attribute("href") or "")
    assert opened.headers["content-type"] == "application/pdf"
    assert opened.headers.get("content-disposition", "inline").startswith("inline")


def test_a_file_that_no_browser_shows_is_only_downloaded(stage: Theatre, ana: Page) -> None:
    card = shown(stage, ana, "Zeca Prado", "document", sample="arquivos.zip")

    expect(card.get_by_role("link", name="Baixar arquivos.zip")).to_be_visible()
    expect(card.get_by_role("link", name=re.compile("^Abrir"))).to_have_count(0)


@pytest.mark.parametrize("sample", ["sticker.webp", "sticker-animated.webp"])
def test_a_sticker_is_drawn(stage: Theatre, ana: Page, sample: str) -> None:
    name = f"Sônia {sample.partition('.')[0]}"
    sticker = shown(stage, ana, name, "sticker", sample=sample)

    expect_sharp(sticker)
    expect(sticker.get_by_role("img", name="Figurinha")).to_be_visible()


def test_a_place_and_a_contact_are_cards(stage: Theatre, ana: Page) -> None:
    someone = stage.customer("Léo Prado")
    stage.sends("location", customer=someone)
    stage.sends("contact", customer=someone)
    both = bubbles(enter(ana, "Léo Prado"))
    place, contact = both.filter(has_text="Padaria do Bairro"), both.filter(has_text="João Silva")

    expect(place).to_contain_text("Rua das Flores, 100")
    map_link = place.get_by_role("link", name="Abrir no mapa")
    expect(map_link).to_have_attribute("href", re.compile(r"query=-20\.8113,-49\.3758$"))
    call = contact.get_by_role("link", name="Ligar para +55 17 99999-0003")
    expect(call).to_have_attribute("href", re.compile(r"^tel:\+?5517999990003$"))


def test_an_answer_a_reaction_an_edit_and_a_deletion(stage: Theatre, ana: Page) -> None:
    someone = stage.customer("Quitéria Prado")
    first = stage.sends("text", customer=someone, text="vocês abrem sábado?")
    log = enter(ana, "Quitéria Prado")
    answer = stage.sends("text", customer=someone, text="até que horas", quoted=first["id"])
    wrong = stage.sends("text", customer=someone, text="mensagem errada")
    expect(bubbles(log)).to_have_count(3)
    stage.does(first, "react", emoji="\N{THUMBS UP SIGN}")
    stage.does(answer, "edit", text="até que horas?")
    stage.does(wrong, "delete")

    asked, answered, gone = (bubbles(log).nth(index) for index in range(3))
    chips = asked.get_by_role("list", name="Reações").get_by_role("listitem")
    expect(chips).to_have_accessible_name("\N{THUMBS UP SIGN} de Quitéria Prado")
    expect(answered.get_by_role("blockquote")).to_have_text("vocês abrem sábado?")
    expect(answered).to_contain_text("até que horas?")
    expect(answered).to_contain_text("editada")
    expect(gone).to_contain_text("Esta mensagem foi apagada")
    expect(gone).not_to_contain_text("errada")


def test_in_a_group_everybody_has_a_name(stage: Theatre, ana: Page) -> None:
    for speaker, text in (("maria-souza", "Chegamos"), ("joao-pereira", "Estou estacionando")):
        stage.sends("text", customer="familia-souza", participant=speaker, text=text)
    row(ana, "João: Estou estacionando").click()
    said = bubbles(ana.get_by_role("log"))

    expect(said.filter(has_text="Chegamos")).to_contain_text("Maria Souza")
    expect(said.filter(has_text="Estou estacionando")).to_contain_text("João Pereira")


def test_an_album_of_eight_is_eight_photos_in_the_viewer(stage: Theatre, ana: Page) -> None:
    photos = shown(stage, ana, "Alba Prado", "album")
    opens = photos.get_by_role("button", name="Abrir a foto")
    expect(opens).to_have_count(8)
    opens.first.click()
    viewer = ana.get_by_role("dialog", name="Visualizador de fotos")
    for index in range(1, 9):
        expect(viewer).to_contain_text(f"{index} de 8")
        ana.keyboard.press("ArrowRight")

    expect(viewer.get_by_role("button", name="Próxima foto")).to_have_count(0)
    viewer.get_by_role("button", name="Fechar").click()
    expect(viewer).to_have_count(0)
    for index in range(8):
        photos.nth(index).scroll_into_view_if_needed()
        expect_sharp(photos.nth(index))
