"""What customers do becomes the events of the contract, in the right perspective."""

from pathlib import Path
from typing import Any

import pytest

from backend.sandbox import cast
from backend.sandbox.store import Store
from tests.sandbox.stage import HOOK, NAME, Stage


async def test_an_album_is_eight_photos_in_their_order(stage: Stage) -> None:
    said = await stage.say(kind="album", text="o jardim")
    await stage.settle()

    told = [post["data"] for post in stage.posted("messages.upsert")]
    assert [data["key"]["id"] for data in told] == [message["id"] for message in said]
    assert len({message["media"]["sha256"] for message in said}) == 8
    assert [data["message"]["imageMessage"].get("caption") for data in told] == ["o jardim"] + [None] * 7


async def test_a_customer_known_by_lid_only_has_no_other_address(stage: Stage) -> None:
    await stage.say("beatriz", text="oi")
    await stage.settle()

    key = stage.posted("messages.upsert")[0]["data"]["key"]
    assert (key["remoteJid"], key["addressingMode"]) == ("120000000000005@lid", "lid")
    assert "remoteJidAlt" not in key


async def test_events_other_than_messages_keep_the_lid_of_a_lid_chat(stage: Stage) -> None:
    await stage.say("paula-nogueira", text="um")
    await stage.say("paula-nogueira", text="dois")
    await stage.settle()

    assert stage.posted("messages.upsert")[0]["data"]["key"]["remoteJid"] == "5517999990006@s.whatsapp.net"
    assert stage.posted("chats.update")[0]["data"][0]["remoteJid"] == "120000000000006@lid"


async def test_in_a_group_everybody_speaks_for_themselves(stage: Stage) -> None:
    await stage.say("familia-souza", text="um", participant="joao-pereira")
    await stage.say("familia-souza", text="dois", participant="beatriz")
    await stage.settle()

    told = [post["data"] for post in stage.posted("messages.upsert")]
    assert [data["pushName"] for data in told] == ["João Pereira", "Beatriz"]
    assert [data["key"]["participant"] for data in told] == ["5517999990002@s.whatsapp.net", "120000000000005@lid"]
    assert {data["key"]["remoteJid"] for data in told} == {"120363000000000001@g.us"}


async def test_a_group_addressed_by_lid_keeps_the_phones_beside(stage: Stage) -> None:
    group = {"name": "Vizinhos", "phone": "120363000000000009", "addressing": "lid", "participants": ["joao-pereira"]}
    await stage.control("POST", f"/control/instances/{NAME}/customers", group)
    await stage.say("vizinhos", text="oi")
    await stage.say("vizinhos", text="olá", from_owner=True)
    await stage.settle()

    theirs, ours = (post["data"]["key"] for post in stage.posted("messages.upsert"))
    assert (theirs["participant"], theirs["participantAlt"]) == ("120000000000002@lid", "5517999990002@s.whatsapp.net")
    assert theirs["addressingMode"] == "lid"
    assert (ours["participant"], ours["fromMe"]) == ("5517300000000@s.whatsapp.net", True)


async def test_a_reply_names_what_it_answers(stage: Stage) -> None:
    answer = await stage.gateway("POST", f"/message/sendText/{NAME}", {"number": "5517999990001", "text": "15h?"})
    message_id = answer.json()["key"]["id"]
    await stage.say(kind="image", text="pode ser", quoted=message_id)
    await stage.settle()

    data = stage.posted("messages.upsert")[0]["data"]
    assert data["contextInfo"]["stanzaId"] == message_id
    assert data["contextInfo"]["participant"] == "5517300000000@s.whatsapp.net"
    assert data["message"]["imageMessage"]["contextInfo"] == data["contextInfo"]


async def test_an_edit_comes_in_the_senders_perspective_and_then_in_ours(stage: Stage) -> None:
    message = await stage.say(text="Boa tarde")
    await stage.act(message["id"], "edit", text="Boa noite")
    await stage.settle()

    edited, update = stage.posted("messages.edited")[0]["data"], stage.posted("messages.update")[0]["data"]
    assert edited["key"] == {"remoteJid": "5517300000000@s.whatsapp.net", "fromMe": True, "id": message["id"]}
    assert (update["remoteJid"], update["fromMe"]) == ("5517999990001@s.whatsapp.net", False)
    assert update["message"]["editedMessage"]["message"] == {"conversation": "Boa noite"}
    assert (await stage.ledger())[0]["text"] == "Boa noite"


async def test_a_caption_is_edited_in_its_image(stage: Stage) -> None:
    message = await stage.say(kind="image", text="antes")
    await stage.act(message["id"], "edit", text="depois")
    await stage.settle()

    assert stage.posted("messages.edited")[0]["data"]["editedMessage"] == {"imageMessage": {"caption": "depois"}}


async def test_a_delete_is_told_twice_and_ends_the_message(stage: Stage) -> None:
    message = await stage.say(text="engano")
    await stage.act(message["id"], "delete")
    await stage.settle()

    assert stage.posted("messages.edited")[0]["data"]["type"] == "REVOKE"
    assert stage.posted("messages.delete")[0]["data"]["id"] == message["id"]
    path = f"/control/instances/{NAME}/messages/{message['id']}/edit"
    assert (await stage.http.post(path, json={"text": "x"})).status_code == 409


async def test_a_reaction_can_be_taken_back(stage: Stage) -> None:
    message = await stage.say(text="oi", from_owner=True)
    await stage.act(message["id"], "react", emoji="\U0001f44d")
    assert (await stage.ledger())[0]["reactions"] == {"maria-souza": "\U0001f44d"}

    await stage.act(message["id"], "react", emoji="")
    await stage.settle()

    assert (await stage.ledger())[0]["reactions"] == {}
    told = [post["data"]["message"].get("reactionMessage") for post in stage.posted("messages.upsert")]
    assert [reaction["text"] for reaction in told if reaction] == ["\U0001f44d", ""]


async def test_groups_are_silent_when_the_instance_ignores_them(stage: Stage) -> None:
    names = ("rejectCall", "groupsIgnore", "alwaysOnline", "readMessages", "readStatus", "syncFullHistory")
    settings = dict.fromkeys(names, False) | {"groupsIgnore": True}
    await stage.gateway("POST", f"/settings/set/{NAME}", settings)
    await stage.say("familia-souza", text="oi")
    await stage.settle()

    assert stage.posts == []


async def test_any_event_can_be_posted_as_it_is(stage: Stage) -> None:
    call = {"chatId": "5517999990001@s.whatsapp.net", "status": "offer"}
    await stage.control("POST", f"/control/instances/{NAME}/events", {"event": "call", "data": call})
    await stage.control("POST", f"/control/instances/{NAME}/events", {"event": "groups.update", "data": []})
    await stage.settle()

    assert [post["data"] for post in stage.posted("call")] == [call]
    assert stage.posted("groups.update") == [], "Evolution never delivers it"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/control/instances/nobody/customers/x/messages", {}, 404, "no_such_instance"),
        (f"/control/instances/{NAME}/customers/nobody/messages", {}, 404, "no_such_customer"),
        (
            f"/control/instances/{NAME}/customers/maria-souza/messages",
            {"sample": "x", "kind": "image"},
            404,
            "no_such_sample",
        ),
        (f"/control/instances/{NAME}/customers/maria-souza/messages", {"kind": "poem"}, 422, "bad_body"),
        (f"/control/instances/{NAME}/customers/maria-souza/messages", {"quoted": "x"}, 404, "no_such_message"),
        (f"/control/instances/{NAME}/messages/x/delete", {}, 404, "no_such_message"),
        (f"/control/instances/{NAME}/customers", {"name": "Sem Endereço"}, 422, "no_address"),
    ],
)
async def test_the_control_api_says_what_is_wrong(
    stage: Stage, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await stage.http.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_reset_forgets_everything(stage: Stage) -> None:
    await stage.say(kind="image")
    assert (await stage.http.post("/control/reset")).status_code == 204

    assert (await stage.control("GET", "/control/state"))["instances"] == []
    assert list(stage.database.with_name("sandbox.sqlite3.media").iterdir()) == []
    await stage.wire(with_cast=True)
    await stage.say(text="de novo")
    await stage.settle()
    assert len(stage.posted("messages.upsert")) == 1


async def test_the_cast_is_seeded_beside_a_running_sandbox_and_twice_is_once(stage: Stage) -> None:
    wiring: dict[str, Any] = {
        "instance_name": NAME,
        "api_key": "OUTRA-CHAVE",
        "webhook_url": HOOK,
        "owner": "5517300000001",
    }
    first = cast.seed(stage.database, **wiring)
    await stage.control("PATCH", f"/control/instances/{NAME}/customers/maria-souza", {"auto_read": True})
    second = cast.seed(stage.database, **wiring)

    people = await stage.control("GET", f"/control/instances/{NAME}/customers")
    assert first.id == second.id
    assert [person["auto_read"] for person in people if person["id"] == "maria-souza"] == [True]
    assert len(people) == 7
    assert [person["jid"] for person in people if person["is_group"]] == ["120363000000000001@g.us"]
    assert [person["id"] for person in people if not person["phone"]] == ["beatriz"]
    assert (await stage.gateway("GET", f"/webhook/find/{NAME}", key="OUTRA-CHAVE")).json()["url"] == HOOK


async def test_pictures_are_where_the_gateways_caller_reaches_it(stage: Stage) -> None:
    wiring = {"instance_name": NAME, "api_key": "k", "webhook_url": HOOK, "owner": "5517300000000"}
    cast.seed(stage.database, **wiring, base_url="http://127.0.0.1:8000/sandbox/")
    again = Stage(stage.database)
    await again.say(text="um")
    await again.settle()
    await again.gateway("GET", f"/webhook/find/{NAME}")
    await again.say(text="dois")
    await again.settle()

    first = again.posted("contacts.upsert")[0]["data"]["profilePicUrl"]
    second = again.posted("contacts.update")[0]["data"]["profilePicUrl"]
    await again.close()
    assert (first.partition("?")[0], second.partition("?")[0]) == (
        "http://127.0.0.1:8000/sandbox/pps/maria.jpg",
        "http://sandbox.test/sandbox/pps/maria.jpg",
    )


def test_a_file_of_another_schema_is_emptied(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.sqlite3")
    cast.people(store, NAME)
    store._run("PRAGMA user_version = 1")
    store.close()

    again = Store(tmp_path / "sandbox.sqlite3")
    assert again.customers(NAME) == []
    again.close()


async def test_another_profile_picture_is_told_of_at_once(stage: Stage) -> None:
    await stage.control("PATCH", f"/control/instances/{NAME}/customers/maria-souza", {"picture": "joao.jpg"})
    await stage.settle()

    [told] = stage.posted("contacts.update")
    assert told["data"][0]["profilePicUrl"].startswith("http://sandbox.test/sandbox/pps/joao.jpg?ccb=")
