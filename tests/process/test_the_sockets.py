"""The websockets of the running program: who may listen, what was missed, and how a close is said."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.process.chat_process import ChatProcess
from tests.process.watcher import Watcher

TEXT = (Path(__file__).parents[1] / "payloads" / "001_upsert_text.json").read_bytes()


class Scene:
    """One embedded process, its demo people, and a way to make things happen in Acme."""

    def __init__(self, chat: ChatProcess) -> None:
        self.chat = chat
        self.demo = chat.demo()
        self.tenant_id: str = self.demo["tenant_id"]
        self.ana: str = self.demo["users"][0]["api_token"]
        self.carla: str = self.demo["other_tenant"]["users"][0]["api_token"]
        self._count = 0

    def watch(self, token: str | None = None, **options: Any) -> Watcher:
        return Watcher(self.chat.url, self.tenant_id, self.ana if token is None else token, **options)

    def newest(self) -> int:
        me = httpx.get(f"{self.chat.url}/api/me/", headers={"Authorization": f"Bearer {self.ana}"}).json()
        newest: int = me["seq"]
        return newest

    def receive(self, count: int = 1) -> None:
        """`count` text messages of a customer; returns when they are understood."""
        before = self.newest()
        with httpx.Client() as gateway:
            for _ in range(count):
                self._count += 1
                body = json.loads(TEXT)
                body["data"]["key"]["id"] = f"SOCK{self._count:028d}"
                body["data"]["message"]["conversation"] = f"message {self._count}"
                assert gateway.post(self.demo["webhook_url"], json=body).status_code == 200
        deadline = time.monotonic() + 20
        while self.newest() < before + count and time.monotonic() < deadline:
            time.sleep(0.02)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("sockets")
    with ChatProcess(folder, {"DECODERS": "1", "SOCKET_WINDOW": "64"}).migrate() as chat:
        yield Scene(chat)


def test_it_says_hello_and_then_what_happens(scene: Scene) -> None:
    with scene.watch() as ana:
        hello = ana.wait_for("hello")
        scene.receive(3)
        ana.wait_for("message_received", count=3)

    assert (hello["protocol"], hello["seq"]) == (1, ana.numbers()[0] - 1)
    assert ana.numbers() == list(range(hello["seq"] + 1, hello["seq"] + 4))


def test_what_was_missed_is_replayed_in_order_and_then_it_is_live(scene: Scene) -> None:
    start = scene.newest()
    scene.receive(5)
    with scene.watch(after=start) as ana:
        ana.wait_for("message_received", count=5)
        scene.receive(2)
        ana.wait_for("message_received", count=7)

    assert ana.numbers() == list(range(start + 1, start + 8))


def test_a_long_absence_is_replayed_at_the_pace_of_the_acknowledgements(scene: Scene) -> None:
    start = scene.newest()
    scene.receive(150)
    with scene.watch(after=start) as ana:
        ana.wait_for("message_received", count=150)

    assert ana.numbers() == list(range(start + 1, start + 151))


def test_a_client_that_acknowledges_nothing_is_closed_and_comes_back_with_its_cursor(scene: Scene) -> None:
    start = scene.newest()
    with scene.watch(after=start, acks=False) as deaf:
        deaf.wait_for("hello")
        scene.receive(80)
        assert deaf.wait_closed() == 4008
    with scene.watch(after=deaf.numbers()[-1]) as ana:
        ana.wait(lambda watcher: deaf.numbers()[-1] + len(watcher.events) >= start + 80)

    assert deaf.numbers() + ana.numbers() == list(range(start + 1, start + 81))


def test_two_windows_of_one_person_see_the_same(scene: Scene) -> None:
    with scene.watch() as one, scene.watch() as other:
        one.wait_for("hello")
        other.wait_for("hello")
        scene.receive(2)
        one.wait_for("message_received", count=2)
        other.wait_for("message_received", count=2)

    assert one.events == other.events


@pytest.mark.parametrize(("token", "code"), [("", 4401), ("no-such-token", 4401)])
def test_who_is_not_logged_in_is_told_so(scene: Scene, token: str, code: int) -> None:
    with scene.watch(token) as nobody:
        assert nobody.wait_closed() == code


def test_a_stranger_is_told_that_it_is_not_theirs(scene: Scene) -> None:
    with scene.watch(scene.carla, after=0) as carla:
        assert carla.wait_closed() == 4403

    assert carla.events == []


@pytest.mark.parametrize("tenant", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_tenant_that_is_none_is_not_theirs_either(scene: Scene, tenant: str) -> None:
    with Watcher(scene.chat.url, tenant, scene.ana) as ana:
        assert ana.wait_closed() == 4403


def test_a_page_of_another_origin_is_refused(scene: Scene) -> None:
    ana = scene.watch()
    ana._headers["Origin"] = "https://evil.example"
    with ana:
        assert ana.wait_closed() == 4403


def test_a_cursor_from_before_the_log_or_from_the_future_means_resync(scene: Scene) -> None:
    with scene.watch(after=scene.newest() + 1_000) as ana:
        resync = ana.wait_for("resync")
        scene.receive()
        ana.wait_for("message_received")

    assert ana.numbers() == [resync["seq"] + 1]


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "9" * 30])
def test_a_cursor_that_is_no_number_is_refused(scene: Scene, after: str) -> None:
    with Watcher(scene.chat.url, f"{scene.tenant_id}/?after={after}&x=", scene.ana) as ana:
        assert ana.wait_closed() == 4400
    assert ana.passing[-1]["code"] == "bad_cursor"


@pytest.mark.parametrize(
    "said",
    ["", "no json", "[]", '{"type":"unheard-of"}', '{"type":"ack"}', '{"type":"ack","seq":-1}', "[" * 20_000],
)
def test_a_message_that_is_none_is_refused_with_its_reason(scene: Scene, said: str) -> None:
    with scene.watch() as ana:
        ana.wait_for("hello")
        ana.say(said)
        assert ana.wait_closed() == 4400
    assert ana.passing[-1]["code"] == "bad_message"


def test_a_message_that_is_too_long_is_closed_with_1009(scene: Scene) -> None:
    with scene.watch() as ana:
        ana.wait_for("hello")
        ana.say("x" * 70_000)

        assert ana.wait_closed() == 1009


def test_typing_reaches_the_colleagues_and_never_a_strangers_conversation(scene: Scene) -> None:
    scene.receive()
    with httpx.Client(base_url=scene.chat.url, headers={"Authorization": f"Bearer {scene.ana}"}) as client:
        conversation = client.get("/api/chat/conversations/").json()["results"][0]["id"]
    other_tenant = scene.demo["other_tenant"]["tenant_id"]
    with scene.watch() as ana, Watcher(scene.chat.url, other_tenant, scene.carla) as carla:
        ana.wait_for("hello")
        carla.wait_for("hello")
        carla.say({"type": "typing", "conversation_id": conversation, "state": "composing"})
        assert carla.wait_for("error")["code"] == "no_such_conversation"
        ana.say({"type": "typing", "conversation_id": conversation, "state": "composing"})
        typing = ana.wait_for("typing")

    assert (typing["conversation_id"], typing["who"]["name"]) == (conversation, "Ana")


def test_colleagues_see_who_is_here_and_what_they_look_at(scene: Scene) -> None:
    scene.receive()
    with httpx.Client(base_url=scene.chat.url, headers={"Authorization": f"Bearer {scene.ana}"}) as client:
        conversation = client.get("/api/chat/conversations/").json()["results"][0]["id"]

    def seen(watcher: Watcher) -> dict[str, str | None]:
        told = [event for event in watcher.passing if event["type"] == "presence"]
        return {agent["name"]: agent["viewing"] for agent in told[-1]["agents"]} if told else {}

    with scene.watch() as ana:
        ana.wait(lambda watcher: seen(watcher) == {"Ana": None})
        with scene.watch(scene.demo["users"][1]["api_token"]) as bruno:
            bruno.wait_for("presence")
            bruno.say({"type": "viewing", "conversation_id": conversation})
            ana.wait(lambda watcher: seen(watcher) == {"Ana": None, "Bruno": conversation})
        ana.wait(lambda watcher: seen(watcher) == {"Ana": None})


def test_an_address_that_is_none_is_not_accepted(scene: Scene) -> None:
    answer = httpx.get(
        f"{scene.chat.url}/ws/elsewhere/",
        headers={
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
        },
    )
    assert answer.status_code == 403
