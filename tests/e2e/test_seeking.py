"""Somebody jumps about in a video of 50 MB: the frame that is painted is the one that was asked for."""

import statistics

from playwright.sync_api import Page, expect

from tests.e2e.eyes import bubbles, enter
from tests.e2e.theatre import Theatre
from tests.seeking import jumps, play, send_film


def test_the_right_frame_of_a_long_video_is_painted_after_each_jump(stage: Theatre, ana: Page) -> None:
    send_film(stage.stage, stage.customer("Saulo Prado"))
    expect(bubbles(enter(ana, "Saulo Prado")).first).to_contain_text("1:00")
    asked: list[str] = []
    ana.on("request", lambda request: asked.append(request.headers.get("range", "")))
    made = jumps(ana, play(ana), 6)

    assert [jump.shown for jump in made] == [jump.wanted for jump in made]
    assert len(made) == 6
    ranges = [text for text in asked if text.startswith("bytes=") and text != "bytes=0-"]
    assert len(ranges) >= len(made)
    print(f"jump to painted frame: median {statistics.median(jump.milliseconds for jump in made):.0f} ms")
