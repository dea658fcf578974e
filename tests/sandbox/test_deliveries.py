"""The deliverer keeps Evolution's rules: attempts, waits, what is never retried, and what a fault does to a post."""

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.sandbox.clock import Clock
from tests.sandbox.stage import HOOK, NAME, TOKEN, Stage

ONLY_UPSERTS = {"events": ["MESSAGES_UPSERT"]}


async def attempts_of(stage: Stage, event: str = "messages.upsert") -> list[dict[str, Any]]:
    attempts: list[dict[str, Any]] = (await stage.deliveries(f"event={event}"))[-1]["attempts"]
    return attempts


async def test_a_post_has_the_envelope_and_the_headers_of_evolution(stage: Stage) -> None:
    await stage.wire(headers={"x-tenant": "t1"})
    await stage.say(text="oi")
    await stage.settle()

    post = next(post for post in stage.posts if post.event == "messages.upsert")
    assert post.request.headers["user-agent"].startswith("axios/1.")
    assert post.request.headers["content-type"] == "application/json"
    assert post.request.headers["x-tenant"] == "t1"
    assert (post.body["instance"], post.body["apikey"], post.body["destination"]) == (NAME, TOKEN, HOOK)
    assert post.body["server_url"] == "http://sandbox.test/sandbox"
    assert post.body["sender"] == "5517300000000@s.whatsapp.net"


async def test_one_message_is_told_in_four_posts(stage: Stage) -> None:
    await stage.say(text="primeira")
    await stage.settle()
    stage.posts.clear()

    await stage.say(text="segunda")
    await stage.settle()

    assert [post.event for post in stage.posts] == [
        "messages.upsert",
        "contacts.update",
        "contacts.update",
        "chats.update",
    ]


async def test_what_is_answered_500_is_tried_ten_times_with_growing_waits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def note(_: Clock, seconds: float) -> None:
        waits.append(seconds)

    await stage.wire(**ONLY_UPSERTS)
    monkeypatch.setattr(Clock, "wait", note)
    stage.statuses = [500] * 20

    await stage.say(text="oi")
    await stage.settle()

    assert [attempt["status"] for attempt in await attempts_of(stage)] == [500] * 10
    assert (await stage.deliveries())[-1]["state"] == "lost"
    for wait, contract in zip(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300], strict=True):
        assert contract * 0.8 <= wait <= contract * 1.2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_is_refused_is_never_tried_again(stage: Stage, status: int) -> None:
    await stage.wire(**ONLY_UPSERTS)
    stage.statuses = [status]

    await stage.say(text="oi")
    await stage.settle()

    assert len(await attempts_of(stage)) == 1
    assert (await stage.deliveries())[-1]["state"] == "refused"


@pytest.mark.parametrize("first", [409, 413, 429, 302, 503, httpx.ReadTimeout("slow"), httpx.ConnectError("down")])
async def test_everything_else_is_tried_again_with_the_same_bytes(stage: Stage, first: int | Exception) -> None:
    await stage.wire(**ONLY_UPSERTS)
    stage.statuses = [first]

    await stage.say(text="oi")
    await stage.settle()

    assert len(stage.posts) == 2
    assert stage.posts[0].request.content == stage.posts[1].request.content
    assert (await stage.deliveries())[-1]["state"] == "delivered"


async def test_a_message_does_not_wait_for_one_that_is_being_retried(stage: Stage) -> None:
    await stage.wire(**ONLY_UPSERTS)
    stage.statuses = [500]

    first, second = await stage.say(text="um"), await stage.say(text="dois")
    await stage.settle()

    told = [post["data"]["key"]["id"] for post in stage.posted("messages.upsert")]
    assert told == [first["id"], second["id"], first["id"]]


async def test_an_edit_that_is_being_retried_holds_the_whole_instance(stage: Stage) -> None:
    message = await stage.say(text="um")
    await stage.settle()
    stage.posts.clear()
    stage.statuses = [500, 500]

    await stage.act(message["id"], "edit", text="dois")
    await stage.say(text="depois da correção")
    await stage.settle()

    events = [post.event for post in stage.posts]
    assert events[:4] == ["messages.edited"] * 3 + ["messages.update"]
    assert events.index("messages.upsert") > 3


async def test_by_events_appends_the_event_to_the_url_as_it_is(stage: Stage) -> None:
    await stage.wire(by_events=True, webhook_url=HOOK + "?token=abc")
    await stage.say(text="oi")
    await stage.settle()

    assert str(stage.posts[0].request.url) == HOOK + "?token=abc/messages-upsert"
    assert stage.posts[0].body["destination"] == HOOK + "?token=abc"


async def test_a_jwt_key_becomes_a_bearer_token_of_ten_minutes(stage: Stage) -> None:
    await stage.wire(headers={"jwt_key": "segredo"})
    await stage.say(text="oi")
    await stage.settle()

    head, claims, signature = stage.posts[0].request.headers["authorization"].removeprefix("Bearer ").split(".")
    expected = hmac.new(b"segredo", f"{head}.{claims}".encode(), hashlib.sha256).digest()
    read = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert base64.urlsafe_b64decode(signature + "=") == expected
    assert (read["exp"] - read["iat"], read["app"], read["action"]) == (600, "evolution", "webhook")
    assert "jwt_key" not in stage.posts[0].request.headers


async def test_a_webhook_set_again_without_headers_keeps_them(stage: Stage) -> None:
    await stage.wire(headers={"x-tenant": "t1"})
    hook = {"enabled": True, "url": HOOK + "/new", "events": ["MESSAGES_UPSERT"]}
    await stage.gateway("POST", f"/webhook/set/{NAME}", {"webhook": hook})
    await stage.say(text="oi")
    await stage.settle()

    assert [str(post.request.url) for post in stage.posts] == [HOOK + "/new"]
    assert stage.posts[0].request.headers["x-tenant"] == "t1"


async def test_only_subscribed_events_are_posted(stage: Stage) -> None:
    await stage.wire(events=["MESSAGES_UPDATE", "SEND_MESSAGE"])
    await stage.say(text="oi")
    await stage.gateway("POST", f"/message/sendText/{NAME}", {"number": "5517999990001", "text": "olá"})
    await stage.settle()

    assert {post.event for post in stage.posts} == {"send.message", "messages.update"}


async def test_base64_counts_from_the_next_connection_on(stage: Stage) -> None:
    hook = {"enabled": True, "url": HOOK, "base64": True, "events": []}
    await stage.gateway("POST", f"/webhook/set/{NAME}", {"webhook": hook})
    await stage.say(kind="image")
    await stage.settle()
    await stage.control("POST", f"/control/instances/{NAME}/connection", {"state": "open"})
    await stage.say(kind="image")
    await stage.settle()

    assert ["base64" in post["data"]["message"] for post in stage.posted("messages.upsert")] == [False, True]


async def test_a_dropped_webhook_is_lost_for_good_and_counted(stage: Stage) -> None:
    await stage.faults(webhooks={"drop": 1, "events": ["messages.upsert"]})
    await stage.say(text="oi")
    await stage.settle()

    assert stage.posted("messages.upsert") == []
    assert stage.posted("contacts.upsert")
    assert [delivery["state"] for delivery in await stage.deliveries("event=messages.upsert")] == ["dropped"]


async def test_a_duplicated_webhook_comes_twice_with_the_same_bytes(stage: Stage) -> None:
    await stage.wire(**ONLY_UPSERTS)
    await stage.faults(webhooks={"duplicate": 1})
    await stage.say(text="oi")
    await stage.settle()

    assert stage.posts[0].request.content == stage.posts[1].request.content
    assert [delivery["is_duplicate"] for delivery in await stage.deliveries()] == [False, True]


async def test_reordered_webhooks_come_in_another_order_and_all_of_them(stage: Stage) -> None:
    await stage.wire(**ONLY_UPSERTS)
    await stage.control("PUT", "/control/clock", {"time_scale": 0.05})
    await stage.faults(seed=7, webhooks={"reorder": 1})
    said = [(await stage.say(text=str(number)))["id"] for number in range(8)]
    await stage.settle()

    told = [post["data"]["key"]["id"] for post in stage.posted("messages.upsert")]
    assert told != said
    assert sorted(told) == sorted(said)


async def test_the_same_seed_brings_the_same_luck(stage: Stage) -> None:
    async def states() -> list[str]:
        before = (await stage.deliveries("limit=10000"))[-1]["id"]
        await stage.faults(seed=3, webhooks={"drop": 0.5})
        for number in range(6):
            await stage.say(text=str(number))
        await stage.settle()
        return [delivery["state"] for delivery in await stage.deliveries(f"after={before}")]

    await stage.say(text="primeira")
    await stage.settle()
    first = await states()
    assert first == await states()
    assert {"dropped", "delivered"} == set(first)


async def test_a_message_id_said_twice_is_posted_twice(stage: Stage) -> None:
    await stage.wire(**ONLY_UPSERTS)
    message = await stage.say(text="oi")
    await stage.say(text="oi", message_id=message["id"])
    await stage.settle()

    assert [post["data"]["key"]["id"] for post in stage.posted("messages.upsert")] == [message["id"]] * 2
    assert len(await stage.ledger()) == 1


async def test_what_was_pending_is_lost_when_the_process_ends(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "sandbox.sqlite3", time_scale=1)
    await stage.wire(with_cast=True, **ONLY_UPSERTS)
    stage.statuses = [500]
    await stage.say(text="oi")
    while not any(delivery["attempts"] for delivery in await stage.deliveries()):
        await asyncio.sleep(0.01)
    await stage.close()

    again = Stage(tmp_path / "sandbox.sqlite3")
    assert [delivery["state"] for delivery in await again.deliveries()] == ["lost"]
    await again.close()


async def test_time_speeds_up_for_who_is_waiting_already(stage: Stage) -> None:
    clock = Clock(1000)
    waiting = asyncio.create_task(clock.wait(10))
    await asyncio.sleep(0.01)
    clock.set_scale(0)
    await asyncio.wait_for(waiting, 1)
