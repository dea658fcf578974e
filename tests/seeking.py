"""Jumps in a long video, as somebody at the page makes them: how long until the right frame is painted."""

import json
import random
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, ElementHandle, Page, expect

from tests.films import FRAMES_A_SECOND, SECONDS, number_shown, numbered_film
from tests.journeys.stage import INSTANCE, Stage

FETCHED_SECONDS = 120

JUMP = """async ([player, at]) => {
  const began = performance.now();
  const painted = new Promise((resolve) => {
    const look = (_, { mediaTime }) => {
      if (Math.abs(mediaTime - at) < 0.11) resolve(performance.now() - began);
      else player.requestVideoFrameCallback(look);
    };
    player.requestVideoFrameCallback(look);
  });
  player.currentTime = at;
  return painted;
}"""
"""Milliseconds until the frame at `at` seconds is painted. The player is paused: no other frame comes in between."""
IS_BUFFERED = """([player, at]) => Array.from({ length: player.buffered.length }, (_, index) => index).some(
  (index) => player.buffered.start(index) <= at + 1 && at <= player.buffered.end(index))"""
STARTED = "([player]) => player.currentTime > 0.2"


@dataclass(frozen=True, slots=True)
class Jump:
    """`wanted` and `shown` are numbers of frames."""

    milliseconds: float
    wanted: int
    shown: int


def send_film(stage: Stage, customer: str) -> None:
    """A customer sends the numbered film, and it is here."""
    path = f"/control/instances/{INSTANCE}/customers/{customer}/messages"
    file = ("longo.mp4", numbered_film(), "video/mp4")
    sent = stage.control("POST", path, data={"draft": json.dumps({"kind": "video"})}, files={"file": file})
    with stage.watch(after=0) as ana:
        ana.wait(lambda watcher: _arrived(watcher.events, sent["id"]), FETCHED_SECONDS, "the film")


def _arrived(events: list[Any], provider_id: str) -> bool:
    mine = {
        e["message"]["id"]
        for e in events
        if e["type"] == "message_received" and e["message"]["provider_id"] == provider_id
    }
    return any(event["type"] == "attachment_ready" and event["message_id"] in mine for event in events)


def play(page: Page) -> ElementHandle:
    """Press play in the open thread, then pause. Returns the player."""
    page.get_by_role("button", name="Tocar o vídeo").click()
    player = page.get_by_label("Vídeo", exact=True).element_handle()
    page.wait_for_function(STARTED, arg=[player])
    page.evaluate("([player]) => player.pause()", [player])
    return player


def jumps(page: Page, player: ElementHandle, count: int, *, seed: int = 0) -> list[Jump]:
    """To frames that the browser has not fetched yet, all over the film."""
    made: list[Jump] = []
    frames = list(range(0, SECONDS * FRAMES_A_SECOND, 7))
    random.Random(seed).shuffle(frames)
    for wanted in frames:
        if len(made) == count:
            break
        at = (wanted + 0.5) / FRAMES_A_SECOND
        if page.evaluate(IS_BUFFERED, [player, at]):
            continue
        milliseconds = page.evaluate(JUMP, [player, at])
        made.append(Jump(milliseconds, wanted, number_shown(player)))
    return made


def open_thread(browser: Browser, url: str, cookies: list[Any], conversation_id: str) -> Page:
    """In a window of its own, which remembers nothing of another's."""
    context = browser.new_context(base_url=url, locale="pt-BR", viewport={"width": 1280, "height": 860})
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"/c/{conversation_id}")
    expect(page.get_by_role("button", name="Tocar o vídeo")).to_be_visible()
    return page
