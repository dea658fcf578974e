"""An agent's words reach the customer's phone, and the ticks come back."""

import time

import pytest

from tests.journeys.stage import INSTANCE, Stage
from tests.process.watcher import Watcher


def wait_for_status(watcher: Watcher, message_id: str, status: str, seconds: float = 15) -> None:
    def has_it(_: Watcher) -> bool:
        told = [event for event in watcher.events if event.get("message_id") == message_id]
        told += [event for event in watcher.events if event["type"] == "message_sent"]
        statuses = {event.get("status") or event["message"]["status"] for event in told if _is_about(event, message_id)}
        return status in statuses

    watcher.wait(has_it, seconds, f"{status} of {message_id}")


def _is_about(event: dict, message_id: str) -> bool:
    return event.get("message_id") == message_id or event.get("message", {}).get("id") == message_id


def test_a_text_reaches_the_phone_and_its_ticks_come_back(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("maria-souza")
    with stage.watch() as ana, stage.watch(token=stage.bruno) as bruno:
        ana.wait_for("hello")
        bruno.wait_for("hello")
        message = stage.says(conversation, "Bom dia, Maria!")
        created = bruno.wait_for("message_created")
        wait_for_status(ana, message["id"], "delivered")
        stage.control("POST", f"/control/instances/{INSTANCE}/customers/maria-souza/read")
        wait_for_status(bruno, message["id"], "read")

    assert (message["status"], created["message"]["author"]["name"]) == ("queued", "Ana")
    on_phone = [line for line in stage.ledger("maria-souza") if line["from"] == "agent"]
    assert [line["text"] for line in on_phone] == ["Bom dia, Maria!"]


def test_the_same_client_id_reaches_the_phone_once(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("joao-pereira")
    with stage.watch() as ana:
        ana.wait_for("hello")
        messages = [stage.says(conversation, "uma vez", client_id="the-same") for _ in range(3)]
        wait_for_status(ana, messages[0]["id"], "delivered")

    assert len({message["id"] for message in messages}) == 1
    assert [line["text"] for line in stage.ledger("joao-pereira") if line["from"] == "agent"] == ["uma vez"]


def test_an_answer_quotes_what_it_answers(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("maria-souza", text="qual o horário?")
    page = stage.get(f"/api/chat/conversations/{conversation}/messages/").json()["results"]
    question = next(message for message in page if message["text"] == "qual o horário?")
    with stage.watch() as ana:
        ana.wait_for("hello")
        message = stage.says(conversation, "às 14h", quoted_id=question["id"])
        wait_for_status(ana, message["id"], "sent")

    line = next(line for line in stage.ledger("maria-souza") if line["text"] == "às 14h")
    assert line["quoted_id"] == question["provider_id"]
    assert message["quoted"]["text"] == "qual o horário?"


@pytest.mark.parametrize("customer", ["beatriz", "familia-souza", "carlos-andrade"])
def test_a_lid_a_group_and_an_old_number_can_be_answered(shared_stage: Stage, customer: str) -> None:
    stage = shared_stage
    said = {"participant": "joao-pereira"} if customer == "familia-souza" else {}
    stage.sends("text", customer=customer, text="olá", **said)
    conversation = stage.conversation_with(customer) if not said else _newest_conversation(stage)
    with stage.watch() as ana:
        ana.wait_for("hello")
        message = stage.says(conversation, f"olá, {customer}")
        wait_for_status(ana, message["id"], "sent")

    assert f"olá, {customer}" in [line["text"] for line in stage.ledger(customer)]


def _newest_conversation(stage: Stage) -> str:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for row in stage.get("/api/chat/conversations/").json()["results"]:
            if row["contact"]["is_group"]:
                return str(row["id"])
        time.sleep(0.1)
    raise AssertionError("no group came")


def test_a_number_that_is_not_on_whatsapp_is_told_on_the_bubble(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("maria-souza")
    stage.faults(gateway={"mode": "not_on_whatsapp", "count": 1})
    with stage.watch() as ana:
        ana.wait_for("hello")
        message = stage.says(conversation, "chega?")
        wait_for_status(ana, message["id"], "failed")
        error = next(e["error"] for e in ana.events if e.get("message_id") == message["id"] and e["status"] == "failed")
        assert error["code"] == "not_on_whatsapp"
        assert stage.post(f"/api/chat/messages/{message['id']}/retry/").status_code == 202
        wait_for_status(ana, message["id"], "sent")

    assert [line["text"] for line in stage.ledger("maria-souza")].count("chega?") == 1


def test_what_is_said_while_the_instance_is_away_leaves_when_it_is_back(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("maria-souza")
    stage.faults(gateway={"mode": "disconnected"})
    with stage.watch() as ana:
        ana.wait_for("hello")
        stage.control("POST", f"/control/instances/{INSTANCE}/connection", json={"state": "connecting"})
        messages = [stage.says(conversation, f"sem conexão {number}") for number in range(3)]
        wait_for_status(ana, messages[-1]["id"], "waiting")
        stage.faults()
        stage.control("POST", f"/control/instances/{INSTANCE}/connection", json={"state": "open"})
        wait_for_status(ana, messages[-1]["id"], "sent")

    on_phone = [line["text"] for line in stage.ledger("maria-souza") if line["text"].startswith("sem conexão")]
    assert on_phone == [f"sem conexão {number}" for number in range(3)]


def test_edit_delete_and_reaction_are_seen_on_both_sides(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("maria-souza", text="reaja a isto")
    page = stage.get(f"/api/chat/conversations/{conversation}/messages/").json()["results"]
    theirs = next(message for message in page if message["text"] == "reaja a isto")
    with stage.watch() as ana:
        ana.wait_for("hello")
        mine = stage.says(conversation, "com ero")
        wait_for_status(ana, mine["id"], "sent")
        edited = stage.send("PATCH", f"/api/chat/messages/{mine['id']}/", {"text": "com erro corrigido"})
        reacted = stage.send("PUT", f"/api/chat/messages/{theirs['id']}/reaction/", {"emoji": "👍"})
        gone = stage.says(conversation, "para apagar")
        wait_for_status(ana, gone["id"], "sent")
        deleted = stage.send("DELETE", f"/api/chat/messages/{gone['id']}/")
        refused = stage.send("PATCH", f"/api/chat/messages/{theirs['id']}/", {"text": "não posso"})

    assert (edited.status_code, edited.json()["text"]) == (200, "com erro corrigido")
    assert reacted.json()["reactions"] == [{"emoji": "👍", "by": "Ana"}]
    assert deleted.json()["deleted_at"]
    assert (refused.status_code, refused.json()["code"]) == (422, "not_editable")
    lines = {line["id"]: line for line in stage.ledger("maria-souza")}
    by_text = {line["text"]: line for line in lines.values()}
    assert by_text["com erro corrigido"]["is_edited"]
    assert any(line["is_deleted"] for line in lines.values())
    assert "👍" in str(by_text["reaja a isto"]["reactions"])


def test_reading_here_turns_the_customers_ticks_blue(shared_stage: Stage) -> None:
    stage = shared_stage
    conversation = stage.conversation_with("dona-lourdes", text="leia")
    assert stage.post(f"/api/chat/conversations/{conversation}/read/").json()["unread"] == 0

    stage.wait_until(lambda: any(line["status"] == "READ" for line in stage.ledger("dona-lourdes")))
