"""Many sends while the gateway and the server misbehave: what the simulated phone saw is held against what was sent.

Used by the test of the suite and, with more of everything, by the bench. Nothing of the program's rows decides whether
a message arrived: the sandbox's own file does.
"""

import contextlib
import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.journeys.stage import Stage

PEOPLE = ("maria-souza", "joao-pereira", "paula-nogueira", "carlos-andrade", "dona-lourdes")


@dataclass
class Outcome:
    """`sent`: text → conversation, in the order in which each conversation's texts were accepted by the program."""

    sent: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    on_phone: dict[str, list[str]] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    unfinished: list[str] = field(default_factory=list)

    @property
    def twice(self) -> list[str]:
        return [text for texts in self.on_phone.values() for text, count in Counter(texts).items() if count > 1]

    @property
    def missing(self) -> set[str]:
        arrived = {text for texts in self.on_phone.values() for text in texts}
        return {text for texts in self.sent.values() for text in texts} - arrived - self.uncertain

    @property
    def out_of_order(self) -> list[str]:
        return [who for who, texts in self.on_phone.items() if texts != [t for t in self.sent[who] if t in set(texts)]]


def storm(stage: Stage, *, count: int, kills: int, seed: int = 7, seconds: float = 240) -> Outcome:
    """`count` texts to five customers from as many threads; `kills` times kill -9 in the middle."""
    outcome = Outcome()
    chats = {who: stage.conversation_with(who) for who in PEOPLE}
    gateway = {"mode": "accept_then_hang", "probability": 0.1, "seconds": 3}
    stage.faults(seed=seed, gateway=gateway)
    stop = threading.Event()
    killer = threading.Thread(target=_kill, args=(stage, kills, stop))
    killer.start()
    writers = [
        threading.Thread(target=_write, args=(stage, who, chats[who], count // len(PEOPLE), outcome)) for who in PEOPLE
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    stop.set()
    killer.join()
    stage.faults()
    _wait_until_settled(stage, chats, outcome, seconds)
    for who in PEOPLE:
        texts = [line["text"] for line in stage.ledger(who) if line["from"] == "agent"]
        outcome.on_phone[who] = [text for text in texts if text.startswith(f"{who} ")]
    return outcome


def _write(stage: Stage, who: str, conversation: str, count: int, outcome: Outcome) -> None:
    """One after the other, each again under its `client_id` until the program has taken it."""
    dice = random.Random(who)
    for number in range(count):
        text, client_id = f"{who} {number:04d}", str(uuid.uuid4())
        while True:
            with contextlib.suppress(httpx.HTTPError, AssertionError):
                stage.says(conversation, text, client_id=client_id)
                break
            time.sleep(0.1)
        outcome.sent[who].append(text)
        time.sleep(dice.uniform(0, 0.05))


def _kill(stage: Stage, kills: int, stop: threading.Event) -> None:
    for _ in range(kills):
        if stop.wait(2.5):
            return
        stage.chats[-1].kill9()
        stage.chats[-1].start()


def _wait_until_settled(stage: Stage, chats: dict[str, str], outcome: Outcome, seconds: float) -> None:
    """Until no message of ours is on its way; what is not by then is `unfinished`."""
    deadline = time.monotonic() + seconds
    while True:
        messages = [message for chat in chats.values() for message in _all(stage, chat) if message["author"]]
        outcome.unfinished = [m["text"] for m in messages if m["status"] in {"waiting", "queued", "sending"}]
        if not outcome.unfinished or time.monotonic() > deadline:
            break
        time.sleep(1)
    failed = [message for message in messages if message["status"] == "failed"]
    outcome.uncertain = {m["text"] for m in failed if m["error"]["code"] == "may_have_been_sent"}
    outcome.unfinished += [m["text"] for m in failed if m["error"]["code"] != "may_have_been_sent"]


def _all(stage: Stage, conversation: str) -> list[Any]:
    found, path = [], f"/api/chat/conversations/{conversation}/messages/?limit=200"
    before = ""
    while True:
        page = stage.get(path + (f"&before={before}" if before else "")).json()
        found += page["results"]
        before = page["next"]
        if not before:
            return found
