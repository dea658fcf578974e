"""As many pixels as a screen has, and no more bytes than that."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage
from tests.e2e.eyes import bubbles, enter, expect_sharp, sharp
from tests.e2e.theatre import Theatre


@pytest.mark.parametrize(("pixels", "loaded"), [(1, "thumbnail"), (2, "download")])
def test_a_photo_is_loaded_as_large_as_the_screen_can_show_it(
    stage: Theatre, open_page: OpenPage, pixels: int, loaded: str
) -> None:
    name = f"Nina Prado {pixels}"
    stage.sends("image", customer=stage.customer(name))
    page = open_page("ana", device_scale_factor=pixels)
    photo = bubbles(enter(page, name)).first
    expect_sharp(photo)

    source = sharp(photo).evaluate("(image) => image.currentSrc")
    assert f"/{loaded}/" in source
    box = photo.get_by_role("img").bounding_box()
    assert box is not None
    assert sharp(photo).evaluate("async (image) => (await createImageBitmap(image)).width") >= box["width"] * pixels
    expect(sharp(photo)).to_have_count(1)
