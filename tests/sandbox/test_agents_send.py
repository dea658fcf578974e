"""What an agent sends goes as Evolution sends it: fetched, converted, echoed, ticked, and failing when told to."""

import asyncio
import base64
import hashlib
from typing import Any

import httpx
import pytest

from backend.sandbox.samples import sample
from tests.sandbox.stage import NAME, ORIGIN, Stage

MARIA = "5517999990001"


async def send(stage: Stage, what: str = "sendText", number: str = MARIA, **body: Any) -> httpx.Response:
    return await stage.gateway("POST", f"/message/{what}/{NAME}", {"number": number} | body)


def statuses(stage: Stage, message_id: str) -> list[str]:
    updates = [post["data"] for post in stage.posted("messages.update")]
    return [update["status"] for update in updates if update["keyId"] == message_id]


async def test_a_text_is_answered_echoed_and_ticked(stage: Stage) -> None:
    answer = await send(stage, text="Olá Maria")
    await stage.settle()

    message_id = answer.json()["key"]["id"]
    assert answer.status_code == 201
    assert [post["data"] for post in stage.posted("send.message")] == [answer.json()]
    assert statuses(stage, message_id) == ["SERVER_ACK", "DELIVERY_ACK"]
    line = (await stage.ledger())[-1]
    assert (line["id"], line["from"], line["text"], line["status"]) == (
        message_id,
        "agent",
        "Olá Maria",
        "DELIVERY_ACK",
    )


async def test_opening_the_chat_turns_the_ticks_blue_once(stage: Stage) -> None:
    text = (await send(stage, text="Olá")).json()["key"]["id"]
    audio = base64.b64encode(sample("voice.ogg").data).decode()
    voice = (await send(stage, "sendWhatsAppAudio", audio=audio, encoding=False)).json()["key"]["id"]
    await stage.settle()

    for _ in range(2):
        await stage.control("POST", f"/control/instances/{NAME}/customers/maria-souza/read", {"played": True})
    await stage.settle()

    assert statuses(stage, text)[2:] == ["READ"]
    assert statuses(stage, voice)[2:] == ["READ", "PLAYED"]


async def test_a_phone_that_is_off_gets_one_tick_only(stage: Stage) -> None:
    await stage.control("PATCH", f"/control/instances/{NAME}/customers/maria-souza", {"is_online": False})
    message_id = (await send(stage, text="Olá")).json()["key"]["id"]
    await stage.settle()

    assert statuses(stage, message_id) == ["SERVER_ACK"]


async def test_a_customer_who_reads_by_herself_sends_all_ticks(stage: Stage) -> None:
    message_id = (await send(stage, number="551733330004", text="Olá")).json()["key"]["id"]
    await stage.settle()

    assert statuses(stage, message_id) == ["SERVER_ACK", "DELIVERY_ACK", "READ"]


async def test_groups_give_no_ticks(stage: Stage) -> None:
    message_id = (await send(stage, number="120363000000000001@g.us", text="Olá")).json()["key"]["id"]
    await stage.settle()

    assert statuses(stage, message_id) == []
    assert (await stage.ledger())[-1]["status"] == "DELIVERY_ACK"


@pytest.mark.parametrize(
    ("asked", "jid"),
    [
        ("5585999990003", "558599990003@s.whatsapp.net"),
        ("+55 (85) 99999-0003", "558599990003@s.whatsapp.net"),
        ("551799990001", "5517999990001@s.whatsapp.net"),
        ("120000000000005@lid", "120000000000005@lid"),
    ],
)
async def test_the_answer_says_whose_address_it_really_is(stage: Stage, asked: str, jid: str) -> None:
    assert (await send(stage, number=asked, text="Olá")).json()["key"]["remoteJid"] == jid


async def test_a_document_url_is_fetched_as_it_is_and_kept_byte_for_byte(stage: Stage) -> None:
    stage.origin["/signed/a.pdf"] = sample("orcamento.pdf").data
    url = f"{ORIGIN}/signed/a.pdf?X-Amz-Signature=00"
    answer = await send(stage, "sendMedia", mediatype="document", media=url, fileName="orçamento.pdf", caption="segue")

    media = (await stage.ledger())[-1]["media"]
    assert answer.json()["message"]["documentMessage"]["mimetype"] == "application/pdf"
    assert media["sha256"] == hashlib.sha256(sample("orcamento.pdf").data).hexdigest()
    assert str(stage.fetched[0].url) == url
    assert (await stage.http.get(media["url"])).content == sample("orcamento.pdf").data


@pytest.mark.parametrize(("what", "field"), [("sendSticker", "sticker"), ("sendWhatsAppAudio", "audio")])
async def test_stickers_and_voice_notes_get_a_timestamp_on_their_url(stage: Stage, what: str, field: str) -> None:
    stage.origin |= {"/plain/x": sample("voice.ogg" if field == "audio" else "sticker.webp").data}

    answer = await send(stage, what, **{field: f"{ORIGIN}/plain/x?a=1"})

    assert answer.status_code == 201
    assert stage.fetched[0].url.params.get("a") == "1"
    assert stage.fetched[0].url.params.get("timestamp", "").isdigit()


async def test_a_voice_note_without_encoding_is_left_alone(stage: Stage) -> None:
    stage.origin["/signed/a.ogg"] = sample("voice.ogg").data
    url = f"{ORIGIN}/signed/a.ogg?X-Amz-Signature=00"

    answer = await send(stage, "sendWhatsAppAudio", audio=url, encoding=False)

    assert answer.json()["message"]["audioMessage"]["seconds"] == 7
    assert (await stage.ledger())[-1]["media"]["sha256"] == hashlib.sha256(sample("voice.ogg").data).hexdigest()


async def test_a_url_is_asked_for_its_size_and_then_for_its_bytes(stage: Stage) -> None:
    stage.origin["/signed/a.pdf"] = sample("orcamento.pdf").data
    await send(stage, "sendMedia", mediatype="document", media=f"{ORIGIN}/signed/a.pdf", fileName="a.pdf")
    assert [request.method for request in stage.fetched] == ["HEAD", "GET"]


async def test_a_document_that_cannot_be_fetched_is_not_sent(stage: Stage) -> None:
    url = f"{ORIGIN}/signed/gone.pdf?X-Amz-Signature=00"
    answer = await send(stage, "sendMedia", mediatype="document", media=url, fileName="a.pdf")

    assert answer.status_code == 500
    assert await stage.ledger() == []


@pytest.mark.parametrize(
    ("name", "mimetype"),
    [
        ("contrato.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("horarios.csv", "text/csv"),
        ("sem-final", "false"),
    ],
)
async def test_the_file_name_decides_the_mimetype(stage: Stage, name: str, mimetype: str) -> None:
    data = base64.b64encode(b"qualquer coisa").decode()
    answer = await send(stage, "sendMedia", mediatype="document", mimetype="application/pdf", media=data, fileName=name)

    assert answer.json()["message"]["documentMessage"]["mimetype"] == mimetype


@pytest.mark.parametrize(
    ("emoji", "status"),
    [
        ("\U0001f44d", 201),
        ("\U0001f44d\U0001f3fd", 201),
        ("\U0001f1e7\U0001f1f7", 201),
        ("", 201),
        ("ok", 400),
        ("\U0001f44d\U0001f44d", 400),
    ],
)
async def test_a_reaction_is_one_emoji_or_none(stage: Stage, emoji: str, status: int) -> None:
    key = {"id": "3EB0", "remoteJid": f"{MARIA}@s.whatsapp.net", "fromMe": False}
    answer = await stage.gateway("POST", f"/message/sendReaction/{NAME}", {"key": key, "reaction": emoji})

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (f"{ORIGIN}/plain/a.pdf?" + "x" * (2084 - len(f"{ORIGIN}/plain/a.pdf?")), 201),
        (f"{ORIGIN}/plain/a.pdf?" + "x" * (2085 - len(f"{ORIGIN}/plain/a.pdf?")), 400),
        ("http://minio/a.pdf", 400),
        ("http://my_host.example.com/a.pdf", 400),
        ("http://127.0.0.1:19000/a file.pdf", 400),
    ],
    ids=["2084 characters", "2085 characters", "no dot", "underscore", "space"],
)
async def test_only_what_evolution_takes_for_a_url_is_fetched(stage: Stage, url: str, status: int) -> None:
    stage.origin["/plain/a.pdf"] = sample("orcamento.pdf").data
    answer = await send(stage, "sendMedia", mediatype="document", media=url, fileName="a.pdf")

    assert answer.status_code == status


async def test_a_quote_is_found_by_its_id(stage: Stage) -> None:
    asked = await stage.say(text="Que horas?")
    answer = await send(stage, text="Às 15h", quoted={"key": {"id": asked["id"]}})

    context = answer.json()["contextInfo"]
    assert (context["stanzaId"], context["quotedMessage"]) == (asked["id"], {"conversation": "Que horas?"})
    assert (await stage.ledger())[-1]["quoted_id"] == asked["id"]


async def test_a_reaction_lands_on_the_message(stage: Stage) -> None:
    asked = await stage.say(text="Obrigada!")
    key = {"id": asked["id"], "remoteJid": f"{MARIA}@s.whatsapp.net", "fromMe": False}
    await stage.gateway("POST", f"/message/sendReaction/{NAME}", {"key": key, "reaction": "\u2764\ufe0f"})

    assert (await stage.ledger())[0]["reactions"] == {"agent": "\u2764\ufe0f"}


async def test_what_the_agent_edits_and_deletes_changes_on_the_phone(stage: Stage) -> None:
    sent = (await send(stage, text="Ás 15h")).json()["key"]
    await stage.gateway("POST", f"/chat/updateMessage/{NAME}", {"number": MARIA, "text": "Às 15h", "key": sent})
    edited = (await stage.ledger())[0]
    await stage.gateway("DELETE", f"/chat/deleteMessageForEveryone/{NAME}", sent)
    await stage.settle()

    assert (edited["text"], edited["is_edited"]) == ("Às 15h", True)
    assert (await stage.ledger())[0]["is_deleted"]
    assert stage.posted("messages.delete")[0]["data"]["key"]["id"] == sent["id"]


async def test_a_hidden_echo_and_a_hidden_record_leave_only_the_answer(stage: Stage) -> None:
    await stage.faults(gateway={"hide_echo": True, "hide_record": True})
    message_id = (await send(stage, text="Olá")).json()["key"]["id"]
    await stage.settle()

    where = {"where": {"key": {"id": message_id}}}
    found = await stage.gateway("POST", f"/chat/findMessages/{NAME}", where)
    assert found.json()["messages"]["total"] == 0
    assert stage.posts == []
    assert (await stage.ledger())[0]["is_hidden"]


async def test_a_send_that_is_accepted_and_never_answered_was_sent_all_the_same(stage: Stage) -> None:
    await stage.faults(gateway={"mode": "accept_then_hang", "seconds": 30, "count": 1})
    asking = asyncio.create_task(send(stage, text="Olá"))
    while not stage.posted("send.message"):
        await asyncio.sleep(0.01)
    asking.cancel()
    await stage.settle()

    assert [message["text"] for message in await stage.ledger()] == ["Olá"]


@pytest.mark.parametrize(
    ("mode", "status", "message"),
    [
        ("disconnected", 500, "Connection Closed"),
        ("not_on_whatsapp", 400, [{"jid": f"{MARIA}@s.whatsapp.net", "exists": False, "number": MARIA}]),
        ("status", 502, "Request failed with status code 502"),
    ],
)
async def test_a_gateway_fault_strikes_once_and_sends_nothing(
    stage: Stage, mode: str, status: int, message: object
) -> None:
    await stage.faults(gateway={"mode": mode, "count": 1})
    failed = await send(stage, text="Olá")

    assert (failed.status_code, failed.json()["response"]["message"]) == (status, message)
    assert await stage.ledger() == []
    assert (await send(stage, text="Olá")).status_code == 201


async def test_two_instances_never_see_each_other(stage: Stage) -> None:
    await stage.control("POST", "/control/instances", {"name": "outra", "api_key": "OUTRA", "with_cast": True})
    await stage.say(text="oi")
    mine = await stage.gateway("POST", f"/chat/findMessages/{NAME}", {}, key="OUTRA")
    theirs = await stage.gateway("POST", "/chat/findMessages/outra", {}, key="OUTRA")

    assert mine.status_code == 401
    assert theirs.json()["messages"]["total"] == 0


async def test_messages_are_found_by_chat_and_time_newest_first(stage: Stage) -> None:
    for number in range(3):
        await stage.say(text=str(number), at=1_795_000_000 + number * 60)
    await stage.say("joao-pereira", text="outro")
    where = {"key": {"remoteJid": f"{MARIA}@s.whatsapp.net"}, "messageTimestamp": {"gte": "2026-11-18T11:07:20Z"}}

    found = (await stage.gateway("POST", f"/chat/findMessages/{NAME}", {"where": where, "offset": 1, "page": 2})).json()

    assert (found["messages"]["total"], found["messages"]["pages"]) == (2, 2)
    assert [record["message"]["conversation"] for record in found["messages"]["records"]] == ["1"]
