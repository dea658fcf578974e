"""Five hundred sends while the gateway accepts and then says nothing for one in ten, and the server is killed twice.

Not a time but a count: how many reached the simulated phone twice, not at all, or out of order. The sandbox runs in a
process of its own, and its file is what is looked at.
"""

import time

from tests.bench.figures import Measure, Target
from tests.bench.rig import Rig
from tests.journeys.sends import storm
from tests.journeys.stage import Stage

COUNT, KILLS = 500, 2


def run(rig: Rig) -> list[Measure]:
    wrong = Measure("sends", f"{COUNT} sends, {KILLS} kills: wrong on the phone", "messages", Target(at_most=0))
    with rig.sandbox() as sandbox:
        room = rig.room(SANDBOX="1", SANDBOX_URL=sandbox.url, JOB_LEASE_SECONDS="6", GATEWAY_SECONDS="2")
        with rig.chat(room) as chat:
            began = time.monotonic()
            outcome = storm(Stage([chat], sandbox), count=COUNT, kills=KILLS, seconds=600)
            took = time.monotonic() - began
    wrong.runs.append(len(outcome.twice) + len(outcome.missing) + len(outcome.out_of_order) + len(outcome.unfinished))
    wrong.note = f"{len(outcome.uncertain)} said to be uncertain, {took:.0f} s"
    return [wrong]
