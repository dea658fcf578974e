"""WhatsApp's own pictures through us: from its hosts alone, pictures alone, and not too many."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache as django_cache

from asgi_workers import proxied
from asgi_workers.files import Files
from backend.chat import proxy
from backend.chat.proxy import Picture
from backend.lib.errors import Missing, Refused
from backend.media.cache import WHOLE_BYTES, media_cache
from backend.tenants import turnstile
from backend.tenants.turnstile import TooMany, Turnstile
from tests.unit.media import samples
from tests.unit.site import Host, Site, sites
from tests.visitor import Visitor, read

PATHS = ("/api/chat/media-proxy/", "/api/media/proxy/")
PICTURE = samples.jpeg()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.fixture
def site(settings: Any) -> Iterator[Callable[[Callable[[Host], None]], Site]]:
    """The first site that is made stands for WhatsApp's host."""
    with sites() as make:

        def made(script: Callable[[Host], None]) -> Site:
            found = make(script)
            settings.SANDBOX_URL = f"http://{found.host}"
            return found

        yield made


@pytest.fixture(autouse=True)
def _nothing_is_near() -> Iterator[None]:
    """The names of what these tests fetch are their own: loopback ports."""
    yield
    django_cache.clear()


def ask(url: str, path: str = PATHS[0], method: str = "get", **headers: str) -> Any:
    return getattr(Visitor(), method)(f"{path}?url={quote(url, safe='')}", headers=headers)


def code_of(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("path", PATHS)
def test_a_picture_is_handed_on_and_then_is_near(site: Any, path: str) -> None:
    here = site(lambda host: host.say(200, PICTURE, Content_Type="text/html"))
    url = f"http://{here.host}/v/1.jpg?oh=a&oe=b"
    first, second = ask(url, path), ask(url, path)

    assert (first.status_code, first.content) == (second.status_code, second.content) == (200, PICTURE)
    assert (first["X-Cache"], second["X-Cache"]) == ("MISS", "HIT")
    assert [asked for asked, _ in here.asked] == ["/v/1.jpg?oh=a&oe=b"]
    assert first["Content-Type"] == "image/jpeg"
    assert first["Cache-Control"] == "public, max-age=604800"
    assert first["X-Content-Size"] == str(len(PICTURE))
    assert first["X-Content-Type-Options"] == "nosniff"
    assert first["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert first["ETag"] == f'"{hashlib.sha256(PICTURE).hexdigest()}"'
    assert (first["Cross-Origin-Resource-Policy"], first.headers.get("Access-Control-Allow-Origin")) == (
        "same-origin",
        None,
    )


def test_it_is_served_like_every_other_file(site: Any) -> None:
    here = site(lambda host: host.say(200, PICTURE))
    url = f"http://{here.host}/2.jpg"
    etag = ask(url)["ETag"]

    assert ask(url, **{"If-None-Match": etag}).status_code == 304
    part = ask(url, Range="bytes=2-5")
    assert (part.status_code, part.content) == (206, PICTURE[2:6])
    head = ask(url, method="head")
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", str(len(PICTURE)))


def test_only_reading_is_answered(site: Any) -> None:
    assert code_of(Visitor().post(PATHS[0]))[0] == 405


@pytest.mark.parametrize(
    "url",
    ["", "x", "file:///etc/passwd", "gopher://pps.whatsapp.net/_x", "http://a:b@pps.whatsapp.net/", "//whatsapp.net",
     "https://pps.whatsapp.net/a b", "https://pps.whatsapp.net/\r\nX: y", "https://pps.whatsapp.net/" + "x" * 5_000],
)  # fmt: skip
def test_what_is_no_plain_address_is_a_bad_one(url: str) -> None:
    assert code_of(ask(url)) == (400, "bad_url")


def test_without_an_address_or_with_a_thousand_it_is_a_bad_one() -> None:
    assert code_of(Visitor().get(PATHS[0])) == (400, "bad_url")
    assert code_of(Visitor().get(PATHS[0] + "?" + "&".join(["url=x"] * 1000))) == (400, "bad_url")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://evil.example/a.jpg", "host_not_allowed"),
        ("https://pps.whatsapp.net.evil.example/a.jpg", "host_not_allowed"),
        ("https://fna.whatsapp.net/a.jpg", "host_not_allowed"),
        ("http://10.0.0.1/a.jpg", "host_not_allowed"),
        ("http://[::ffff:127.0.0.1]/a.jpg", "host_not_allowed"),
        ("http://0x7f.1/a.jpg", "host_not_allowed"),
        ("http://169.254.169.254/latest/", "host_not_allowed"),
        ("https://pps.whatsapp.net:8443/a.jpg", "address_not_allowed"),
    ],
)
def test_another_host_is_not_asked(url: str, code: str) -> None:
    assert code_of(ask(url)) == (403, code)


def test_outside_a_playground_our_own_network_is_not_asked(site: Any, settings: Any) -> None:
    here = site(lambda host: host.say(200, PICTURE))
    settings.SANDBOX = False
    assert code_of(ask(f"http://{here.host}/3.jpg")) == (403, "address_not_allowed")
    settings.MEDIA_PROXY_HOSTS = ["*"]
    assert code_of(ask("http://127.0.0.1/3.jpg")) == (403, "address_not_allowed")
    assert code_of(ask("http://localhost/3.jpg")) == (403, "address_not_allowed")
    assert here.asked == []


@pytest.mark.parametrize("location", ["http://10.0.0.1/", "https://evil.example/", "http://169.254.169.254/latest/"])
def test_a_redirect_leads_nowhere_else(site: Any, location: str) -> None:
    here = site(lambda host: host.say(302, Location=location))
    assert code_of(ask(f"http://{here.host}/{quote(location, safe='')}"))[0] == 403


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_is_gone_is_not_asked_for_again_at_once(site: Any, status: int) -> None:
    here = site(lambda host: host.say(status, b"no"))
    for _ in range(3):
        assert code_of(ask(f"http://{here.host}/gone-{status}.jpg")) == (404, "picture_gone")
    assert len(here.asked) == 1


@pytest.mark.parametrize(
    ("name", "answer", "code"),
    [
        ("500", lambda host: host.say(500, b"no"), "picture_host_down"),
        ("svg", lambda host: host.say(200, SVG, Content_Type="image/svg+xml"), "not_a_picture"),
        ("svg called a jpeg", lambda host: host.say(200, SVG, Content_Type="image/jpeg"), "not_a_picture"),
        ("html", lambda host: host.say(200, b"<!doctype html><script>1</script>"), "not_a_picture"),
        ("pdf", lambda host: host.say(200, b"%PDF-1.7\n"), "not_a_picture"),
        ("heic", lambda host: host.say(200, samples.heic()), "not_a_picture"),
        ("nothing", lambda host: host.say(200), "not_a_picture"),
        ("gzip", lambda host: host.say(200, b"x", Content_Encoding="gzip"), "bad_answer"),
        ("large", lambda host: host.say(200, PICTURE + bytes(proxy.MAX_BYTES)), "file_too_large"),
        ("short", lambda host: host.say(200, PICTURE, Content_Length="999999"), "cut_short"),
        ("loop", lambda host: host.say(302, Location="/loop"), "too_many_redirects"),
    ],
)
def test_what_is_no_picture_is_not_handed_on(site: Any, name: str, answer: Any, code: str) -> None:
    here = site(answer)
    url = f"http://{here.host}/{quote(name)}"
    first = ask(url)
    assert code_of(first) == (502, code)
    assert int(first["Retry-After"]) > 0
    asked = len(here.asked)
    assert code_of(ask(url)) == (502, code)
    assert len(here.asked) == asked


def test_a_host_that_does_not_answer_in_time_is_said_to_be_slow(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "FETCH_SECONDS", 0.2)
    gate = threading.Event()
    here = site(lambda host: gate.wait(5) and None)
    assert code_of(ask(f"http://{here.host}/slow.jpg")) == (504, "media_too_slow")
    gate.set()


def test_however_many_ask_it_is_fetched_once(site: Any) -> None:
    here = site(lambda host: host.say(200, PICTURE))
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": PATHS[0], "REMOTE_ADDR": "9.9.9.9"}
    environ["QUERY_STRING"] = f"url=http://{here.host}/many.jpg"

    async def all_at_once() -> list[Any]:
        files = Files()
        try:
            return await asyncio.gather(*(read(files, environ) for _ in range(20)))
        finally:
            await files.close()

    answers = asyncio.run(all_at_once())
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, PICTURE)}
    assert len(here.asked) == 1


def test_a_picture_that_is_no_small_object_is_handed_on_and_not_kept(site: Any) -> None:
    large = PICTURE + bytes(WHOLE_BYTES)
    here = site(lambda host: host.say(200, large))
    answers = [ask(f"http://{here.host}/large.jpg") for _ in range(2)]

    assert [(answer.content == large, answer["X-Cache"]) for answer in answers] == [(True, "MISS")] * 2


def test_whoever_would_wait_too_long_is_told_to_come_again(site: Any) -> None:
    """At most two rounds of fetching, of FETCH_SECONDS each at the worst."""
    gate = threading.Event()
    here = site(lambda host: gate.wait(10) and host.say(200, PICTURE))
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": PATHS[0], "REMOTE_ADDR": "9.9.9.9"}

    async def crowd() -> tuple[list[int], list[int]]:
        files = Files()
        asks = [environ | {"QUERY_STRING": f"url=http://{here.host}/crowd-{number}.jpg"} for number in range(30)]
        waiting = [asyncio.create_task(read(files, one)) for one in asks]
        done, _ = await asyncio.wait(waiting, timeout=2)
        gate.set()
        answers = await asyncio.gather(*waiting)
        await files.close()
        return [one.result().status_code for one in done], [answer.status_code for answer in answers]

    at_once, in_all = asyncio.run(crowd())
    assert at_once == [503] * (30 - 2 * proxied.FETCHERS)
    assert in_all.count(200) == 2 * proxied.FETCHERS


def test_the_sixty_first_in_a_minute_is_told_to_wait(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turnstile.time, "time", lambda: 1_000_000_000.0)
    here = site(lambda host: host.say(200, PICTURE))
    url = f"http://{here.host}/61.jpg"
    assert [ask(url).status_code for _ in range(proxied.A_MINUTE)] == [200] * proxied.A_MINUTE

    refused = ask(url)
    assert code_of(refused) == (429, "too_many_requests")
    assert 0 < int(refused["Retry-After"]) <= 60


def test_behind_a_proxy_each_client_is_counted(site: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxied, "A_MINUTE", 1)
    here = site(lambda host: host.say(200, PICTURE))
    url = f"http://{here.host}/each.jpg"
    settings.TRUST_PROXY = True
    told = [ask(url, **{"X-Forwarded-For": f"6.6.6.6, {one}"}).status_code for one in ("1.1.1.1", "2.2.2.2", "1.1.1.1")]
    assert told == [200, 200, 429]
    settings.TRUST_PROXY = False
    told = [ask(url, **{"X-Forwarded-For": one}).status_code for one in ("3.3.3.3", "4.4.4.4")]
    assert told == [200, 429]


# --- Counting ---------------------------------------------------------------------------------------------------------


def passes(gate: Turnstile, *addresses: str) -> list[bool]:
    found = []
    for address in addresses:
        try:
            gate.let_through(address)
        except TooMany:
            found.append(False)
        else:
            found.append(True)
    return found


def test_a_new_minute_begins_anew() -> None:
    now = [120.0]
    gate = Turnstile("test-minute", a_minute=2, clock=lambda: now[0])
    assert passes(gate, "1.1.1.1", "1.1.1.1", "1.1.1.1", "2.2.2.2") == [True, True, False, True]
    now[0] = 180.0
    assert passes(gate, "1.1.1.1") == [True]


def test_two_processes_count_together() -> None:
    gates = [Turnstile("test-both", a_minute=2, clock=lambda: 60.0) for _ in range(2)]
    assert passes(gates[0], "1.1.1.1") + passes(gates[1], "1.1.1.1", "1.1.1.1") == [True, True, False]


def test_while_the_cache_is_away_a_process_counts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def __getattr__(self, name: str) -> Any:
            raise ConnectionError

    monkeypatch.setattr(turnstile, "cache", Away())
    gate = Turnstile("test-away", a_minute=2, clock=lambda: 60.0)
    assert passes(gate, "1.1.1.1", "1.1.1.1", "1.1.1.1") == [True, True, False]


def test_a_cache_that_hangs_keeps_one_waiting_and_nobody_after(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Hung:
        def add(self, *_: object) -> None:
            asked.append(1)
            raise TimeoutError

    monkeypatch.setattr(turnstile, "cache", Hung())
    gate = Turnstile("test-hung", a_minute=20, clock=lambda: 60.0)
    assert passes(gate, *["1.1.1.1"] * 21) == [True] * 20 + [False]
    assert len(asked) == 1


def test_a_customers_whole_line_counts_as_one() -> None:
    gate = Turnstile("test-line", a_minute=1, clock=lambda: 60.0)
    assert passes(gate, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1") == [True, False, True]
    assert passes(gate, "::ffff:7.7.7.7", "7.7.7.7", "7.7.7.7:5001", "") == [True, False, False, True]
    assert passes(gate, "[2001:db8:9::1]:443", "2001:db8:9::2") == [True, False]


# --- What is kept -----------------------------------------------------------------------------------------------------


def test_what_is_kept_comes_back_as_it_was() -> None:
    picture = Picture("image/jpeg", hashlib.sha256(PICTURE).hexdigest(), PICTURE)
    assert proxy.unpacked(proxy.packed(picture)[0]) == picture
    for error in (Missing("picture_gone", "x"), proxy.BadHost("cut_short", "y"), Refused("z", "z", status=403)):
        back = proxy.unpacked(proxy.packed(error)[0])
        assert isinstance(back, type(error))
        assert (back.code, back.detail, back.status) == (error.code, error.detail, error.status)


@pytest.mark.parametrize(
    "rubbish", [b"", b"\n", b"{}\nx", b"null\nx", b"[1]\nx", b'{"mimetype":"text/html","sha256":""}\nx']
)
def test_rubbish_in_the_cache_is_passed_by(rubbish: bytes) -> None:
    assert proxy.unpacked(rubbish) is None


def test_a_wrong_byte_in_the_cache_is_never_handed_on() -> None:
    value, _ = proxy.packed(Picture("image/jpeg", hashlib.sha256(PICTURE).hexdigest(), PICTURE))
    assert proxy.unpacked(value[:-1] + bytes([value[-1] ^ 1])) is None


def test_what_is_kept_can_be_forgotten(site: Any) -> None:
    here = site(lambda host: host.say(200, PICTURE))
    url = f"http://{here.host}/forgotten.jpg"
    ask(url)
    media_cache().shelf.forget([proxy.cache_name(url)])
    assert ask(url)["X-Cache"] == "MISS"


# --- In what browsers are told ----------------------------------------------------------------------------------------


def test_an_address_of_whatsapps_becomes_ours() -> None:
    url = "https://pps.whatsapp.net/v/1.jpg?oh=a&oe=b"
    assert proxy.address_of(url) == f"{PATHS[0]}?url={quote(url, safe='')}"
    assert [proxy.address_of(bad) for bad in ("", "javascript:alert(1)", "https://evil.example/x.jpg")] == ["", "", ""]
