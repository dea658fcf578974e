"""What leaves for the gateway, and what its silence means."""

import base64
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from backend.gateways import evolution_rest, evolution_send
from backend.gateways.base import ArrivedEmpty, FileToSend, MessageKey, NotFetched, QuotedRef, Uncertain
from backend.gateways.evolution_base64 import GatewayAccess
from backend.gateways.evolution_errors import Asked, failure
from backend.lib.errors import ChatError, Refused, TryLater
from tests.unit.site import Host, Site, sites

MARIA = "5517999990001"
ACCEPTED = {"key": {"id": "3EB01", "remoteJid": f"{MARIA}@s.whatsapp.net"}, "messageTimestamp": 1_795_164_635}
URL = "https://chat.example.com/media/0123456789abcdef"
PDF = FileToSend("document", "application/pdf", "orçamento.pdf", "segue", 4, "", lambda: b"%PDF")
Make = Callable[[Callable[[Host], None]], Site]


@pytest.fixture
def site() -> Iterator[Make]:
    with sites() as make:
        yield make


@pytest.fixture
def gateway(site) -> "Gateway":
    return Gateway(site)


class Gateway:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, site: Make) -> None:
        self.answer: tuple[int, object] = (201, ACCEPTED)
        self.asked: list[tuple[str, str, Any]] = []
        self.access = GatewayAccess(f"http://{site(self._say).host}/evolution/", "k", "clínica 01")

    def _say(self, host: Host) -> None:
        self.asked.append((host.command, host.path, json.loads(host.body) if host.body else None))
        status, body = self.answer
        host.say(status, json.dumps(body).encode(), Connection="close")

    @property
    def body(self) -> Any:
        return self.asked[-1][2]


def failure_of(act: Callable[[], object]) -> ChatError:
    with pytest.raises(ChatError) as raised:
        act()
    return raised.value


# --- What leaves ------------------------------------------------------------------------------------------------------


def test_a_text_goes_to_the_instance_by_its_quoted_name(gateway):
    accepted = evolution_send.send_text(gateway.access, MARIA, "Olá, João \u2014 \U0001f44d")
    assert (accepted.provider_id, accepted.address) == ("3EB01", MARIA)
    body = {"number": MARIA, "text": "Olá, João \u2014 \U0001f44d"}
    assert gateway.asked == [("POST", "/evolution/message/sendText/cl%C3%ADnica%2001", body)]


def test_a_quote_says_what_it_quotes_and_only_names_a_file(gateway):
    quoted = QuotedRef("AC01", MARIA, from_me=False, text="Tem horário?")
    evolution_send.send_text(gateway.access, MARIA, "Sim", quoted)
    key = {"id": "AC01", "remoteJid": f"{MARIA}@s.whatsapp.net", "fromMe": False}
    assert gateway.body["quoted"] == {"key": key, "message": {"conversation": "Tem horário?"}}
    evolution_send.send_text(gateway.access, MARIA, "Sim", replace(quoted, text="", participant="5511988880000"))
    assert gateway.body["quoted"] == {"key": key | {"participant": "5511988880000@s.whatsapp.net"}}


def test_a_file_that_can_be_fetched_goes_by_its_url_and_is_not_read(gateway):
    file = replace(PDF, url=URL, read=lambda: pytest.fail("read"))
    evolution_send.send_file(gateway.access, MARIA, file)
    assert gateway.body == {
        "number": MARIA,
        "mediatype": "document",
        "mimetype": "application/pdf",
        "fileName": "orçamento.pdf",
        "caption": "segue",
        "media": URL,
    }


@pytest.mark.parametrize(
    "url",
    ["", "http://minio:9000/a", "http://localhost/a", "https://a_b.example.com/a", f"{URL}?{'x' * 2_084}", f"{URL} a"],
)
def test_a_url_that_the_gateway_would_not_take_for_one_is_not_tried(gateway, url):
    evolution_send.send_file(gateway.access, MARIA, replace(PDF, url=url))
    assert base64.b64decode(gateway.body["media"]) == b"%PDF"


@pytest.mark.parametrize("size", [1, 2, 3, 196_607, 196_608, 196_609, 500_000])
def test_base64_arrives_whole_whatever_the_size(gateway, size):
    data = bytes(range(256)) * (size // 256 + 1)
    evolution_send.send_file(gateway.access, MARIA, replace(PDF, read=lambda: data[:size]))
    assert base64.b64decode(gateway.body["media"], validate=True) == data[:size]


@pytest.mark.parametrize(
    ("kind", "mimetype", "name", "told"),
    [
        ("image", "image/png", "foto.png", ("foto.jpg", "image/jpeg")),
        ("image", "image/jpeg", "", ("image.jpg", "image/jpeg")),
        ("video", "video/mp4", "praia", ("praia.mp4", "video/mp4")),
        ("audio", "audio/mpeg", "canto.mp3", ("canto.mp3", "audio/mpeg")),
        ("document", "application/pdf", "contrato", ("contrato.pdf", "application/pdf")),
        ("document", "application/pdf", "v1.2", ("v1.2.pdf", "application/pdf")),
        ("document", "application/x-of-nobody", "dados.zzz", ("dados.zzz.bin", "application/x-of-nobody")),
    ],
)
def test_a_file_has_a_name_whose_ending_the_gateway_knows(gateway, kind, mimetype, name, told):
    file = replace(PDF, kind=kind, mimetype=mimetype, file_name=name)
    evolution_send.send_file(gateway.access, MARIA, file)
    assert (gateway.body["fileName"], gateway.body["mimetype"]) == told


@pytest.mark.parametrize(
    ("kind", "route", "field"), [("voice", "WhatsAppAudio", "audio"), ("sticker", "Sticker", "sticker")]
)
def test_voice_and_stickers_never_go_by_url(gateway, kind, route, field):
    evolution_send.send_file(gateway.access, MARIA, replace(PDF, kind=kind, url=URL))
    assert f"/message/send{route}/" in gateway.asked[0][1]
    assert base64.b64decode(gateway.body[field]) == b"%PDF"
    assert gateway.body.get("encoding") is (False if kind == "voice" else None)


def test_a_file_without_bytes_is_refused_before_anything_leaves(gateway):
    error = failure_of(lambda: evolution_send.send_file(gateway.access, MARIA, replace(PDF, read=lambda: b"")))
    assert (type(error), error.code, gateway.asked) == (Refused, "media_refused", [])


def test_a_file_that_arrived_without_its_bytes_says_which_message_it_is(gateway):
    gateway.answer = 201, {**ACCEPTED, "message": {"audioMessage": {"fileLength": {"low": 0, "high": 0}}}}
    error = failure_of(lambda: evolution_send.send_file(gateway.access, MARIA, replace(PDF, kind="voice")))
    assert isinstance(error, ArrivedEmpty)
    assert (error.code, error.provider_id) == ("media_refused", "3EB01")


def test_a_large_file_is_not_copied_while_it_is_sent(site):
    data = bytes(24_000_000)
    target = GatewayAccess(f"http://{site(lambda host: host.say(201, json.dumps(ACCEPTED).encode())).host}", "k", "a")
    sending = evolution_rest.Call("POST", "/", {}, file_field="media", file=data)
    tracemalloc.start()
    for _ in evolution_rest.content_of(sending):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
    evolution_send.send_file(target, MARIA, replace(PDF, read=lambda: data))


# --- What is done to messages -----------------------------------------------------------------------------------------


def test_what_is_done_to_a_message_names_it_as_whatsapp_does(gateway):
    key = MessageKey("3EB01", "120000000000005@lid", from_me=True)
    wire_key = {"id": "3EB01", "remoteJid": "120000000000005@lid", "fromMe": True}
    evolution_send.react(gateway.access, key, "\U0001f44d")
    evolution_send.edit_text(gateway.access, key, "novo")
    evolution_send.delete_for_everyone(gateway.access, key)
    evolution_send.mark_read(gateway.access, [replace(key, address=MARIA, from_me=False)])
    evolution_send.mark_read(gateway.access, [])
    evolution_send.send_presence(gateway.access, MARIA, "recording", 1.5)
    assert [(method, path.split("/")[3], body) for method, path, body in gateway.asked] == [
        ("POST", "sendReaction", {"key": wire_key, "reaction": "\U0001f44d"}),
        ("POST", "updateMessage", {"number": "120000000000005@lid", "text": "novo", "key": wire_key}),
        ("DELETE", "deleteMessageForEveryone", wire_key),
        (
            "POST",
            "markMessageAsRead",
            {"readMessages": [{"id": "3EB01", "remoteJid": f"{MARIA}@s.whatsapp.net", "fromMe": False}]},
        ),
        ("POST", "sendPresence", {"number": MARIA, "presence": "recording", "delay": 1500}),
    ]


@pytest.mark.parametrize(
    ("version", "is_new_enough"),
    [
        ("2.2.0", True),
        ("2.3.7", True),
        ("v2.4.0-rc2", True),
        ("10.0", True),
        ("2.1.9", False),
        ("1.8.7", False),
        ("", False),
    ],
)
def test_sending_needs_two_point_two(version, is_new_enough):
    assert evolution_send.can_send(version) is is_new_enough


# --- What its silence means -------------------------------------------------------------------------------------------


def text(access: GatewayAccess) -> Callable[[], object]:
    return lambda: evolution_send.send_text(access, MARIA, "oi")


def raw_server(script: Callable[[socket.socket], None]) -> GatewayAccess:
    """Speaks below HTTP."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        link, _ = listening.accept()
        with link, listening:
            script(link)

    threading.Thread(target=serve, daemon=True).start()
    return GatewayAccess(f"http://127.0.0.1:{listening.getsockname()[1]}", "k", "a")


def test_a_gateway_that_is_not_there_was_not_told():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    for base_url in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid", "http://", "gopher://x.example"):
        error = failure_of(text(GatewayAccess(base_url, "k", "a")))
        assert (type(error), error.code) == (TryLater, "gateway_unreachable")


def test_a_connection_that_is_cut_after_the_request_leaves_us_uncertain():
    error = failure_of(text(raw_server(lambda link: link.recv(65_536) and None)))
    assert (type(error), error.code) == (Uncertain, "gateway_silent")


def test_an_answer_that_ends_half_way_leaves_us_uncertain():
    def half(link: socket.socket) -> None:
        link.recv(65_536)
        link.sendall(b'HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"key":')

    assert isinstance(failure_of(text(raw_server(half))), Uncertain)


def test_a_gateway_that_takes_too_long_leaves_us_uncertain():
    def mute(link: socket.socket) -> None:
        link.recv(65_536)
        time.sleep(1)

    access = raw_server(mute)
    call = evolution_rest.Call("POST", "/x", {}, seconds=0.2, asked=Asked())
    assert isinstance(failure_of(lambda: evolution_rest.call(access, call)), Uncertain)


def test_a_file_that_the_gateway_stops_taking_was_not_handed_over(monkeypatch):
    monkeypatch.setattr(evolution_rest, "WRITE_SECONDS", 0.3)

    def deaf(link: socket.socket) -> None:
        link.recv(1_000)
        time.sleep(2)

    file = replace(PDF, read=lambda: bytes(30_000_000))
    error = failure_of(lambda: evolution_send.send_file(raw_server(deaf), MARIA, file))
    assert (type(error), error.code) == (TryLater, "gateway_unreachable")


@pytest.mark.parametrize("answer", [(201, None), (201, []), (200, {"key": {}}), (500, {"message": "?"}), (400, "?")])
def test_an_answer_that_says_nothing_leaves_us_uncertain(gateway, answer):
    gateway.answer = answer
    assert failure_of(text(gateway.access)).code == ("gateway_unreachable" if answer[0] == 400 else "gateway_silent")


def test_what_may_be_repeated_is_never_uncertain(gateway):
    gateway.answer = 500, {"message": "?"}
    error = failure_of(lambda: evolution_send.react(gateway.access, MessageKey("3EB01", MARIA, from_me=True), ""))
    assert (type(error), error.code) == (TryLater, "gateway_silent")


def test_an_api_key_that_no_header_can_hold_is_refused(gateway):
    for key in ("chave\n", "chavé \u2014"):
        error = failure_of(text(replace(gateway.access, api_key=key)))
        assert (type(error), error.code) == (Refused, "key_refused")


# --- Proxies, versions and words that nobody recorded -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (502, b"<html>Bad Gateway", Uncertain, "gateway_silent"),
        (504, b"", Uncertain, "gateway_silent"),
        (404, b"<html>Application not found", TryLater, "gateway_unreachable"),
        (401, b"<html>Authorization Required", TryLater, "gateway_unreachable"),
        (301, b"", TryLater, "gateway_unreachable"),
        (413, b"<html>Too Large", Refused, "file_too_large"),
        (503, b'{"error":"service not activated","code":"LICENSE_REQUIRED"}', Refused, "gateway_unlicensed"),
        (
            400,
            b'{"response":{"message":[["instance requires property \\"textMessage\\""]]}}',
            Refused,
            "gateway_too_old",
        ),
        (400, b'{"response":{"message":["Message is older than 15 minutes"]}}', Refused, "not_editable"),
        (400, b'{"response":{"message":["Error: Timed Out"]}}', Uncertain, "gateway_silent"),
        (400, b'{"response":{"message":["PrismaClientKnownRequestError"]}}', Uncertain, "gateway_silent"),
        (500, b"[" * 200_000, Uncertain, "gateway_silent"),
    ],
)
def test_the_words_decide_and_what_is_not_known_is_uncertain(status, body, error, code):
    raised = failure(status, body, Asked())
    assert (type(raised), raised.code) == (error, code)


def test_only_what_was_given_by_url_can_fail_to_be_fetched():
    body = b'{"response":{"message":["AxiosError: Request failed with status code 403"]}}'
    assert isinstance(failure(500, body, Asked(by_url=True)), NotFetched)
    assert isinstance(failure(500, body, Asked()), Uncertain)


def test_the_words_of_the_gateway_stay_out_of_the_detail():
    body = json.dumps({"response": {"message": [{"exists": False, "jid": MARIA}, f"{MARIA} Connection Closed"]}})
    for asked in (Asked(), Asked(is_group=True)):
        assert MARIA not in failure(400, body.encode(), asked).detail
