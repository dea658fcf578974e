"""Webhooks that are lost for good: what the gateway remembers is read back until our rows say what the phone says.

The comparison is with the simulated WhatsApp's own file, never with what we were told.
"""

import json
import random
import time
from typing import Any

from tests.journeys.stage import INSTANCE, Stage

CUSTOMERS = ("maria-souza", "joao-pereira", "beatriz", "paula-nogueira", "carlos-andrade", "dona-lourdes")
GROUP = "familia-souza"
MESSAGES = 240
LOST = 0.05
EMOJI = ("\U0001f44d", "\U0001f64f")
LOSABLE = ["messages.upsert", "messages.update", "messages.edited"]

Row = tuple[str, str, str, bool, list[str]]
"""Direction, text or caption, kind, whether there is a file, reactions."""
ROWS = """
from backend.chat.models import Message
import json
rows = Message.objects.filter(instance__name="clinica-01").exclude(provider_id__startswith="DEMO")
told = {m.provider_id: [m.direction, m.text, m.kind, m.attachment_id is not None,
                        sorted(one["emoji"] for one in m.reactions if one["emoji"])] for m in rows}
print("ROWS" + json.dumps(told))
"""
STATE = """
from backend.tenants.models import Instance
row = Instance.objects.get(name="clinica-01")
print("STATE", row.state, row.read_back_to is not None)
"""


def test_what_the_webhooks_lost_is_read_back_when_the_connection_opens(stage: Stage) -> None:
    stage.clock(0.02)
    stage.faults(seed=7, webhooks={"drop": LOST, "events": LOSABLE})
    talk(stage)
    lost = lost_messages(stage)
    assert len(lost) >= 5, "too little was lost to prove anything"
    stage.faults()
    said = truth(stage)
    stage.wait_until(lambda: said.keys() - ours(stage).keys() == said.keys() & lost)

    reopen(stage)

    become_equal(stage)


def test_a_connection_whose_opening_was_lost_is_found_open(stage: Stage) -> None:
    stage.control("POST", f"/control/instances/{INSTANCE}/connection", json={"state": "connecting"})
    stage.wait_until(lambda: "STATE connecting" in stage.chats[0].manage("shell", "-v0", "-c", STATE))
    stage.faults(webhooks={"drop": 1.0})
    stage.control("POST", f"/control/instances/{INSTANCE}/connection", json={"state": "open"})
    stage.sends("text", text="alguém aí?")
    stage.faults()

    stage.chats[0].kill9()
    stage.chats[0].start()

    stage.wait_until(lambda: "STATE open True" in stage.chats[0].manage("shell", "-v0", "-c", STATE))
    become_equal(stage)


def talk(stage: Stage) -> None:
    """Customers, a group and the company's own phone say all sorts of things."""
    luck = random.Random(3)
    before: list[Any] = []
    for number in range(MESSAGES):
        who = luck.choice([*CUSTOMERS, GROUP])
        draft: dict[str, Any] = {"text": f"mensagem {number}"}
        if luck.random() < 0.1:
            draft["from_owner"] = True
        elif before and luck.random() < 0.1:
            draft["quoted"] = luck.choice(before)["id"]
        kind = luck.choice(["image", "document"]) if luck.random() < 0.05 else "text"
        told = stage.sends(kind, customer=who, **draft)
        if kind == "text":
            before.append(told)
        act = f"/control/instances/{INSTANCE}/messages/{told['id']}"
        if luck.random() < 0.05:
            stage.control("POST", f"{act}/edit", json={"text": f"corrigida {number}"})
        if luck.random() < 0.1 and who != GROUP:
            stage.control("POST", f"{act}/react", json={"emoji": luck.choice(EMOJI)})
    stage.control("GET", "/control/idle?seconds=25")


def reopen(stage: Stage) -> None:
    for state in ("connecting", "open"):
        stage.control("POST", f"/control/instances/{INSTANCE}/connection", json={"state": state})


def become_equal(stage: Stage, seconds: float = 30) -> None:
    """Our rows and the phone's, within `seconds`."""
    deadline = time.monotonic() + seconds
    while (different := differences(stage)) and time.monotonic() < deadline:
        time.sleep(1)
    assert different == {}


def differences(stage: Stage) -> dict[str, tuple[Row | None, Row | None]]:
    mine, theirs = ours(stage), truth(stage)
    both = {one: (mine.get(one), theirs.get(one)) for one in mine.keys() | theirs.keys()}
    return {one: rows for one, rows in both.items() if rows[0] != rows[1]}


def ours(stage: Stage) -> dict[str, Row]:
    """Every row of ours, by the provider's id."""
    printed = stage.chats[0].manage("shell", "-v0", "-c", ROWS)
    return {key: tuple(row) for key, row in json.loads(printed.partition("ROWS")[2]).items()}


def truth(stage: Stage) -> dict[str, Row]:
    """What the simulated phone shows."""
    ledger = stage.control("GET", f"/control/instances/{INSTANCE}/ledger")
    return {
        line["id"]: (
            "outgoing" if line["from_me"] else "incoming",
            line["text"],
            line["kind"],
            line["media"] is not None,
            sorted(line["reactions"].values()),
        )
        for line in ledger
        if line["kind"] != "reaction"
    }


def lost_messages(stage: Stage) -> set[str]:
    """The ids of messages whose webhook the sandbox has dropped for good."""
    path = f"/control/instances/{INSTANCE}/deliveries?event=messages.upsert&limit=10000"
    return {post["message_id"] for post in stage.control("GET", path) if post["state"] == "dropped"}
