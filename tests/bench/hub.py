"""How many frames a second leave one process for 500 sockets of 10 tenants, and how old a frame is at 1,000 a second.

The program (real PostgreSQL, Redis and RabbitMQ) beside the usual consumer of the Channels tutorial, one group member
for each socket, both under Daphne and on the same pub/sub layer in the same Redis, turn by turn. Events are rung by
this process with `group_send`, as any Channels program can, with the numbers that follow the tenants' last ones; the
sockets are in a third process (picows), and acknowledge what the program sends them. All sockets stay connected while
the other side has its turn.

frames: events for all tenants are rung as fast as the layer takes them; frames heard, by the time from the first ring
to the last frame. The program gets 5,000 events in waves of 128 for each tenant (a client that does not acknowledge
may be at most 512 behind), the consumer 400.
paced p99: every half second one event for each tenant, so 500 frames at once and 1,000 a second; the age of a frame
when it is heard, its ringing and its way through Redis included.
"""

import asyncio
import time

from tests.bench.crowd import Crowd, Report, Seat
from tests.bench.figures import RUNS, Measure, Target, percentile
from tests.bench.rig import Company, Rig
from tests.bench.ringing import Numbers, Ring, Ringer, ring_paced

TENANTS, SOCKETS_EACH = 10, 50
WAVES, WAVE = 4, 128
PEER_WAVE = 40
PACED_SECONDS, EVERY_SECONDS = 6, 0.5
HEAR_SECONDS = 30


def run(rig: Rig) -> list[Measure]:
    frames = Measure("hub", "frames", "/s", Target(ratio_at_least=20), peer="group consumer")
    paced = Measure("hub", "paced p99", "ms", Target(ratio_at_most=0.2), peer="group consumer")
    room = rig.room()
    with rig.chat(room) as chat, rig.peer("group_consumer", REDIS_URL=rig.redis_url) as peer:
        companies = rig.companies(room, TENANTS)
        with Crowd(seats(chat.url, companies)) as ours, Crowd(_peer_seats(peer.url)) as theirs:
            asyncio.run(_measure(frames, paced, rig.redis_url, companies, ours, theirs))
    return [frames, paced]


def seats(url: str, companies: list[Company], *, each: int = SOCKETS_EACH) -> list[Seat]:
    """`each` sockets for every company."""
    address = url.replace("http", "ws", 1)
    return [
        Seat(f"{address}/ws/tenant/{company.tenant_id}/", company.headers, acks=True)
        for company in companies
        for _ in range(each)
    ]


def _peer_seats(url: str) -> list[Seat]:
    address = url.replace("http", "ws", 1)
    return [Seat(f"{address}/ws/chat/{room}/", {}) for room in range(TENANTS) for _ in range(SOCKETS_EACH)]


async def _measure(
    frames: Measure, paced: Measure, redis_url: str, companies: list[Company], ours: Crowd, theirs: Crowd
) -> None:
    ringer = Ringer(redis_url)
    mine = Numbers([company.tenant_id for company in companies])
    peers = Numbers([str(room) for room in range(TENANTS)])
    await _age_p99(ours, mine, ringer.hub, seconds=1)
    await _age_p99(theirs, peers, ringer.group, seconds=1)
    for _ in range(RUNS):
        frames.runs.append(await _rate(ours, mine, ringer.hub, waves=WAVES, wave=WAVE))
        frames.peer_runs.append(await _rate(theirs, peers, ringer.group, waves=1, wave=PEER_WAVE))
        paced.runs.append(await _age_p99(ours, mine, ringer.hub, seconds=PACED_SECONDS))
        paced.peer_runs.append(await _age_p99(theirs, peers, ringer.group, seconds=PACED_SECONDS))
    await ringer.close()


async def _rate(crowd: Crowd, numbers: Numbers, ring: Ring, *, waves: int, wave: int) -> float:
    """Frames a second; a wave is rung when all of the one before it was heard."""
    heard, seconds = 0, 0.0
    for _ in range(waves):
        crowd.begin(measures_age=False)
        began = time.monotonic()
        for _ in range(wave):
            await numbers.ring_all(ring)
        report = _whole(await crowd.wait_for(wave * TENANTS * SOCKETS_EACH, seconds=HEAR_SECONDS), wave)
        heard += report.frames
        seconds += report.last_at - began
    return heard / seconds


async def _age_p99(crowd: Crowd, numbers: Numbers, ring: Ring, *, seconds: float) -> float:
    """Milliseconds."""
    crowd.begin(measures_age=True)
    await ring_paced(numbers, ring, seconds=seconds, every_seconds=EVERY_SECONDS)
    turns = round(seconds / EVERY_SECONDS)
    report = _whole(await crowd.wait_for(turns * TENANTS * SOCKETS_EACH, seconds=HEAR_SECONDS), turns)
    return percentile(report.ages_ms, 99)


def _whole(report: Report, events: int) -> Report:
    expected = events * TENANTS * SOCKETS_EACH
    assert report.frames == expected, f"{report.frames} of {expected} frames, {report.closed} sockets closed"
    return report
