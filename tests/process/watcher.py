"""A browser's socket as tests hold it: collects the frames, acknowledges them, and comes back with its cursor.

with Watcher(chat.url, tenant_id, token, after=0) as ana:
    ana.wait_for("message_received")
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

Frame = dict[str, Any]


class Watcher:
    """`events` are the durable ones, in the order they came; `passing` the others."""

    def __init__(self, url: str, tenant_id: str, token: str, *, after: int | None = None, acks: bool = True) -> None:
        self.url = url
        self.after = after
        self.events: list[Frame] = []
        self.passing: list[Frame] = []
        self.closed_with: int | None = None
        self._path = f"/ws/tenant/{tenant_id}/"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._acks = acks
        self._connection: ClientConnection | None = None
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._keeps_coming_back = False

    def open(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def keep_coming_back(self, url_of_the_moment: Callable[[], str]) -> Self:
        """Reconnect with the cursor for as long as it is open, wherever `url_of_the_moment` says."""
        self._keeps_coming_back = True
        self._url_of_the_moment = url_of_the_moment
        return self.open()

    def close(self) -> None:
        self._keeps_coming_back = False
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
        if self._thread is not None:
            self._thread.join(10)

    def __enter__(self) -> Self:
        return self.open() if self._thread is None else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def say(self, said: Frame | str) -> None:
        assert self._connection is not None
        self._connection.send(said if isinstance(said, str) else json.dumps(said))

    def numbers(self) -> list[int]:
        return [event["seq"] for event in self.events]

    def wait(self, is_true: Callable[["Watcher"], bool], seconds: float = 15, what: str = "what was awaited") -> None:
        deadline = time.monotonic() + seconds
        with self._changed:
            while not is_true(self):
                left = deadline - time.monotonic()
                assert left > 0, f"{what} did not come: {[(e['type'], e['seq']) for e in self.events][-20:]}"
                self._changed.wait(min(left, 0.5))

    def wait_for(self, kind: str, *, count: int = 1, seconds: float = 15) -> Frame:
        """The `count`-th event of this type, durable or passing."""

        def found(_: "Watcher") -> list[Frame]:
            return [event for event in [*self.events, *self.passing] if event["type"] == kind]

        self.wait(lambda _: len(found(self)) >= count, seconds, f"{count} × {kind}")
        return found(self)[count - 1]

    def wait_closed(self, seconds: float = 15) -> int:
        self.wait(lambda watcher: watcher.closed_with is not None, seconds, "the close")
        assert self.closed_with is not None
        return self.closed_with

    def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError, InvalidStatus, TimeoutError, ConnectionClosed):
                self._listen()
            if not self._keeps_coming_back:
                return
            time.sleep(0.1)
            self.url = self._url_of_the_moment()

    def _listen(self) -> None:
        cursor = self.events[-1]["seq"] if self.events else self.after
        query = "" if cursor is None else f"?after={cursor}"
        address = f"ws{self.url.removeprefix('http')}{self._path}{query}"
        with connect(address, additional_headers=self._headers, open_timeout=10, max_size=None, proxy=None) as link:
            self._connection = link
            try:
                while True:
                    self._hear(json.loads(link.recv()), link)
            except ConnectionClosed as closed:
                with self._changed:
                    self.closed_with = closed.rcvd.code if closed.rcvd else 1006
                    self._changed.notify_all()

    def _hear(self, frame: Frame, link: ClientConnection) -> None:
        with self._changed:
            (self.events if "seq" in frame and frame["type"] not in PASSING else self.passing).append(frame)
            self._changed.notify_all()
        if self._acks and frame["type"] not in PASSING and "seq" in frame:
            link.send(json.dumps({"type": "ack", "seq": frame["seq"]}))


PASSING = {"hello", "tick", "resync", "error", "typing", "presence", "upload_progress"}
