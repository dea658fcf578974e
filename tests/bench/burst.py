"""A thousand webhooks of all kinds in any order, one of twenty twice, and a server killed with -9 in the middle.

Two processes on real PostgreSQL, Redis, RabbitMQ and S3; the sandbox in its own process serves the files. Sixteen
callers post to either process and try again until they are answered 200; when half of it is answered the first
process is killed, and started again a second later. Eight sockets of two tenants listen, four at each process, and go
to the other one with their cursor whenever a connection ends.

differences: where the rows in the end are not those that the generator wrote down before it sent anything (contacts,
conversations, messages, files as they can be read, one announcement for each message, no job failed), plus the
sockets that did not see every number once, in order. The note says how long it took: the lanes that the killed
process held wait until its leases run out, a minute as it is shipped, and LEASE_SECONDS here.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench import generator, settling, truth
from tests.bench.figures import RUNS, Measure, Target
from tests.bench.rig import Rig
from tests.bench.storm import Storm, Watcher, shuffled_with_repeats

WEBHOOKS = 1_000
REPEATED_PERCENT = 5
COMPANIES = 2
WATCHERS_EACH = 4
LEASE_SECONDS = 20
CATCH_UP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a burst came to. `differences` says every one in words."""

    differences: list[str]
    posts: int
    retried: int
    connections: int
    posting_seconds: float
    settling_seconds: float


def run(rig: Rig) -> list[Measure]:
    measure = Measure("burst", "differences in rows and sockets", "", Target(at_most=0))
    for number in range(RUNS):
        outcome = storm(rig, webhooks=WEBHOOKS, seed=number)
        measure.runs.append(len(outcome.differences))
        for line in outcome.differences[:20]:
            print(f"        {line}")
        measure.note = (
            f"{outcome.posts} posts in {outcome.posting_seconds:.1f} s, {outcome.retried} tried again, "
            f"{outcome.connections} connections, settled {outcome.settling_seconds:.1f} s later"
        )
    return [measure]


def storm(rig: Rig, *, webhooks: int, seed: int, lease_seconds: int = LEASE_SECONDS) -> Outcome:
    """One burst from an empty database to the last difference."""
    with rig.sandbox() as sandbox:
        room = rig.room(SANDBOX="1", SANDBOX_URL=sandbox.url, JOB_LEASE_SECONDS=str(lease_seconds))
        return _storm(rig, room, sandbox.url, webhooks=webhooks, seed=seed)


def _storm(rig: Rig, room: dict[str, str], sandbox_url: str, *, webhooks: int, seed: int) -> Outcome:
    with rig.chat(room) as first, rig.chat(room) as second:
        companies = rig.companies(room, COMPANIES, sandbox_url=sandbox_url)
        expected = first.folder / "expected.json"

        async def blow() -> Outcome:
            posts = await generator.write(expected, companies, sandbox_url, webhooks=webhooks)
            posts = shuffled_with_repeats(posts, percent=REPEATED_PERCENT, seed=seed)
            urls = (first.url, second.url)
            watchers = [
                Watcher(urls, company, first=number) for company in companies for number in range(WATCHERS_EACH)
            ]
            for watcher in watchers:
                watcher.start()
            blowing, began = Storm((first, second), posts, seed=seed), time.monotonic()
            await blowing.run()
            posted = time.monotonic()
            await asyncio.to_thread(settling.wait_until_idle, room["DATABASE_URL"])
            settled = time.monotonic()
            found = await _unseen(watchers, room["DATABASE_URL"])
            return Outcome(
                differences=found,
                posts=len(posts),
                retried=blowing.retried,
                connections=sum(watcher.connections for watcher in watchers),
                posting_seconds=posted - began,
                settling_seconds=settled - posted,
            )

        outcome = asyncio.run(blow())
        outcome.differences.extend(_untrue(rig, room, expected))
        return outcome


async def _unseen(watchers: list[Watcher], database_url: str) -> list[str]:
    """The sockets that did not see exactly the log, in its order."""
    found = []
    for number, watcher in enumerate(watchers):
        log = await asyncio.to_thread(truth.events_of, database_url, watcher.company.tenant_id)
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while len(watcher.seen) < len(log) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        if [seq for seq, _ in log] != list(range(1, len(log) + 1)):
            found.append(f"the log of {watcher.company.instance} has holes")
        if watcher.seen != log:
            wrong = next(
                (index for index, pair in enumerate(zip(watcher.seen, log, strict=False)) if pair[0] != pair[1]), -1
            )
            found.append(f"socket {number}: saw {len(watcher.seen)} of {len(log)}, first wrong at {wrong}")
        await watcher.stop()
    return found


def _untrue(rig: Rig, room: dict[str, str], expected: Path) -> list[str]:
    """Where the rows are not as they were written down."""
    client = rig.parts.ceph.client()

    def read(bucket: str, key: str) -> bytes:
        content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    found = []
    for tenant_id, rows in json.loads(expected.read_text()).items():
        actual = truth.rows_of(room["DATABASE_URL"], tenant_id, partial(read, room["S3_BUCKET"]))
        found += truth.differences(rows, actual)
    return found
