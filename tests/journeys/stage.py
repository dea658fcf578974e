"""What a journey needs: the demo's people, a customer's phone, and eyes on both sides."""

import base64
import hashlib
import time
import uuid
from itertools import count
from typing import Any

import httpx

from backend.sandbox.samples import sample
from tests.bench.letters import another
from tests.process.chat_process import ChatProcess, SandboxProcess
from tests.process.watcher import Watcher

INSTANCE = "clinica-01"


class Stage:
    """`chats` are processes of one program; webhooks go to the first unless `wire` says otherwise."""

    def __init__(self, chats: list[ChatProcess], sandbox: SandboxProcess) -> None:
        self.chats = chats
        self.sandbox = sandbox
        self.demo = chats[0].demo(sandbox_url=sandbox.url)
        self.tenant_id: str = self.demo["tenant_id"]
        self.ana: str = self.demo["users"][0]["api_token"]
        self.bruno: str = self.demo["users"][1]["api_token"]
        self.carla: str = self.demo["other_tenant"]["users"][0]["api_token"]
        self._api_key = chats[0].manage("shell", "-v0", "-c", API_KEY).strip()
        self.wire(chats[0])

    def wire(self, chat: ChatProcess) -> None:
        """Have the simulated gateway deliver to `chat`."""
        path = self.demo["webhook_url"].removeprefix(self.chats[0].url)
        wiring = {"name": INSTANCE, "api_key": self._api_key, "webhook_url": f"{chat.url}{path}"}
        self.control("POST", "/control/instances", json=wiring | {"with_cast": True})

    def control(self, method: str, path: str, **options: Any) -> Any:
        answer = httpx.request(method, f"{self.sandbox.url}{path}", timeout=30, **options)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def sends(self, kind: str, *, customer: str = "maria-souza", **draft: Any) -> Any:
        """A customer sends something from the phone: a photo that nobody has sent before, unless `draft` names one."""
        path = f"/control/instances/{INSTANCE}/customers/{customer}/messages"
        if kind == "image" and not draft.keys() & {"sample", "base64"}:
            draft |= {"base64": base64.b64encode(new_photo()).decode(), "mimetype": "image/jpeg"}
        return self.control("POST", path, json={"kind": kind} | draft)

    def faults(self, **faults: Any) -> None:
        self.control("PUT", f"/control/instances/{INSTANCE}/faults", json=faults)

    def clock(self, scale: float) -> None:
        """How long the gateway's seconds last: 0.05 makes its retries twenty times as fast."""
        self.control("PUT", "/control/clock", json={"time_scale": scale})

    def watch(self, chat: ChatProcess | None = None, *, token: str = "", after: int | None = None) -> Watcher:
        return Watcher((chat or self.chats[-1]).url, self.tenant_id, token or self.ana, after=after)

    def get(self, path: str, *, chat: ChatProcess | None = None, token: str = "", **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.ana}"} | options.pop("headers", {})
        return httpx.get(f"{(chat or self.chats[-1]).url}{path}", headers=headers, timeout=30, **options)

    def post(self, path: str, *, token: str = "", **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.ana}"}
        return httpx.post(f"{self.chats[-1].url}{path}", headers=headers, timeout=30, **options)

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.ana}"}
        return httpx.request(method, f"{self.chats[-1].url}{path}", headers=headers, json=body, timeout=60)

    def ledger(self, customer: str = "") -> list[Any]:
        """Everything that went through the simulated WhatsApp, oldest first: the truth that our rows are held to."""
        found: list[Any] = self.control("GET", f"/control/instances/{INSTANCE}/ledger", params={"customer": customer})
        return found

    def conversation_with(self, customer: str, *, text: str = "oi") -> str:
        """The customer writes; returns the conversation's id, once it is there."""
        sent = self.sends("text", customer=customer, text=text)
        with self.watch(after=0) as ana:
            ana.wait(lambda watcher: any(_is(event, sent["id"]) for event in watcher.events))
            found = next(event for event in ana.events if _is(event, sent["id"]))
        conversation: str = found["conversation"]["id"]
        return conversation

    def says(self, conversation: str, text: str, *, client_id: str = "", token: str = "", **more: Any) -> Any:
        """An agent answers. Returns the message."""
        body = {"client_id": client_id or str(uuid.uuid4()), "text": text} | more
        answer = self.post(f"/api/chat/conversations/{conversation}/messages/", token=token, json=body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def original(self, media_id: str) -> bytes:
        """The bytes that the customer sent, as the phone has them."""
        return httpx.get(f"{self.sandbox.url}/control/media/{media_id}", timeout=30).content

    def wait_until(self, is_true: Any, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not is_true():
            assert time.monotonic() < deadline, "what was awaited did not happen"
            time.sleep(0.05)


def _is(event: Any, provider_id: str) -> bool:
    return bool(event["type"] == "message_received" and event["message"]["provider_id"] == provider_id)


API_KEY = "from backend.tenants.models import Instance; print(Instance.objects.get(name='clinica-01').api_key)"


_photos = count(1)


def new_photo() -> bytes:
    """The beach once more, with other bytes: what the company has already it would not fetch again."""
    return another(sample("photo-beach.jpg").data, next(_photos))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
