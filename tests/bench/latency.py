"""How soon a browser sees what happened: from the webhook's first byte to the frame on the socket, median.

One process on real PostgreSQL, Redis, RabbitMQ and S3, otherwise quiet, one socket that listens. First texts, one at a
time, until `message_received`; then photos of 200 KB, which the process fetches from the sandbox (a process of its
own) as WhatsApp's `.enc`, decrypts, decodes, stores and reads back, until `attachment_ready`. Bodies are made
beforehand; the same clock sees both ends.
"""

import asyncio
import json
import time
from typing import Any

from tests.bench import letters, settling
from tests.bench.ears import listen
from tests.bench.figures import RUNS, Measure, Target, percentile
from tests.bench.phone import Phone
from tests.bench.posting import Caller
from tests.bench.rig import Company, Rig

TEXTS, PHOTOS, WARM_UP = 60, 25, 10
GAP_SECONDS = 0.03
ARRIVE_SECONDS = 30


def run(rig: Rig) -> list[Measure]:
    text = Measure("latency", "webhook to message_received p50", "ms", Target(at_most=40))
    photo = Measure("latency", "webhook to attachment_ready (200 KB) p50", "ms", Target(at_most=300))
    with rig.sandbox() as sandbox:
        room = rig.room(SANDBOX="1", SANDBOX_URL=sandbox.url)
        with rig.chat(room) as chat:
            company = rig.companies(room, 1, sandbox_url=sandbox.url)[0]
            asyncio.run(_measure(text, photo, chat.url, sandbox.url, company))
            settling.wait_until_idle(room["DATABASE_URL"])
    for measure in (text, photo):
        measure.note = f"p95 {measure.note}"
    return [text, photo]


async def _measure(text: Measure, photo: Measure, chat_url: str, sandbox_url: str, company: Company) -> None:
    stop_watch = StopWatch(chat_url, company)
    photos = iter(await _photos(sandbox_url, company, RUNS * PHOTOS + WARM_UP))
    transport = await listen(chat_url, company.tenant_id, company.headers, stop_watch.heard)
    serial = 0
    for run_number in range(RUNS + 1):  # the first warms up
        waits = []
        for _ in range(TEXTS if run_number else WARM_UP):
            serial += 1
            provider_id = f"3EB0{serial:016X}"
            body = letters.text(company, "5517999990002", f"Mensagem {serial}", provider_id=provider_id, serial=serial)
            waits.append(await stop_watch.time(body, provider_id, "message_received"))
        _note(text, waits, is_warm=run_number > 0)
        waits = []
        for _ in range(PHOTOS if run_number else WARM_UP):
            provider_id, body = next(photos)
            waits.append(await stop_watch.time(body, provider_id, "attachment_ready"))
        _note(photo, waits, is_warm=run_number > 0)
    transport.disconnect()


def _note(measure: Measure, waits: list[float], *, is_warm: bool) -> None:
    if is_warm:
        measure.runs.append(percentile(waits, 50))
        measure.note = f"{percentile(waits, 95):.0f} ms"


class StopWatch:
    """Posts a body and waits for the frame that tells of it."""

    def __init__(self, url: str, company: Company) -> None:
        self._caller, self._company = Caller(url), company
        self._provider_ids: dict[str, str] = {}
        self._wanted = ("", "")
        self._seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def time(self, body: bytes, provider_id: str, event: str) -> float:
        """Milliseconds."""
        self._wanted, self._seen = (event, provider_id), asyncio.get_running_loop().create_future()
        answer = await self._caller.post(self._company.hook, body)
        assert answer.status == 200, answer
        seen = await asyncio.wait_for(self._seen, ARRIVE_SECONDS)
        await asyncio.sleep(GAP_SECONDS)
        return (seen - answer.began) * 1000

    def heard(self, said: dict[str, Any]) -> None:
        now = time.monotonic()
        if said["type"] == "message_received":
            self._provider_ids[said["message"]["id"]] = said["message"]["provider_id"]
            about = said["message"]["provider_id"]
        elif said["type"] == "attachment_ready":
            about = self._provider_ids[said["message_id"]]
        else:
            return
        if (said["type"], about) == self._wanted and not self._seen.done():
            self._seen.set_result(now)


async def _photos(sandbox_url: str, company: Company, amount: int) -> list[tuple[str, bytes]]:
    """`(provider id, body)` of photos that nobody has sent before."""
    picture = letters.photo()
    async with Phone(sandbox_url, company) as phone:
        await phone.add_customer(id="maria", name="Maria Souza", phone="5517999990001")
        found = []
        for number in range(amount):
            file = ("photo.jpg", letters.another(picture, number), "image/jpeg")
            body = (await phone.send("maria", {"kind": "image"}, file))[0]
            found.append((json.loads(body)["data"]["key"]["id"], body))
    return found
