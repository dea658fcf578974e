"""Evolution's ways of writing bytes, numbers and times, and bodies that are made to hurt."""

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.gateways import evolution
from backend.gateways import evolution_wire as wire
from backend.gateways.base import Unreadable

KEY = bytes(range(32))


def read(body: dict[str, Any], event: str = "") -> Any:
    return evolution.parse(json.dumps(body).encode(), event=event)


@pytest.mark.parametrize(
    "written",
    [
        base64.b64encode(KEY).decode(),
        base64.urlsafe_b64encode(KEY).decode().rstrip("="),
        {str(index): byte for index, byte in enumerate(KEY)},
        {"type": "Buffer", "data": list(KEY)},
        list(KEY),
    ],
)
def test_bytes_are_read_in_every_form(written):
    assert wire.raw(written) == KEY


@pytest.mark.parametrize(
    "written",
    [None, "", "not base64!", "é", 7, True, {}, [], {"0": 256}, {"0": -1}, {"0": "1"}, {"1": 1}, [None], {"data": {}}],
)
def test_broken_bytes_are_none(written):
    assert wire.raw(written) is None


def test_bytes_above_the_limit_are_none():
    assert wire.raw("A" * 64, limit=47) is None
    assert wire.raw([0] * 48, limit=47) is None
    assert wire.raw({str(index): 0 for index in range(48)}, limit=47) is None
    assert wire.raw("A" * 64, limit=48) == bytes(48)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (84211, 84211),
        ("84211", 84211),
        (" 84211 ", 84211),
        (84211.0, 84211),
        ({"low": 84211, "high": 0, "unsigned": True}, 84211),
        ({"low": -196331728, "high": 417, "unsigned": False}, 417 * 2**32 + (-196331728) % 2**32),
        ({"low": 1}, 1),
    ],
)
def test_numbers_are_read_in_every_form(written, number):
    assert wire.whole(written) == number


@pytest.mark.parametrize(
    "written",
    [None, True, "", "12x", "1" * 40, "٣", float("nan"), float("inf"), 10**30, {"low": "1"}, {"high": 1}, [], {}],
)
def test_what_is_no_number_is_none(written):
    assert wire.whole(written) is None


@pytest.mark.parametrize(
    "written",
    [1795100001, "1795100001", 1795100001000, "1795100001000", 1795100001000000, {"low": 1795100001, "high": 0}],
)
def test_a_time_is_read_in_seconds_or_milliseconds(written):
    assert wire.moment(written) == datetime(2026, 11, 19, 14, 53, 21, tzinfo=UTC)


@pytest.mark.parametrize("written", [0, -1, 1, "", None, 10**15 * 9, 2**61, "soon", True])
def test_a_time_that_cannot_be_is_none(written):
    assert wire.moment(written) is None


@pytest.mark.parametrize(
    ("jid", "address"),
    [
        ("5517999990001@s.whatsapp.net", "5517999990001"),
        ("5517999990001:23@s.whatsapp.net", "5517999990001"),
        ("5517999990001@c.us", "5517999990001"),
        ("+5517999990001", "5517999990001"),
        (5517999990001, "5517999990001"),
        ("120000000000001@lid", "120000000000001@lid"),
        ("120000000000001:5@lid", "120000000000001@lid"),
        ("120363000000000001@g.us", "120363000000000001@g.us"),
        ("5517999990001-1600000000@g.us", "5517999990001-1600000000@g.us"),
        ("5517999990001_1:2@s.whatsapp.net", "5517999990001"),
        ("", ""),
        ("5517999990001-x@s.whatsapp.net", ""),
        ("12345abc-0000-4f02-82d5-ae735e7ec2f3", ""),
        ("@s.whatsapp.net", ""),
        ("someone", ""),
        (None, ""),
        ({}, ""),
    ],
)
def test_a_jid_becomes_an_address(jid, address):
    assert wire.address(jid) == address


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b'{"event": "messages.upsert"', "not_json"),
        (b"1" * 5_000, "not_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"{}", "no_event"),
        (b'{"event": 7.5}', "no_event"),
        (b'{"event": "solar.eclipse"}', "unknown_event"),
        (b'{"event": "messages.upsert"}', "no_content"),
        (b'{"event": "messages.upsert", "data": []}', "no_content"),
        (b"[" * 40_000_000, "too_deep"),
        (b'{"a":' * 8_000_000, "too_deep"),
        (b'{"event":"messages.upsert","data":' + b"[" * 150 + b"]" * 150 + b"}", "too_deep"),
        (b"[" + b"[],[]," * 700_000 + b"[]]", "too_many_values"),
        (b'"' + b'\\"' * 5_000_000, "not_json"),
    ],
)
def test_a_hostile_body_is_refused_with_a_code_and_at_once(body, code):
    began = time.monotonic()
    assert evolution.parse(body) == Unreadable(code)
    assert time.monotonic() - began < 3


def test_brackets_in_a_text_are_not_nesting():
    text = "[" * 5_000 + '"' + "{" * 5_000
    data = {"key": {"id": "A", "remoteJid": "5517999990001@s.whatsapp.net"}, "message": {"conversation": text}}
    body = {"event": "messages.upsert", "data": data}
    (seen,) = read(body)
    assert seen.text == text


def test_the_event_may_be_named_by_the_url_only():
    for name in ("connection.update", "connection-update", "CONNECTION_UPDATE"):
        (changed,) = read({"data": {"state": "open"}}, event=name)
        assert changed.state == "open"
