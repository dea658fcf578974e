"""Two thousand recorded webhooks, each damaged somewhere: none stops the lane, none fails."""

import copy
import json
import random

import pytest

from backend.chat import lane, webhooks
from backend.chat.models import InboundEvent, Message
from backend.gateways import evolution
from tests.cast import company
from tests.inbound import PAYLOADS, upsert

COUNT = 2_000
CODES = {
    "", "no_event", "unknown_event", "no_content", "no_id", "no_chat", "no_state", "too_deep", "not_an_object",
}  # fmt: skip


def nested(depth):
    value: object = "deep"
    for level in range(depth):
        value = [value] if level % 2 else {"x": value}
    return value


def other_values(random_source):
    return random_source.choice(
        [
            None, True, False, 0, -1, 7, 1.5, -0.0, 2**31, 2**63, -(2**63), 10**30, 1e308, float("nan"), float("inf"),
            "", " ", "0", "12", "true", "null", "\x00", "\ud800", "\udfff\x00", "é" * 400, "A" * 70_000, "[" * 200,
            "5517999990001@s.whatsapp.net", "120000000000001@lid", "1@g.us", "status@broadcast", "@", "@lid",
            [], {}, [[]], [{}], [None], {"": None}, {"0": 255}, {"low": 1}, {"low": -1, "high": "x"},
            {"type": "Buffer", "data": [1, 2]}, {"message": {}}, {"message": {"message": {}}}, nested(40), nested(95),
            nested(150),
        ]
    )  # fmt: skip


def places(value, path=()):
    """Every place in a JSON value, as the path to it."""
    if path:
        yield path
    if isinstance(value, dict) and not (len(value) > 8 and all(key.isdigit() for key in value)):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))


def damaged(original, random_source, serial):
    body = copy.deepcopy(original)
    data = body.get("data")
    if isinstance(data, dict) and isinstance(data.get("key"), dict):
        data["key"]["id"] = f"M{serial}"
    for _ in range(random_source.choice([1, 1, 1, 2, 5])):
        *path, last = random_source.choice(list(places(body)))
        holder = body
        for step in path:
            holder = holder[step]
        if random_source.random() < 0.35:
            holder.pop(last)
        else:
            holder[last] = other_values(random_source)
        if not body:
            break
    body["serial"] = serial
    return json.dumps(body).encode()


@pytest.fixture
def mutations():
    random_source = random.Random(20261120)
    originals = [json.loads(path.read_bytes()) for path in sorted(PAYLOADS.glob("[0-9]*.json"))]
    return [damaged(random_source.choice(originals), random_source, serial) for serial in range(COUNT)]


def test_two_thousand_damaged_webhooks_neither_fail_nor_stop_the_lane(db, mutations):
    instance = company("Acme")[1]
    outcomes = webhooks.store([webhooks.Delivery(instance.secret, "", body) for body in mutations])
    assert set(outcomes) == {webhooks.Outcome.STORED}
    lane.run_inbox(str(instance.tenant_id))
    rows = InboundEvent.objects.all()
    assert rows.count() == COUNT
    assert {row.error: bytes(row.body)[:300] for row in rows.filter(processed_at=None)} == {}
    assert set(rows.values_list("error", flat=True)) <= CODES
    assert Message.objects.count() > 300
    webhooks.store([webhooks.Delivery(instance.secret, "", upsert("CLEAN"))])
    lane.run_inbox(str(instance.tenant_id))
    assert Message.objects.filter(provider_id="CLEAN").exists()


def test_bytes_cut_and_flipped_anywhere_never_raise():
    random_source = random.Random(7)
    originals = [path.read_bytes() for path in sorted(PAYLOADS.glob("[0-9]*.json"))]
    for _ in range(COUNT):
        body = bytearray(random_source.choice(originals))
        for _ in range(random_source.choice([1, 3, 20])):
            body[random_source.randrange(len(body))] = random_source.randrange(256)
        evolution.parse(bytes(body[: random_source.randrange(len(body) * 2)]))
        evolution.inline_base64(bytes(body))
        evolution.media_offer(body.decode("latin-1"))
