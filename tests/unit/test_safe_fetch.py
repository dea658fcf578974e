"""Nobody outside makes us call inside: a table of the ways people try, then a real server that misbehaves."""

import gzip
import ipaddress
import itertools
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from backend.chat import proxy
from backend.lib import pinned, safe_fetch
from backend.lib.addresses import is_public
from backend.lib.errors import ChatError, Refused, TryLater
from tests.unit.site import Host, Site, sites

PUBLIC_ADDRESSES = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 57.144.1.32 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 157.240.1.60
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
223.255.255.255 2606:4700::1111 2a03:2880:f012::1 ::ffff:8.8.8.8 64:ff9b::808:808
""".split()

# The table: code → what a stranger may give us. After "→" the addresses that the name resolves to; without, a row is
# refused by what it says or by the machine's own resolver. Nothing in it may open a socket.
TABLE = {
    "bad_url": r"""
    example.com
    //example.com/x
    /etc/passwd
    http:127.0.0.1
    http:/127.0.0.1/
    http:///127.0.0.1/
    http://
    http:///x
    file:///etc/passwd
    file://127.0.0.1/etc/passwd
    ftp://example.com/x
    gopher://127.0.0.1:6379/_FLUSHALL
    dict://127.0.0.1:11211/stats
    ldap://127.0.0.1/
    tftp://127.0.0.1/x
    sftp://127.0.0.1/x
    ws://example.com/
    data:image/png;base64,AAAA
    javascript:alert(1)
    jar:http://example.com/x!/
    view-source:http://example.com/
    https://user@example.com/
    https://user:pass@example.com/
    http://example.com@127.0.0.1/
    http://127.0.0.1@example.com/
    http://foo@127.0.0.1:80@example.com/
    http://@127.0.0.1/
    http://127.0.0.1\\@example.com/
    http://example.com\\.evil.com/
    http://example.com\\@127.0.0.1/
    http://[::1
    http://::1]/
    http://[::1%25lo]/
    http://[fe80::1%eth0]/
    http://[1.2.3.4]x/
    http://[127.0.0.1]/
    http://example.com:port/
    http://example.com:99999/
    http://example.com:-80/
    http://ex%61mple.com/
    http://127.0.0.1%00.example.com/
    http://127.0.0.1%2f.example.com/
    http://.example.com/
    http://-example.com/
    http://exa$mple.com/
    http://127.0.0.1,example.com/
    http://{127.0.0.1}/
    http://example.com/caf\u00e9
    http://\u2025/
    http://exa\u0020mple.com/
    http://example.com/a\u0020b
    http://example.com/\u0000
    http://example.com/\u000d\u000aX:y
    http://exam\u0009ple.com/
    """,
    "address_not_allowed": r"""
    http://example.com:22/
    http://example.com:25/
    http://example.com:6379/
    http://example.com:0/
    https://example.com:8443/
    https://example.com:5432/
    http://127.0.0.1/
    HTTP://127.0.0.1/
    https://127.0.0.1/
    http://127.0.0.1:443/
    http://127.0.0.1#@example.com/
    http://127.0.0.1?@example.com/
    http://127.0.0.1/@example.com
    http://127.1/
    http://127.0.1/
    http://127.0.0.1./
    http://127.000.000.001/
    http://2130706433/
    http://017700000001/
    http://0177.0.0.1/
    http://0177.0.0.0x1/
    http://0x7f000001/
    http://0x7F.1/
    http://0x7f.0x0.0x0.0x1/
    http://0/
    http://0.0.0.0/
    http://0x0/
    http://localhost/
    http://LOCALHOST/
    http://localhost./
    http://[::1]/
    http://[::]/
    http://[0:0:0:0:0:0:0:1]/
    http://[0000:0000:0000:0000:0000:0000:0000:0001]/
    http://[::127.0.0.1]/
    http://[::ffff:127.0.0.1]/
    http://[::ffff:7f00:1]/
    http://[::FFFF:7F00:0001]/
    http://[0:0:0:0:0:ffff:127.0.0.1]/
    http://[::ffff:169.254.169.254]/
    http://[::ffff:0:127.0.0.1]/
    http://[64:ff9b::127.0.0.1]/
    http://[64:ff9b::a9fe:a9fe]/
    http://[64:ff9b:1::7f00:1]/
    http://[2002:7f00:1::]/
    http://[fe80::1]/
    http://[fc00::1]/
    http://[fd00:ec2::254]/latest/meta-data/
    http://[ff02::1]/
    http://169.254.169.254/latest/meta-data/
    http://0xA9FEA9FE/latest/meta-data/
    http://2852039166/latest/meta-data/
    http://169.254.43518/latest/meta-data/
    http://0251.0376.0251.0376/latest/meta-data/
    http://100.100.100.200/latest/meta-data/
    http://192.0.0.192/opc/v2/instance/
    http://168.63.129.16/machine/
    http://169.254.170.2/v2/credentials/
    http://10.0.0.1/
    http://167772161/
    http://172.16.0.1/
    http://192.168.0.1/
    http://0300.0250.0.1/
    http://3232235521/
    http://100.64.0.1/
    http://198.18.0.1/
    http://224.0.0.1/
    http://255.255.255.255/
    http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/
    http://127\u30020\u30020\u30021/
    http://\uff11\uff12\uff17.0.0.1/
    http://127.0.0.1.nip.example/ → 127.0.0.1
    http://two.example/ → 8.8.8.8 10.0.0.1
    http://two.example/ → 10.0.0.1 8.8.8.8
    http://two.example/ → 2606:4700::1111 ::1
    """
    + "".join(
        f"\n    http://name.example/ → {address}"
        for address in """
        0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254
        168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192
        192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
        239.255.255.250 240.0.0.1 255.255.255.255
        :: ::1 ::2 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
        64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::10.0.0.1 64:ff9b:1::1 100::1 2001::1
        2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe::1 3fff::1 5f00::1
        fc00::1 fd00:ec2::254 fd12:3456::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 4000::1
        """.split()
    ),
}


@dataclass(frozen=True)
class Case:
    url: str
    code: str
    addresses: tuple[str, ...] = ()

    @property
    def options(self) -> dict[str, Any]:
        return {"resolver": lambda host, port: list(self.addresses)} if self.addresses else {}


def _read(code: str, line: str) -> Case:
    url, _, addresses = line.strip().partition(" → ")
    plain = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), url).replace("\\\\", "\\")
    return Case(plain, code, tuple(addresses.split()))


CASES = [_read(code, line) for code, lines in TABLE.items() for line in lines.splitlines() if line.strip()]


@pytest.fixture
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens one has lost."""

    def open_one(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("httpcore.SyncBackend.connect_tcp", open_one)


def test_the_table_is_long_enough() -> None:
    assert len({(case.url, case.addresses) for case in CASES}) == len(CASES) >= 80


@pytest.mark.parametrize("case", CASES, ids=ascii)
def test_nothing_is_asked_of_where_nobody_should_look(case: Case, no_socket: None) -> None:
    assert code_of(case.url, **case.options) == case.code


def leads_away(case: Case) -> bool:
    """Some are paths, seen from another page; and what has a control character in it is no header."""
    if re.search(r"[\x00-\x1f]", case.url):
        return False
    try:
        parts = urlsplit(case.url)
        return bool(parts.scheme) and (parts.scheme not in {"http", "https"} or bool(parts.netloc))
    except ValueError:
        return True


@pytest.mark.parametrize("case", [*filter(leads_away, CASES)], ids=ascii)
def test_nor_when_a_redirect_leads_there(case: Case, site: Callable[[Callable[[Host], None]], Site]) -> None:
    here = site(lambda host: host.say(302, Location=case.url.encode().decode("latin-1")))
    names = {"resolver": lambda host, port: [host] if host == "127.0.0.1" else list(case.addresses)}
    assert failure(here, **(names if case.addresses else {})).code in {"address_not_allowed", "bad_url"}
    assert len(here.asked) == 1


@pytest.mark.parametrize("case", CASES, ids=ascii)
def test_nor_by_way_of_the_proxy(case: Case, no_socket: None, settings: Any) -> None:
    settings.SANDBOX = False
    with pytest.raises(Refused) as raised:
        proxy.judged(case.url)
    assert (raised.value.status, raised.value.code) in {
        (400, "bad_url"),
        (403, "host_not_allowed"),
        (403, "address_not_allowed"),
    }


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_a_public_address_is_allowed(address):
    assert is_public(ipaddress.ip_address(address))


def test_a_url_that_says_enough_is_refused_before_any_look_up():
    for case in CASES:
        if case.code == "bad_url" or re.search(r":(22|25|6379|0|8443|5432)/", case.url):
            assert code_of(case.url, resolver=no_look_up) == case.code


def test_a_host_off_the_list_is_refused():
    for url in (
        "https://evil.example/",
        "https://pps.whatsapp.net.evil.example/",
        "https://evilwhatsapp.net/",
        "https://whatsapp.net/",
        "https://evil.example/pps.whatsapp.net",
        "https://evil.example?pps.whatsapp.net",
        "https://evil.example#.whatsapp.net",
    ):
        assert code_of(url, only_hosts=["*.whatsapp.net"], resolver=no_look_up) == "host_not_allowed"


def no_look_up(host: str, port: int) -> list[str]:
    raise AssertionError("looked up")


def code_of(url: str, **options: Any) -> str:
    """The refusal's code; any other end is an error of the test."""
    with pytest.raises(Refused) as raised, safe_fetch.fetch(url, max_bytes=10, total_seconds=5, **options):
        pass
    return raised.value.code


# --- A server that misbehaves ---------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[Callable[[Callable[[Host], None]], Site]]:
    with sites() as make:
        yield make


def take(site: Site, path: str = "/x", **options: Any) -> tuple[int, bytes]:
    chosen = {"private_hosts": [site.host], **options}
    return take_from(f"http://{site.host}{path}", **chosen)


def take_from(url: str, **options: Any) -> tuple[int, bytes]:
    chosen = {"max_bytes": 1000, "total_seconds": 5, **options}
    with safe_fetch.fetch(url, **chosen) as answer:
        return answer.status, b"".join(answer.chunks)


def failure(site: Site, **options: Any) -> ChatError:
    with pytest.raises(ChatError) as raised:
        take(site, **options)
    return raised.value


def test_a_listed_host_may_be_private_and_keeps_its_name(site):
    here = site(lambda host: host.say(200, b"bytes"))
    assert take(here, "/a/b?c=d%20e") == (200, b"bytes")
    path, headers = here.asked[0]
    assert path == "/a/b?c=d%20e"
    assert (headers["Host"], headers["Accept-Encoding"]) == (here.host, "identity")


def test_a_name_is_looked_up_once_and_the_connection_goes_where_the_look_up_said(site):
    here = site(lambda host: host.say(200, b"bytes"))
    port = here.host.rpartition(":")[2]
    answers = itertools.chain([["127.0.0.1"]], itertools.repeat(["10.0.0.1"]))
    with safe_fetch.fetch(
        f"http://rebind.example:{port}/",
        max_bytes=10,
        total_seconds=5,
        private_hosts=[f"rebind.example:{port}"],
        resolver=lambda host, _: next(answers),
    ) as answer:
        assert b"".join(answer.chunks) == b"bytes"
    assert next(answers) == ["10.0.0.1"]
    assert here.asked[0][1]["Host"] == f"rebind.example:{port}"


def test_the_environments_proxy_is_not_used(site, monkeypatch):
    proxy, here = site(lambda host: host.say(200, b"proxied")), site(lambda host: host.say(200, b"direct"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{proxy.host}")
    assert take(here) == (200, b"direct")


def test_a_status_is_the_callers_to_judge(site):
    assert take(site(lambda host: host.say(403, b"no"))) == (403, b"no")


def test_redirects_are_followed_a_little(site):
    def script(host: Host) -> None:
        left = int(host.path.strip("/"))
        host.say(302, Location=f"/{left - 1}") if left else host.say(200, b"there")

    here = site(script)
    assert take(here, "/3") == (200, b"there")
    with pytest.raises(Refused) as raised:
        take(here, "/4")
    assert raised.value.code == "too_many_redirects"


def test_a_name_that_was_public_and_then_is_not_is_refused_at_the_next_hop(site, monkeypatch):
    here = site(lambda host: host.say(302, Location="/again"))
    monkeypatch.setitem(safe_fetch.DEFAULT_PORTS, "http", int(here.host.rpartition(":")[2]))
    monkeypatch.setattr(pinned, "is_public", lambda address: str(address) == "127.0.0.1")
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with pytest.raises(Refused) as raised:
        take_from("http://rebind.example/", resolver=lambda host, port: next(answers))
    assert raised.value.code == "address_not_allowed"
    assert [path for path, _ in here.asked] == ["/"]


def test_a_public_host_cannot_lead_into_a_private_one_that_is_listed(site):
    inside = site(lambda host: host.say(200, b"secret"))
    public = safe_fetch._target("http://8.8.8.8/", None, [inside.host])
    private = safe_fetch._target(f"http://{inside.host}/", None, [inside.host])
    with pytest.raises(Refused):
        safe_fetch._check_redirect(public, private)
    safe_fetch._check_redirect(private, public)


def test_https_does_not_lead_to_http():
    with pytest.raises(Refused):
        targets = [safe_fetch._target(f"{scheme}://a.example/", None, []) for scheme in ("https", "http")]
        safe_fetch._check_redirect(*targets)


def test_more_bytes_than_allowed_are_refused_announced_or_not(site):
    assert failure(site(lambda host: host.say(200, b"x" * 1001))).code == "file_too_large"

    def endless(host: Host) -> None:
        host.send_response(200)
        host.end_headers()
        while True:
            try:
                host.wfile.write(b"x" * 500)
            except OSError:
                return

    assert failure(site(endless)).code == "file_too_large"


def test_fewer_bytes_than_announced_are_tried_again(site):
    error = failure(site(lambda host: host.say(200, b"short", Content_Length="900")))
    assert (type(error), error.code) == (TryLater, "cut_short")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "x-gzip", "nonsense"])
def test_a_compressed_answer_is_refused_unopened(site, encoding):
    bomb = gzip.compress(bytes(10_000_000))[:900]
    assert failure(site(lambda host: host.say(200, bomb, Content_Encoding=encoding))).code == "bad_answer"


def test_a_bomb_that_does_not_say_what_it_is_stays_as_small_as_it_came(site):
    bomb = gzip.compress(bytes(100_000))
    assert take(site(lambda host: host.say(200, bomb))) == (200, bomb)


def test_ten_gigabytes_are_refused_when_they_are_announced(site):
    error = failure(site(lambda host: host.say(200, b"x", Content_Length=str(10**10))))
    assert (type(error), error.code) == (Refused, "file_too_large")


def test_silence_ends(site):
    gate = threading.Event()
    here = site(lambda host: gate.wait(10) and None)
    error = failure(here, read_seconds=0.2)
    gate.set()
    assert (type(error), error.code) == (TryLater, "media_too_slow")


@pytest.mark.parametrize("where", ["headers", "body"])
def test_a_slow_trickle_ends_with_the_whole_time(site, where):
    now = [0.0]

    def trickle(host: Host) -> None:
        host.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if where == "body" else b""))
        try:
            while now[0] < 100:
                now[0] += 1
                host.wfile.write(b"a" if where == "body" else b"A: b\r\n")
                host.wfile.flush()
                gate.wait(0.005)
        except OSError:
            return

    gate = threading.Event()
    error = failure(site(trickle), total_seconds=20, clock=lambda: now[0])
    assert (type(error), error.code) == (TryLater, "media_too_slow")
    assert now[0] < 90


def test_a_host_that_is_not_there_is_tried_again():
    with pytest.raises(TryLater) as raised:
        take_from("http://127.0.0.1:9/", private_hosts=["127.0.0.1:9"])
    assert raised.value.code == "media_host_down"


def test_a_name_that_is_not_looked_up_in_time_ends_with_the_whole_time():
    gate = threading.Event()
    with pytest.raises(TryLater) as raised:
        take_from("http://slow.example/", total_seconds=0.2, resolver=lambda host, port: gate.wait(10) and [])
    gate.set()
    assert raised.value.code == "media_too_slow"


def test_a_name_that_does_not_resolve_is_tried_again():
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(TryLater) as raised:
        take_from("http://nowhere.example/", resolver=unknown)
    assert raised.value.code == "media_host_down"
