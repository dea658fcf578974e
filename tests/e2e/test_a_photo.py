"""A customer's photo on Ana's screen: at once, without a jump, and never without a word when it fails."""

import re

from playwright.sync_api import Page, Route, expect

from tests.e2e.eyes import bubbles, enter, expect_sharp, keep_sizes, natural_width, sharp, sizes_of
from tests.e2e.theatre import Theatre


def test_it_paints_blurred_at_once_and_becomes_sharp_without_a_jump(stage: Theatre, ana: Page) -> None:
    held: list[Route] = []
    ana.route("**/thumbnail/**", lambda route: held.append(route))
    someone = stage.customer("Lívia Prado")
    stage.sends("text", customer=someone, text="segue a receita")
    log = enter(ana, "Lívia Prado")
    keep_sizes(ana)
    with ana.expect_request("**/thumbnail/**"):
        stage.sends("image", customer=someone, text="a minha receita")
    photo = bubbles(log).nth(1)

    preview = photo.locator("img[src^='data:image/']")
    expect(preview).to_be_visible()
    assert natural_width(preview) > 0
    expect(sharp(photo)).to_have_count(0)
    for route in held:
        route.continue_()
    expect_sharp(photo)
    expect(photo.get_by_role("img", name="a minha receita")).to_be_visible()
    assert natural_width(sharp(photo)) > natural_width(preview)
    assert len(sizes_of(photo)) == 1


def test_a_slow_one_shows_how_far_it_is(stage: Theatre, ana: Page) -> None:
    stage.faults(media={"mode": "slow", "bytes_per_second": 40_000})
    someone = stage.customer("Téo Prado")
    stage.sends("text", customer=someone, text="vai demorar")
    log = enter(ana, "Téo Prado")
    keep_sizes(ana)
    stage.sends("image", customer=someone)
    photo = bubbles(log).nth(1)

    progress = photo.get_by_role("progressbar", name=re.compile("^Baixando"))
    expect(progress).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d?$"))
    expect(photo).to_contain_text(re.compile("Baixando · 142 KB"))
    expect_sharp(photo)
    expect(progress).to_have_count(0)
    assert len(sizes_of(photo)) == 1


def test_a_failed_one_says_why_and_can_be_tried_again(stage: Theatre, ana: Page) -> None:
    stage.clock(0.02)
    stage.faults(media={"mode": "status", "status": 404, "also_gateway": True})
    someone = stage.customer("Rute Prado")
    stage.sends("image", customer=someone)
    log = enter(ana, "Rute Prado")
    photo = bubbles(log)
    keep_sizes(ana)

    expect(photo.get_by_role("alert")).to_contain_text("O servidor de mídia do WhatsApp não respondeu.")
    stage.faults()
    photo.get_by_role("button", name="Tentar de novo").click()
    expect_sharp(photo)
    expect(photo.get_by_role("alert")).to_have_count(0)
    assert len(sizes_of(photo)) == 1
