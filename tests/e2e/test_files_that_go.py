"""Files do not stay for ever: what Ana sees when one expires, how she keeps one, and how one that went comes back."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.eyes import Complaints, bubbles, enter, expect_sharp, keep_sizes, sizes_of
from tests.e2e.theatre import Theatre

EXPIRE = """
from datetime import timedelta
from django.utils import timezone
from backend.media.models import Attachment
month_ago = timezone.now() - timedelta(days=30)
Attachment.objects.filter(pk="{id}").update(stored_at=month_ago, expires_at=month_ago + timedelta(days=29))
"""
LOSE = """
from backend.media.cache import media_cache
from backend.media.models import Attachment
from backend.media.storages import media_storage
row = Attachment.objects.get(pk="{id}")
for key in filter(None, [row.storage_key, row.thumbnail_key, *row.renditions.values()]):
    media_storage().delete(key)
media_cache().forget([row.media_hash])
"""
FORGET = """
from backend.chat.models import Message
Message.objects.filter(attachment="{id}").update(source="", provider_id="")
"""
EXPIRED = re.compile(r"Expirado em \d+ de ")
GONE = r"(404|410|503) (GET|HEAD) /api/chat/attachments/"
PLAYING = "([player]) => player.currentTime > 0.1 && !player.paused"


def sent(stage: Theatre, name: str, kind: str, **draft: Any) -> dict[str, Any]:
    """The message of somebody new, once its file is here and nobody has looked at it."""
    stage.sends(kind, customer=stage.customer(name), **draft)

    def is_here() -> bool:
        known = [one for one in stage.conversations() if one["contact"]["name"] == name]
        return bool(known) and known[0]["last_message"]["attachment"]["status"] == "completed"

    stage.stage.wait_until(is_here)
    message: dict[str, Any] = stage.messages_of(stage.conversation_of(name)["id"])[0]
    return message


def expire(stage: Theatre, message: dict[str, Any]) -> None:
    """Its month passes, and the retention command is run."""
    stage.chat.manage("shell", "-v0", "-c", EXPIRE.format(**message["attachment"]))
    stage.chat.manage("sweep_media", "--apply", "--force")


def lose(stage: Theatre, message: dict[str, Any]) -> None:
    """Its objects and what is remembered of them, behind everybody's back."""
    stage.chat.manage("shell", "-v0", "-c", LOSE.format(**message["attachment"]))


def choose(page: Page, bubble: Locator, item: str) -> None:
    bubble.hover()
    bubble.get_by_role("button", name="Opções da mensagem").click()
    page.get_by_role("menuitem", name=item).click()


def test_a_photo_expires_under_the_eyes_of_its_reader_and_is_asked_for_once(
    stage: Theatre, ana: Page, open_page: OpenPage
) -> None:
    message = sent(stage, "Eva Prado", "image", text="a receita")
    log = enter(ana, "Eva Prado")
    photo = bubbles(log).first
    expect_sharp(photo)
    keep_sizes(ana)
    photo.get_by_role("button", name="Abrir a foto").click()
    viewer = ana.get_by_role("dialog", name="Visualizador de fotos")
    expect(viewer).to_contain_text("1 de 1")
    expire(stage, message)

    expect(viewer).to_contain_text(EXPIRED)
    ana.keyboard.press("Escape")
    expect(photo).to_contain_text(EXPIRED)
    expect(photo).to_contain_text("142 KB")
    expect(photo).to_contain_text("a receita")
    expect(photo.locator("img[src^='data:image/']")).to_be_visible()
    assert len(sizes_of(photo)) == 1
    photo.get_by_role("button", name="Pedir para reenviar").click()
    expect(photo).to_contain_text("Pedido enviado")
    request = bubbles(log).nth(1)
    expect(request).to_contain_text("enviar de novo")
    expect(request.get_by_role("blockquote")).to_have_text("a receita")
    expect(request.get_by_role("img", name=re.compile("Enviada|Entregue|Lida"))).to_be_visible()
    his = bubbles(enter(open_page("bruno"), "Eva Prado")).first
    expect(his).to_contain_text("Pedido enviado")
    expect(his.get_by_role("button", name="Pedir para reenviar")).to_have_count(0)


def test_a_voice_that_expires_while_it_plays_keeps_its_length(stage: Theatre, ana: Page) -> None:
    message = sent(stage, "Elza Prado", "voice")
    voice = bubbles(enter(ana, "Elza Prado")).get_by_role("region", name="Mensagem de voz")
    voice.get_by_role("button", name="Tocar").click()
    ana.wait_for_function(PLAYING, arg=[voice.locator("audio").element_handle()])
    expire(stage, message)

    expect(voice).to_contain_text(EXPIRED)
    expect(voice).to_contain_text("0:07")
    expect(voice.get_by_role("button", name=re.compile("Tocar|Pausar"))).to_have_count(0)
    expect(voice.get_by_role("button", name="Pedir para reenviar")).to_be_visible()


def test_what_is_kept_is_marked_for_everybody_and_survives_its_month(
    stage: Theatre, ana: Page, open_page: OpenPage
) -> None:
    message = sent(stage, "Enzo Prado", "document")
    bruno = open_page("bruno")
    his, hers = (bubbles(enter(page, "Enzo Prado")).first for page in (bruno, ana))
    mark = his.get_by_role("img", name="Mantido: não expira")
    expect(mark).to_have_count(0)
    choose(ana, hers, "Manter arquivo")
    expect(mark).to_have_attribute("title", re.compile("Expira em"))
    expire(stage, message)
    expect(his.get_by_role("button", name="Abrir orcamento.pdf")).to_be_visible()
    choose(bruno, his, "Deixar expirar")
    expect(hers.get_by_role("img", name="Mantido: não expira")).to_have_count(0)
    stage.chat.manage("sweep_media", "--apply", "--force")

    expect(hers).to_contain_text(EXPIRED)
    expect(hers).to_contain_text("orcamento.pdf")


def test_a_photo_that_the_storage_has_lost_is_fetched_again_for_whoever_opens_it(
    stage: Theatre, ana: Page, complaints: Complaints
) -> None:
    complaints.expect(GONE)
    message = sent(stage, "Ester Prado", "image")
    lose(stage, message)
    stage.faults(media={"mode": "slow", "bytes_per_second": 60_000})
    photo = bubbles(enter(ana, "Ester Prado")).first
    keep_sizes(ana)

    expect(photo).to_contain_text("Buscando de novo… · 142 KB")
    expect_sharp(photo)
    expect(photo).not_to_contain_text("Buscando")
    assert len(sizes_of(photo)) == 1


def test_a_video_that_was_lost_plays_after_one_press(stage: Theatre, ana: Page, complaints: Complaints) -> None:
    complaints.expect(GONE)
    message = sent(stage, "Edu Prado", "video")
    film = bubbles(enter(ana, "Edu Prado")).first
    play = film.get_by_role("button", name="Tocar o vídeo")
    expect(play).to_be_visible()
    lose(stage, message)
    stage.faults(media={"mode": "slow", "bytes_per_second": 60_000})
    play.click()

    expect(film).to_contain_text("Buscando de novo…")
    expect(film.locator("video")).to_be_visible()
    ana.wait_for_function(PLAYING, arg=[film.locator("video").element_handle()])


def test_a_pdf_that_was_lost_opens_all_the_same(stage: Theatre, ana: Page, complaints: Complaints) -> None:
    complaints.expect(GONE)
    complaints.expect("net::ERR_ABORTED GET /api/chat/attachments/")  # it stops reading what is fetched again
    message = sent(stage, "Elvira Prado", "document")
    card = bubbles(enter(ana, "Elvira Prado")).first
    expect_sharp(card)
    lose(stage, message)
    card.get_by_role("button", name="Abrir orcamento.pdf").click()

    viewer = ana.get_by_role("dialog", name="Visualizador de PDF")
    expect(viewer.locator("canvas[data-sight=loaded]").first).to_be_visible()
    expect(viewer.get_by_role("status")).to_have_text("1 de 3")


def test_what_nobody_has_any_more_says_so_and_is_asked_for(stage: Theatre, ana: Page, complaints: Complaints) -> None:
    complaints.expect(GONE)
    message = sent(stage, "Élio Prado", "image")
    stage.chat.manage("shell", "-v0", "-c", FORGET.format(**message["attachment"]))
    lose(stage, message)
    photo = bubbles(enter(ana, "Élio Prado")).first

    expect(photo).to_contain_text("Este arquivo não existe mais, nem aqui nem no WhatsApp.")
    expect(photo.get_by_role("button", name="Pedir para reenviar")).to_be_visible()
    expect(photo.get_by_role("button", name="Tentar de novo")).to_have_count(0)


@pytest.mark.parametrize("kind", ["image", "sticker"])
def test_a_storage_that_is_away_for_a_moment_costs_a_moment(
    stage: Theatre, ana: Page, complaints: Complaints, kind: str
) -> None:
    complaints.expect(GONE)
    sent(stage, f"Ema {kind}", kind)
    answers = [503, 503, 503]

    def away(route: Route) -> None:
        if answers:
            route.fulfill(status=answers.pop(), headers={"Retry-After": "1"})
        else:
            route.fallback()

    ana.route(re.compile(r"/attachments/[^/]+/(thumbnail|download)/"), away)
    picture = bubbles(enter(ana, f"Ema {kind}")).first

    expect(picture).to_contain_text("Buscando de novo…")
    expect_sharp(picture)
    assert answers == []


def test_a_face_changes_where_it_is_shown(stage: Theatre, ana: Page) -> None:
    someone = stage.customer("Ivo Prado", picture="carlos.jpg")
    stage.sends("text", customer=someone, text="oi")
    enter(ana, "Ivo Prado")
    head = ana.get_by_role("region", name="Ivo Prado").get_by_role("img", name="Ivo Prado")
    expect(head).to_have_attribute("data-photo", "loaded")
    first = head.locator("img").get_attribute("src") or ""
    box = head.bounding_box()
    stage.stage.control("PATCH", f"/control/instances/clinica-01/customers/{someone}", json={"picture": "joao.jpg"})

    expect(head.locator("img")).not_to_have_attribute("src", first)
    expect(head).to_have_attribute("data-photo", "loaded")
    assert head.bounding_box() == box
    listed = ana.get_by_role("navigation", name="Conversas").get_by_role("link", name="Ivo Prado")
    expect(listed.locator("[data-photo=loaded]")).to_have_count(1)
