"""Every recorded answer of the gateway, played back over HTTP, and what our adapter makes of it.

A recording without a row in recorded_rows.py fails, and so does a row without a recording.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.gateways import evolution_base64, evolution_records, evolution_send
from backend.gateways.base import FileToSend, MediaKind, MessageKey, QuotedRef
from backend.gateways.evolution_base64 import GatewayAccess
from backend.gateways.evolution_rest import Call, call
from backend.lib.errors import ChatError
from tests.unit.gateways.recorded_rows import DONE, FAILED, MARIA, READ, SENT
from tests.unit.site import Host, Site, sites

RECORDED = Path(__file__).parents[2] / "contract" / "recorded"
NAMES = sorted(path.stem for path in RECORDED.glob("*.json"))
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
Recording = dict[str, Any]


@pytest.fixture(scope="module")
def played() -> Iterator[Callable[[Recording], Site]]:
    """The one gateway of all tests here, with the next answer put into it."""
    now: Recording = {}
    with sites() as make:
        site = make(lambda host: _answer(host, now["response"]))

        def play(recording: Recording) -> Site:
            now.update(recording)
            return site

        yield play


def recording_of(name: str) -> Recording:
    found: Recording = json.loads((RECORDED / f"{name}.json").read_text())
    return found


def _answer(host: Host, response: dict[str, Any]) -> None:
    body = json.dumps(response["body"]).encode()
    host.say(response["status"], body, Content_Type=response["content_type"] or "", Connection="close")


def access(site: Site) -> GatewayAccess:
    return GatewayAccess(base_url=f"http://{site.host}", api_key="k", name="clinica-01")


def made(gateway: GatewayAccess, recording: Recording) -> object:
    """The call of ours that the recorded request stands for; what we never ask, as it was asked."""
    request = recording["request"]
    route = request["path"].split("/")[2] if request["path"].count("/") > 1 else ""
    asked = request["body"] if isinstance(request["body"], dict) else {}
    if route in CALLS:
        return CALLS[route](gateway, asked)
    return call(gateway, Call(request["method"], request["path"], {}))


def _file(gateway: GatewayAccess, asked: dict[str, Any], *, kind: MediaKind | None = None) -> object:
    media = str(asked.get("media", ""))
    url = "https://files.example.com/a.bin" if media.startswith("http") else ""
    family = asked.get("mediatype")
    file = FileToSend(
        kind=kind or (family if family in {"image", "video", "audio"} else "document"),
        mimetype="application/pdf",
        file_name="a.pdf",
        caption="",
        size_bytes=3,
        url=url,
        read=lambda: b"abc",
    )
    return evolution_send.send_file(gateway, _to(asked), file, _quoted(asked))


def _to(asked: dict[str, Any]) -> str:
    return str(asked.get("number", MARIA)).removesuffix("@s.whatsapp.net")


def _quoted(asked: dict[str, Any]) -> QuotedRef | None:
    return QuotedRef("AC01", MARIA, from_me=False, text="oi") if "quoted" in asked else None


KEY = MessageKey("3A000000000000000044", MARIA, from_me=True)
CALLS: dict[str, Callable[[GatewayAccess, dict[str, Any]], object]] = {
    "sendText": lambda gateway, asked: evolution_send.send_text(gateway, _to(asked), "oi", _quoted(asked)),
    "sendMedia": _file,
    "sendWhatsAppAudio": lambda gateway, asked: _file(gateway, asked, kind="voice"),
    "sendSticker": lambda gateway, asked: _file(gateway, asked, kind="sticker"),
    "sendReaction": lambda gateway, _: evolution_send.react(gateway, KEY, ""),
    "deleteMessageForEveryone": lambda gateway, _: evolution_send.delete_for_everyone(gateway, KEY),
    "updateMessage": lambda gateway, _: evolution_send.edit_text(gateway, KEY, "texto corrigido"),
    "sendPresence": lambda gateway, asked: evolution_send.send_presence(gateway, _to(asked), "composing"),
    "markMessageAsRead": lambda gateway, _: evolution_send.mark_read(gateway, [KEY]),
    "whatsappNumbers": lambda gateway, asked: evolution_send.on_whatsapp(gateway, asked.get("numbers", [MARIA])),
    "connectionState": lambda gateway, _: evolution_send.connection_state(gateway),
    "fetchProfilePictureUrl": lambda gateway, asked: evolution_send.picture_url(gateway, asked["number"]),
    "findMessages": lambda gateway, _: list(evolution_records.find_records(gateway, since=LONG_AGO)),
    "getBase64FromMediaMessage": lambda gateway, _: _base64(gateway),
}


def _base64(gateway: GatewayAccess) -> bytes:
    with evolution_base64.opened(gateway, {}, 10_000_000) as chunks:
        return b"".join(chunks)


def test_every_recording_has_one_row():
    rows = [*SENT, *DONE, *FAILED, *READ]
    assert sorted(rows) == NAMES


@pytest.mark.parametrize("name", sorted(SENT))
def test_what_was_sent_has_its_id_and_its_chat(played, name):
    recording = recording_of(name)
    accepted: Any = made(access(played(recording)), recording)
    assert (accepted.provider_id, accepted.address) == SENT[name]
    assert accepted.at == datetime.fromtimestamp(recording["response"]["body"]["messageTimestamp"], UTC)


@pytest.mark.parametrize("name", sorted(DONE))
def test_what_was_done_says_nothing_more(played, name):
    recording = recording_of(name)
    assert made(access(played(recording)), recording) is None


@pytest.mark.parametrize("name", sorted(FAILED))
def test_what_failed_is_told_by_its_words(played, name):
    recording = recording_of(name)
    with pytest.raises(ChatError) as raised:
        made(access(played(recording)), recording)
    error, code = FAILED[name]
    assert (type(raised.value), raised.value.code) == (error, code)
    assert MARIA not in raised.value.detail


@pytest.mark.parametrize("name", sorted(READ))
def test_what_was_asked_is_answered(played, name):
    recording = recording_of(name)
    made(access(played(recording)), recording)


def test_the_recorded_states_numbers_and_version_are_read(played):
    numbers = recording_of("whatsappNumbers_200")
    known: Any = made(access(played(numbers)), numbers)
    assert [(one.exists, one.address, one.name) for one in known] == [
        (True, MARIA, "Maria Souza"),
        (False, "5517999990099", ""),
        (True, MARIA, "Maria Souza"),
        (True, "120000000000005@lid", ""),
    ]
    states = {"open": "open", "close": "closed", "while_connecting": "closed"}
    for name, state in states.items():
        recording = recording_of(f"instance_connectionState_{name}")
        assert made(access(played(recording)), recording) == state
    version = evolution_send.version(access(played(recording_of("root_get"))))
    assert (version, evolution_send.can_send(version)) == ("2.3.7", True)


def test_where_a_face_is_may_not_be_told(played):
    told = {}
    for name in ("profile_picture_200", "profile_picture_null_200", "fetchProfilePictureUrl_disconnected"):
        recording = recording_of(name)
        told[name] = made(access(played(recording)), recording)
    assert told.pop("profile_picture_200").startswith("https://pps.whatsapp.net/v/t61.24694-24/")
    assert set(told.values()) == {""}


def test_the_recorded_record_is_read_and_enters_like_a_webhook(played):
    recording = recording_of("find_messages_200")
    records: Any = made(access(played(recording)), recording)
    [record] = records
    assert (record.provider_id, record.from_me, record.kind) == ("AC000000000000000000000000000006", False, "image")
    assert (record.text, record.addresses) == ("exame de hoje", (MARIA, "120000000000001@lid"))
    assert record.is_typed
    assert json.loads(record.raw)["message"]["imageMessage"]["mediaKey"].startswith("SEO8")
