"""How soon a webhook is answered: the 99th percentile at 100 a second in bursts of 4, while its jobs run.

One process on real PostgreSQL, Redis, RabbitMQ and S3. A burst is what Evolution posts when a customer writes: the
message, the contact twice and the chat, 25 times a second, for three companies in turn. Every twenty-fifth message is
a photo of 200 KB, which the process fetches from the sandbox, decrypts, decodes and stores meanwhile. The clock runs
from the first byte written to the last byte of the answer, on kept connections; a burst never waits for the one
before it.

The peer is a plain Django view under Daphne which stores the same row in the same PostgreSQL (a database of its own,
pooled connections). It has no jobs to run, and during its runs the program has none either: the peer is better off.
"""

import asyncio
from collections.abc import Iterator
from itertools import count

from tests.bench import letters, settling
from tests.bench.figures import RUNS, Measure, Target, percentile
from tests.bench.phone import Phone
from tests.bench.posting import Caller, post_in_bursts
from tests.bench.rig import Company, Rig

SECONDS = 10
A_SECOND, AT_ONCE = 100, 4
PHOTO_EVERY = 25
COMPANIES = 3
WARM_UP_SECONDS = 1
FIRST_PHONE = 5_517_999_000_000

Post = tuple[str, bytes]
_serial = count(1)


def run(rig: Rig) -> list[Measure]:
    measure = Measure("webhook", "answered p99", "ms", Target(at_most=25), peer="plain view")
    with rig.sandbox() as sandbox:
        room, other = rig.room(SANDBOX="1", SANDBOX_URL=sandbox.url), rig.room()
        with rig.chat(room) as chat, rig.peer("plain_view", **other) as peer:
            companies = rig.companies(room, COMPANIES, sandbox_url=sandbox.url)
            rig.companies(other, COMPANIES)
            database = room["DATABASE_URL"]
            asyncio.run(_measure(measure, (chat.url, peer.url), companies, sandbox.url, database))
    return [measure]


async def _measure(
    measure: Measure, urls: tuple[str, str], companies: list[Company], sandbox_url: str, database: str
) -> None:
    ours, theirs = Caller(urls[0]), Caller(urls[1])
    photos = iter(await _photos(sandbox_url, companies[0], RUNS * SECONDS * A_SECOND // AT_ONCE // PHOTO_EVERY))
    for caller in (ours, theirs):
        await _p99(caller, _posts(companies, iter(()), seconds=WARM_UP_SECONDS))
    for _ in range(RUNS):
        await asyncio.to_thread(settling.wait_until_idle, database)
        measure.runs.append(await _p99(ours, _posts(companies, photos, seconds=SECONDS)))
        await asyncio.to_thread(settling.wait_until_idle, database)
        measure.peer_runs.append(await _p99(theirs, _posts(companies, iter(()), seconds=SECONDS)))
    ours.close()
    theirs.close()


async def _p99(caller: Caller, posts: list[Post]) -> float:
    answers = await post_in_bursts(caller, posts, at_once=AT_ONCE, a_second=A_SECOND)
    refused = [answer.status for answer in answers if answer.status != 200]
    assert not refused, f"answered {set(refused)}"
    return percentile([answer.seconds * 1000 for answer in answers], 99)


def _posts(companies: list[Company], photos: Iterator[Post], *, seconds: int) -> list[Post]:
    made = []
    for number in range(1, seconds * A_SECOND // AT_ONCE + 1):
        burst = _burst(companies[number % len(companies)])
        photo = next(photos, None) if number % PHOTO_EVERY == 0 else None
        made += [photo, *burst[1:]] if photo else burst
    return made


def _burst(company: Company) -> list[Post]:
    """A customer writes: contract 1.4 lists what Evolution posts of it."""
    number = next(_serial)
    phone, words = str(FIRST_PHONE + number % 97), f"Mensagem {number}: tem horário amanhã de manhã?"
    jid, name = f"{phone}@s.whatsapp.net", f"Cliente {phone[-4:]}"
    listed = {"remoteJid": jid, "profilePicUrl": None}
    about = [
        ("contacts.update", {**listed, "pushName": name}),
        ("contacts.update", [listed]),
        ("chats.update", [{"remoteJid": jid}]),
    ]
    bodies = [letters.text(company, phone, words, provider_id=f"3EB0{number:016X}", serial=4 * number)]
    bodies += [
        letters.envelope(company, event, data, serial=4 * number + n) for n, (event, data) in enumerate(about, 1)
    ]
    return [(company.hook, body) for body in bodies]


async def _photos(sandbox_url: str, company: Company, amount: int) -> list[Post]:
    picture = letters.photo()
    async with Phone(sandbox_url, company) as phone:
        await phone.add_customer(id="maria", name="Maria Souza", phone="5517999990001")
        found = []
        for number in range(amount):
            file = ("photo.jpg", letters.another(picture, number), "image/jpeg")
            found.append((company.hook, (await phone.send("maria", {"kind": "image"}, file))[0]))
    return found
