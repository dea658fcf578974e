"""The ladder to a received file's bytes: the order of its rungs, and what each says when it breaks."""

import base64
import json
import socket
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from backend.gateways import evolution_base64, evolution_media
from backend.gateways.base import MediaOffer
from backend.gateways.evolution_media import Candidate, GatewayAccess, open_media
from backend.lib.errors import ChatError, Refused, TryLater
from tests.unit.site import Host, Site, sites
from tests.unit.whatsapp_cipher import KEY, seal

PLAIN = b"\xff\xd8\xff" + bytes(range(256)) * 900
SEALED = seal(PLAIN, "image")
SOURCE = json.dumps({"key": {"id": "3EB0", "remoteJid": "55@s.whatsapp.net"}, "message": {"imageMessage": {"a": 1}}})
OFFER = MediaOffer(kind="image", mimetype="image/jpeg", sha256=SEALED.sha256, size_bytes=len(PLAIN))
SEALED_OFFER = replace(OFFER, media_key=KEY, direct_path="/v/t62/a.enc?oe=1", enc_sha256=SEALED.enc_sha256)
LIMIT = 1_000_000
Make = Callable[[Callable[[Host], None]], Site]


@pytest.fixture
def site() -> Iterator[Make]:
    with sites() as make:
        yield make


def gateway(site: Site | None = None, *, is_sandbox: bool = False) -> GatewayAccess:
    base_url = f"http://{site.host}/sandbox/" if site else "http://127.0.0.1:9"
    return GatewayAccess(base_url=base_url, api_key="the key", name="clínica 01", is_sandbox=is_sandbox)


def ways(offer: MediaOffer, source: str = "", access: GatewayAccess | None = None) -> dict[str, Candidate]:
    return {candidate.way: candidate for candidate in open_media(access or gateway(), offer, source)}


def read(candidate: Candidate, limit: int = LIMIT) -> bytes:
    with candidate.open(limit) as chunks:
        return b"".join(chunks)


def failure(candidate: Candidate, limit: int = LIMIT) -> ChatError:
    with pytest.raises(ChatError) as raised:
        read(candidate, limit)
    return raised.value


def answer(body: object, status: int = 201) -> Callable[[Host], None]:
    return lambda host: host.say(status, json.dumps(body).encode(), Content_Type="application/json")


def test_the_rungs_come_in_order_each_with_the_announced_digest():
    offer = replace(SEALED_OFFER, inline_base64="AAAA", media_url="https://x.example/a")
    found = list(open_media(gateway(), offer, SOURCE))
    assert [way.way for way in found] == ["inline", "whatsapp", "media_url", "gateway_id", "gateway_message"]
    assert {way.sha256 for way in found} == {SEALED.sha256}
    assert {way.size_bytes for way in found} == {len(PLAIN)}


def test_only_the_rungs_that_the_payload_gives_are_there():
    assert list(ways(OFFER)) == []
    assert list(ways(replace(SEALED_OFFER, media_key=None))) == []
    assert list(ways(OFFER, SOURCE)) == ["gateway_id", "gateway_message"]
    assert list(ways(OFFER, '{"key":{"id":"x"}}')) == ["gateway_id"]
    for unreadable in ("{", "[]", "null", '{"key":1}', "[" * 100_000):
        assert list(ways(OFFER, unreadable)) == []


# --- Inline ---------------------------------------------------------------------------------------------------------


def test_inline_base64_is_decoded_in_small_pieces():
    offer = replace(OFFER, inline_base64=base64.b64encode(PLAIN).decode())
    with ways(offer)["inline"].open(LIMIT) as chunks:
        pieces = list(chunks)
    assert b"".join(pieces) == PLAIN
    assert max(map(len, pieces)) <= 64 * 1024


@pytest.mark.parametrize(("text", "code"), [("A" * 13, "bad_answer"), ("é" * 8, "bad_answer")])
def test_inline_base64_that_is_none_is_given_up_for_the_next_way(text, code):
    assert failure(ways(replace(OFFER, inline_base64=text))["inline"]).code == code


def test_inline_base64_above_the_limit_is_refused_unread():
    assert failure(ways(replace(OFFER, inline_base64="A" * 400))["inline"], 100).code == "file_too_large"


# --- WhatsApp -------------------------------------------------------------------------------------------------------


def test_the_sandbox_serves_the_encrypted_file_itself(site):
    here = site(lambda host: host.say(200, SEALED.body))
    assert read(ways(SEALED_OFFER, access=gateway(here, is_sandbox=True))["whatsapp"]) == PLAIN
    assert here.asked[0][0] == "/sandbox/v/t62/a.enc?oe=1"


@pytest.mark.parametrize("path", ["/v/a.enc", "//evil.example/a.enc", "/\\evil.example/", "/@evil.example/"])
def test_a_real_gateways_files_come_from_whatsapps_host_whatever_the_path(monkeypatch, path):
    asked: list[str] = []

    def nowhere(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    code = failure(ways(replace(SEALED_OFFER, direct_path=path))["whatsapp"]).code
    assert asked == ["mmg.whatsapp.net"] or (code == "bad_url" and asked == [])


def test_a_path_that_could_change_the_host_is_refused():
    assert failure(ways(replace(SEALED_OFFER, direct_path=".evil.example/a"))["whatsapp"]).code == "bad_url"


def test_an_encrypted_file_that_was_changed_is_never_whole(site):
    here = site(lambda host: host.say(200, SEALED.body[:-1] + b"x"))
    assert failure(ways(SEALED_OFFER, access=gateway(here, is_sandbox=True))["whatsapp"]).code == "digest_mismatch"


def test_a_largest_allowed_file_passes_its_overhead_included(site):
    here = site(lambda host: host.say(200, SEALED.body))
    found = ways(SEALED_OFFER, access=gateway(here, is_sandbox=True))["whatsapp"]
    assert read(found, len(PLAIN)) == PLAIN
    assert failure(found, len(PLAIN) - 17).code == "file_too_large"


# --- The gateway's copy ---------------------------------------------------------------------------------------------


def copy_at(site: Site, settings: Any) -> Candidate:
    settings.MEDIA_FETCH_HOSTS = [site.host]
    return ways(replace(OFFER, media_url=f"http://{site.host}/a.jpg"))["media_url"]


def test_a_copy_on_a_listed_host_is_taken(site, settings):
    assert read(copy_at(site(lambda host: host.say(200, PLAIN)), settings)) == PLAIN


def test_a_copy_on_a_private_host_that_is_not_listed_is_refused(site, settings):
    here = site(lambda host: host.say(200, PLAIN))
    candidate = copy_at(here, settings)
    settings.MEDIA_FETCH_HOSTS = []
    assert failure(candidate).code == "address_not_allowed"
    assert here.asked == []


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [(401, Refused, "media_gone"), (403, Refused, "media_gone"), (404, Refused, "media_gone"),
     (410, Refused, "media_gone"), (429, TryLater, "media_host_down"), (500, TryLater, "media_host_down"),
     (503, TryLater, "media_host_down"), (206, TryLater, "media_host_down"), (204, TryLater, "media_host_down")],
)  # fmt: skip
def test_what_the_media_host_answers_has_a_reason(site, settings, status, kind, code):
    error = failure(copy_at(site(lambda host: host.say(status)), settings))
    assert (type(error), error.code) == (kind, code)


def test_a_web_page_is_no_file(site, settings):
    page = site(lambda host: host.say(200, b"<html>", Content_Type="Text/HTML; charset=utf-8"))
    assert failure(copy_at(page, settings)).code == "not_a_file"


def test_a_redirect_to_a_private_address_is_refused(site, settings):
    away = site(lambda host: host.say(302, Location="http://169.254.169.254/latest/meta-data/"))
    assert failure(copy_at(away, settings)).code == "address_not_allowed"


def test_a_silent_host_is_too_slow(site, settings, monkeypatch):
    monkeypatch.setattr(evolution_media, "SILENCE_SECONDS", 0.1)

    def silent(host: Host) -> None:
        host.rfile.read(1)

    assert failure(copy_at(site(silent), settings)).code == "media_too_slow"


# --- getBase64FromMediaMessage ---------------------------------------------------------------------------------------


def asked_of_gateway(site: Site, source: str = SOURCE) -> dict[str, Candidate]:
    return ways(OFFER, source, gateway(site))


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 100, 65_535, 65_536, 230_403])
def test_the_gateways_base64_is_decoded_as_it_comes(site, size, separators):
    file = base64.b64encode(PLAIN[:size]).decode()
    body = {"mediaType": "imageMessage", "caption": 'a "base64":"AAAA" b', "base64": file, "buffer": None}
    text = json.dumps(body, separators=separators).encode()
    assert read(asked_of_gateway(site(lambda host: host.say(201, text)))["gateway_id"]) == PLAIN[:size]


def test_first_by_id_then_with_the_whole_message(site):
    bodies: list[dict[str, Any]] = []

    def script(host: Host) -> None:
        bodies.append(json.loads(host.body))
        host.say(201, b'{"base64":"AAAA"}')

    here = site(script)
    for way in asked_of_gateway(here).values():
        read(way)
    assert bodies == [
        {"message": {"key": {"id": "3EB0"}}, "convertToMp4": False},
        {"message": json.loads(SOURCE), "convertToMp4": False},
    ]
    path, headers = here.asked[0]
    assert path == "/sandbox/chat/getBase64FromMediaMessage/cl%C3%ADnica%2001"
    assert headers["apikey"] == "the key"


def test_the_one_wrapper_that_the_gateway_does_not_open_is_opened_for_it():
    inner = {"audioMessage": {"seconds": 3}}
    wrapped = {"key": {"id": "x"}, "message": {"viewOnceMessageV2Extension": {"message": inner}}}
    bodies = dict(evolution_base64.bodies(json.dumps(wrapped)))
    assert bodies["gateway_message"]["message"]["message"] == inner


def envelope(message: object, status: int = 400) -> dict[str, object]:
    return {"status": status, "error": "Bad Request", "response": {"message": message}}


@pytest.mark.parametrize(
    ("status", "message", "kind", "code"),
    [
        (400, ["Message not found"], Refused, "media_gone"),
        (400, ["The message is not of the media type"], Refused, "media_gone"),
        (400, ["TypeError: fetch failed"], TryLater, "media_host_down"),
        (400, ["AxiosError: Request failed with status code 410"], Refused, "media_gone"),
        (400, ["Error: Connection Closed"], TryLater, "gateway_disconnected"),
        (500, "Connection Closed", TryLater, "gateway_disconnected"),
        (401, "Unauthorized", TryLater, "gateway_unauthorized"),
        (404, ['The "x" instance does not exist'], TryLater, "gateway_instance_unknown"),
        (404, ["Cannot POST /chat/getBase64FromMediaMessage/x"], TryLater, "gateway_error"),
        (403, "Forbidden", TryLater, "gateway_error"),
        (502, "<html>Bad Gateway</html>", TryLater, "gateway_error"),
    ],
)
def test_the_gateways_errors_are_told_apart_by_their_words(site, status, message, kind, code):
    error = failure(asked_of_gateway(site(answer(envelope(message, status), status)))["gateway_id"])
    assert (type(error), error.code) == (kind, code)


def test_an_unlicensed_gateway_is_named(site):
    body = {"error": "service not activated", "code": "LICENSE_REQUIRED"}
    assert failure(asked_of_gateway(site(answer(body, 503)))["gateway_id"]).code == "gateway_unlicensed"


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"null", "bad_answer"), (b"{}", "bad_answer"), (b"", "bad_answer"), (b'{"base64":"AAAA', "cut_short"),
     (b'{"base64":null}', "bad_answer"), (b'{"base64":"A"}', "bad_answer"),
     (b'{"base64":"' + b"A" * 2000 + b'"}', "file_too_large")],
)  # fmt: skip
def test_an_answer_without_a_whole_file_has_a_reason(site, body, code):
    assert failure(asked_of_gateway(site(lambda host: host.say(201, body)))["gateway_id"], 1000).code == code


def test_an_answer_that_ends_early_or_never_comes_is_tried_again(site):
    here = site(lambda host: host.say(201, b'{"base64":"AAAA', Content_Length="900"))
    assert failure(asked_of_gateway(here)["gateway_id"]).code == "cut_short"
    assert failure(ways(OFFER, SOURCE, gateway())["gateway_id"]).code == "gateway_down"


def test_a_large_answer_costs_no_memory(site):
    text = b'{"base64":"' + b"AAAA" * 2_000_000 + b'"}'
    here = site(lambda host: host.say(201, text))
    with asked_of_gateway(here)["gateway_id"].open(50_000_000) as chunks:
        tracemalloc.start()
        assert sum(len(chunk) for chunk in chunks) == 6_000_000
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2_000_000


def test_a_gateways_key_is_in_no_message():
    assert "the key" not in repr(gateway())
