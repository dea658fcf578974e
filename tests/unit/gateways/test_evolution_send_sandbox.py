"""The adapter against the simulated gateway in a process of its own, in every mood that it can be put into."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from backend.gateways import evolution_records, evolution_send
from backend.gateways.base import FileToSend, MessageKey, NotFetched, QuotedRef, Uncertain
from backend.gateways.evolution_base64 import GatewayAccess
from backend.lib.errors import ChatError, Refused, TryLater
from backend.sandbox import samples
from tests.process.chat_process import SandboxProcess
from tests.unit.site import Host, Site, sites

NAME, TOKEN = "clinica-01", "TOKEN-CLINICA-01-0001"
MARIA, JOAO, LID = "5517999990001", "5517999990002", "120000000000005@lid"
FOLDER = f"/control/instances/{NAME}"


class Phone:
    """The simulated WhatsApp's other side."""

    def __init__(self, process: SandboxProcess) -> None:
        self.http = httpx.Client(base_url=process.url, timeout=30, trust_env=False)
        self.access = GatewayAccess(process.url, TOKEN, NAME)

    def control(self, method: str, path: str, **body: Any) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def ledger(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", f"{FOLDER}/ledger")
        return found

    def fails(self, **gateway: Any) -> None:
        self.control("PUT", f"{FOLDER}/faults", gateway=gateway)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def phone(process: SandboxProcess) -> Phone:
    phone = Phone(process)
    phone.control("POST", "/control/reset")
    phone.control("POST", "/control/instances", name=NAME, api_key=TOKEN, with_cast=True)
    return phone


@pytest.fixture
def site() -> Iterator[Callable[[Callable[[Host], None]], Site]]:
    with sites() as make:
        yield make


def sample(kind: Any, name: str, url: str = "") -> FileToSend:
    found = samples.sample(name)
    return FileToSend(kind, found.mimetype, found.name, "", len(found.data), url, lambda: found.data)


def failure_of(act: Callable[..., object], *told: object) -> ChatError:
    with pytest.raises(ChatError) as raised:
        act(*told)
    return raised.value


def records(phone: Phone, *addresses: str) -> list[Any]:
    since = datetime.now(UTC) - timedelta(minutes=1)
    return list(evolution_records.find_records(phone.access, addresses=addresses or None, since=since))


def test_a_text_and_its_answer_stand_on_the_phone(phone):
    first = evolution_send.send_text(phone.access, MARIA, "Bom dia!")
    quoted = QuotedRef(first.provider_id, MARIA, from_me=True, text="Bom dia!")
    second = evolution_send.send_text(phone.access, MARIA, "Tudo bem?", quoted)
    assert [(line["id"], line["text"]) for line in phone.ledger()] == [
        (first.provider_id, "Bom dia!"),
        (second.provider_id, "Tudo bem?"),
    ]
    assert (first.address, second.address) == (MARIA, MARIA)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("image", "photo-beach.jpg"),
        ("document", "orcamento.pdf"),
        ("video", "video.mp4"),
        ("voice", "voice.ogg"),
        ("sticker", "sticker.webp"),
    ],
)
def test_every_kind_of_file_arrives_as_what_it_is(phone, kind, name):
    file = sample(kind, name)
    accepted = evolution_send.send_file(phone.access, LID, file)
    [line] = phone.ledger()
    assert (line["id"], line["kind"], accepted.address) == (accepted.provider_id, kind, LID)
    if kind in {"document", "video", "voice"}:
        assert phone.http.get(line["media"]["url"]).content == file.read()


def test_the_gateway_fetches_a_file_from_our_address(phone, site):
    file = sample("document", "orcamento.pdf")
    ours = site(lambda host: host.say(200, file.read(), Connection="close"))
    evolution_send.send_file(phone.access, MARIA, replace(file, url=f"http://{ours.host}/media/abc"))
    assert [path for path, _ in ours.asked] == ["/media/abc"] * 2  # its size, then its bytes
    gone = site(lambda host: host.say(404, Connection="close"))
    for url in (f"http://{gone.host}/media/abc", "http://127.0.0.1:9/media/abc"):
        for kind, name in (("image", "photo-beach.jpg"), ("document", "orcamento.pdf")):
            error = failure_of(evolution_send.send_file, phone.access, MARIA, sample(kind, name, url))
            assert (type(error), error.code) == (NotFetched, "media_not_fetched")
    assert len(phone.ledger()) == 1


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("disconnected", TryLater, "instance_disconnected"),
        ("upload_failed", TryLater, "media_upload_failed"),
        ("not_on_whatsapp", Refused, "not_on_whatsapp"),
        ("status", Uncertain, "gateway_silent"),
    ],
)
def test_the_moods_of_a_gateway_are_told_apart_and_nothing_is_sent(phone, fault, error, code):
    phone.fails(mode=fault)
    for file in (sample("document", "orcamento.pdf"), sample("voice", "voice.ogg")):
        raised = failure_of(evolution_send.send_file, phone.access, MARIA, file)
        assert (type(raised), raised.code) == (error, code)
    assert phone.ledger() == []


def test_an_instance_that_is_unknown_or_locked_is_told(phone):
    for access, code in (
        (replace(phone.access, name="outra"), "instance_unknown"),
        (replace(phone.access, api_key="wrong"), "key_refused"),
    ):
        assert failure_of(evolution_send.send_text, access, MARIA, "oi").code == code
    assert failure_of(evolution_send.send_text, phone.access, "5511900000000", "oi").code == "not_on_whatsapp"


def test_what_was_accepted_in_silence_is_found_in_the_records(phone, settings):
    evolution_send.send_text(phone.access, MARIA, "antes")
    began = datetime.now(UTC)
    phone.fails(mode="accept_then_hang", seconds=1.0)
    settings.GATEWAY_SECONDS = 0.3
    raised = failure_of(evolution_send.send_text, phone.access, MARIA, "talvez")
    assert (type(raised), raised.code) == (Uncertain, "gateway_silent")
    settings.GATEWAY_SECONDS = 30
    found = evolution_records.settle(records(phone, MARIA), "text", "talvez", began)
    assert found is not None
    assert found.provider_id == phone.ledger()[-1]["id"]
    assert evolution_records.settle(records(phone, JOAO), "text", "talvez", began) is None
    assert evolution_records.settle(records(phone, MARIA), "text", "outra", began) is None
    assert evolution_records.settle(records(phone), "text", "talvez", began, known={found.provider_id}) is None


def test_what_the_gateway_hides_is_not_found(phone):
    phone.fails(hide_record=True)
    began = datetime.now(UTC)
    evolution_send.send_text(phone.access, MARIA, "escondida")
    assert evolution_records.settle(records(phone), "text", "escondida", began) is None


def test_what_was_typed_on_the_phone_settles_nothing(phone):
    began = datetime.now(UTC)
    phone.control("POST", f"{FOLDER}/customers/maria-souza/messages", kind="text", text="ok", from_owner=True)
    assert evolution_records.settle(records(phone), "text", "ok", began) is None


def test_records_come_newest_first_over_all_pages_each_once(phone, monkeypatch):
    monkeypatch.setattr(evolution_records, "PAGE", 3)
    for number in range(8):
        phone.control("POST", f"{FOLDER}/customers/maria-souza/messages", kind="text", text=f"n{number}")
    lines = [record.text for record in records(phone)]
    assert sorted(lines) == [f"n{number}" for number in range(8)]
    late = datetime.now(UTC) + timedelta(minutes=1)
    assert list(evolution_records.find_records(phone.access, since=late)) == []
    few = evolution_records.find_records(phone.access, since=late - timedelta(hours=1), limit=4)
    assert len(list(few)) == 4


def test_messages_are_edited_deleted_reacted_to_and_read(phone):
    sent = evolution_send.send_text(phone.access, MARIA, "Bom dis")
    key = MessageKey(sent.provider_id, MARIA, from_me=True)
    evolution_send.edit_text(phone.access, key, "Bom dia")
    evolution_send.react(phone.access, key, "\U0001f44d")
    told = phone.control("POST", f"{FOLDER}/customers/maria-souza/messages", kind="text", text="oi")
    evolution_send.mark_read(phone.access, [MessageKey(told["id"], MARIA, from_me=False)])
    evolution_send.send_presence(phone.access, MARIA, "composing", 0.2)
    line = next(one for one in phone.ledger() if one["id"] == sent.provider_id)
    assert (line["text"], list(line["reactions"].values())) == ("Bom dia", ["\U0001f44d"])
    evolution_send.delete_for_everyone(phone.access, key)
    lines = {one["id"]: one for one in phone.ledger()}
    assert lines[sent.provider_id]["is_deleted"]
    assert lines[told["id"]]["status"] == "READ"
    error = failure_of(evolution_send.edit_text, phone.access, replace(key, address=JOAO), "não")
    assert (type(error), error.code) == (Refused, "not_editable")


def test_numbers_state_and_version_are_told(phone):
    known = evolution_send.on_whatsapp(phone.access, [MARIA, "5511900000000"])
    assert [(one.number, one.exists) for one in known] == [(MARIA, True), ("5511900000000", False)]
    assert evolution_send.connection_state(phone.access) == "open"
    assert evolution_send.can_send(evolution_send.version(phone.access))
    phone.control("POST", f"{FOLDER}/connection", state="logged_out")
    assert evolution_send.connection_state(phone.access) == "closed"
    began = time.monotonic()
    error = failure_of(evolution_send.on_whatsapp, phone.access, [MARIA])
    assert (type(error), error.code, time.monotonic() - began < 5) == (TryLater, "instance_disconnected", True)
