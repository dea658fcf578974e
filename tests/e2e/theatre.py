"""The stage as a browser test sees it: people with passwords, customers who are new every time."""

from functools import cache
from typing import Any
from uuid import uuid4

import httpx

from tests.journeys.stage import INSTANCE, Stage
from tests.process.chat_process import ChatProcess, SandboxProcess

CONTROL = f"/control/instances/{INSTANCE}"


class Theatre:
    """A Stage of one process, and what is done to it while somebody looks at the page."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.chat: ChatProcess = stage.chats[0]
        self.sandbox: SandboxProcess = stage.sandbox
        self.url = self.chat.url
        self.faults, self.clock, self.sends, self.get = stage.faults, stage.clock, stage.sends, stage.get
        self.cookies = cache(self._cookies)

    def login_of(self, who: str) -> dict[str, str]:
        """Email and password of ana, bruno or carla."""
        people = [*self.stage.demo["users"], *self.stage.demo["other_tenant"]["users"]]
        return next(
            {"email": one["email"], "password": one["password"]} for one in people if one["name"].lower() == who
        )

    def _cookies(self, who: str) -> list[dict[str, str]]:
        with httpx.Client(base_url=self.url, timeout=10, trust_env=False) as client:
            client.get("/api/me/")
            token = {"X-CSRFToken": client.cookies["csrftoken"]}
            client.post("/api/auth/login/", json=self.login_of(who), headers=token).raise_for_status()
            return [{"name": one.name, "value": one.value or "", "url": self.url} for one in client.cookies.jar]

    def customer(self, name: str, **facts: Any) -> str:
        """Somebody whom nobody has heard of yet; the answer is what the other methods call them by."""
        digits = str(uuid4().int)[:8]
        made = self.stage.control(
            "POST", f"{CONTROL}/customers", json={"name": name, "id": f"c{digits}", "phone": f"55179{digits}"} | facts
        )
        return str(made["id"])

    def does(self, message: dict[str, Any], what: str, **body: Any) -> None:
        """edit, delete or react, by the customer, to one of their messages."""
        self.stage.control("POST", f"{CONTROL}/messages/{message['id']}/{what}", json=body)

    def ledger_of(self, customer: str) -> list[dict[str, Any]]:
        """Every message of that customer's chat as WhatsApp has it, oldest first."""
        found: list[dict[str, Any]] = self.stage.control("GET", f"{CONTROL}/ledger?customer={customer}")
        return found

    def conversations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/api/chat/conversations/").json()["results"]
        return found

    def conversation_of(self, name: str) -> dict[str, Any]:
        return next(one for one in self.conversations() if one["contact"]["name"] == name)

    def messages_of(self, conversation_id: str) -> list[dict[str, Any]]:
        """Oldest first."""
        found = self.get(f"/api/chat/conversations/{conversation_id}/messages/").json()["results"]
        return list(reversed(found))
