"""Jumps in a video of 50 MB on the page: from the click's `currentTime` to the right frame painted, in Chromium.

One process on real PostgreSQL, Redis, RabbitMQ and S3; the video came in through the sandbox, as customers send them.
Each run is a browser window that remembers nothing, and ten jumps to where it has fetched nothing yet. Growth is the
server's highest resident memory while a run goes on, less what it was before.
"""

from playwright.sync_api import Browser, sync_playwright

from tests.bench.figures import RUNS, Measure, Target, percentile
from tests.bench.rig import Rig
from tests.bench.rss import Watch
from tests.e2e.theatre import Theatre
from tests.journeys.conftest import environment
from tests.journeys.stage import Stage
from tests.seeking import Jump, jumps, open_thread, play, send_film
from tests.servers import find_program

JUMPS = 10


def run(rig: Rig) -> list[Measure]:
    jump = Measure("seek", "jump to painted frame, 50 MB, p50", "ms", Target(at_most=300))
    growth = Measure("seek", "growth, ten jumps in 50 MB", "MB", Target(at_most=16))
    made: list[Jump] = []
    with rig.sandbox() as sandbox, rig.chat(rig.room() | environment(sandbox)) as chat, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_program("chromium", "chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        theatre = Theatre(Stage([chat], sandbox))
        send_film(theatre.stage, theatre.customer("Saulo Prado"))
        _jump_about(browser, theatre, seed=0)  # what is done once is done before it is measured
        for number in range(1, RUNS + 1):
            with Watch(chat.pid) as watch:
                run_of = _jump_about(browser, theatre, seed=number)
            growth.runs.append(watch.growth_mb)
            jump.runs.append(percentile([one.milliseconds for one in run_of], 50))
            made += run_of
        browser.close()
    wrong = sum(one.shown != one.wanted for one in made)
    slowest = max(one.milliseconds for one in made)
    jump.note = f"slowest {slowest:.0f} ms; {len(made)} jumps, {wrong} wrong frames"
    assert not wrong, jump.note
    return [jump, growth]


def _jump_about(browser: Browser, theatre: Theatre, *, seed: int) -> list[Jump]:
    conversation_id = theatre.conversation_of("Saulo Prado")["id"]
    page = open_thread(browser, theatre.url, theatre.cookies("ana"), conversation_id)
    try:
        return jumps(page, play(page), JUMPS, seed=seed)
    finally:
        page.context.close()
