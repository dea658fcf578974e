"""Everything one sandbox holds, and the way news travels from WhatsApp through the gateway to the webhook."""

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx

from backend.sandbox import cupboard
from backend.sandbox.clock import Clock
from backend.sandbox.deliveries import Deliverer
from backend.sandbox.faults import Dice
from backend.sandbox.rows import PROGRESS, Customer, Instance, Json, Message, Status
from backend.sandbox.store import Store
from backend.sandbox.wire import cuid

logger = logging.getLogger(__name__)

News = Callable[[], Awaitable[None]]


class World:
    """One per application. `base_url` is learnt from requests (or seeded): pictures and webhooks need it.

    Evolution 2.3.7 works through one instance's WhatsApp events one at a time (contract 1.4): `hear` queues them, and a
    messages.edited that is being retried holds everything behind it.
    """

    def __init__(
        self, store: Store, *, clock: Clock, dice: Dice, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.store, self.clock, self.dice, self.transport = store, clock, dice, transport
        self.deliverer = Deliverer(store, clock=clock, dice=dice, transport=transport)
        self.base_url = ""
        self._queues: dict[str, asyncio.Queue[News]] = {}
        self._workers: list[asyncio.Task[None]] = []
        self._later: set[asyncio.Task[None]] = set()
        self._sends: set[asyncio.Task[Json]] = set()
        self._unheard = 0
        self._typing: dict[tuple[str, str], tuple[str, float]] = {}

    def learn_address(self, base_url: str, *, is_from_caller: bool = False) -> None:
        """A gateway's caller knows where it reached us, and overrules; a browser may see us under another name."""
        if is_from_caller:
            self.base_url = base_url
        elif not self.base_url:
            self.base_url = self.store.meta("base_url") or base_url

    def hear(self, instance: str, news: News) -> None:
        """Queues `news` behind what this instance is still working through."""
        if instance not in self._queues:
            self._queues[instance] = asyncio.Queue()
            self._workers.append(asyncio.create_task(self._work(self._queues[instance])))
        self._unheard += 1
        self._queues[instance].put_nowait(news)

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Does `work` after scaled `seconds`."""

        async def wait_and_work() -> None:
            await self.clock.wait(seconds)
            work()

        task = asyncio.create_task(wait_and_work())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def keep(self, send: Coroutine[Any, Any, Json]) -> asyncio.Task[Json]:
        """A send that outlives its caller, but not the world."""
        task = asyncio.create_task(send)
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)
        return task

    def post(self, instance: str, event: str, data: Any, *, message_id: str = "") -> asyncio.Task[None] | None:
        """Reads the instance afresh: url, events, headers and byEvents count as they are now (contract 1.3)."""
        found = self.store.instance(instance)
        if found is None:
            return None
        return self.deliverer.post(found, event, data, message_id=message_id, server_url=self.base_url)

    def show_typing(self, instance: str, chat: str, presence: str, *, seconds: float) -> None:
        """What the phone shows under the company's name, for real `seconds`."""
        self._typing[instance, chat] = (presence, self.clock.now() + max(seconds * self.clock.scale, 1.0))

    def typing(self, instance: str) -> dict[str, str]:
        """Chat id to composing or recording, while it lasts."""
        now = self.clock.now()
        return {
            chat: presence
            for (name, chat), (presence, until) in self._typing.items()
            if name == instance and until > now and presence in ("composing", "recording")
        }

    def picture_url(self, person: Customer | None) -> str | None:
        """Signed anew each hour, as WhatsApp does: of one picture only the path stays."""
        if person is None or not person.picture or not self.base_url:
            return None
        hour = int(self.clock.now() // 3600)
        signature = f"ccb=11-4&oh=01_Q5Aa{hour}&oe={(hour + 96) * 3600:x}&_nc_sid=5e03e0"
        return f"{self.base_url}/pps/{person.picture}?{signature}"

    def with_base64(self, instance: Instance, message: Message) -> Json:
        """The prepared object as posted; wrapped media never get their base64 (contract 1.3)."""
        media = self.store.media(message.media_id) if message.media_id else None
        if not instance.base64_active or media is None or message.data["messageType"] not in _TOP_LEVEL_MEDIA:
            return message.data
        raw = base64.b64encode(cupboard.plain(self.store, media)).decode()
        return message.data | {"message": message.data["message"] | {"base64": raw}}

    def receipt(self, message: Message, status: Status, *, is_forced: bool = False) -> None:
        """A tick for what the instance sent. Groups, hidden records and (unless forced) steps back give no event."""
        current = self.store.message(message.instance, message.id)
        chat = self.store.customer(message.instance, message.chat)
        if current is None or chat is None or current.is_deleted:
            return
        is_forward = status == "ERROR" or PROGRESS.index(status) > _rank(current.status)
        if is_forward:
            self.store.save_message(current.model_copy(update={"status": status}))
        elif not is_forced:
            return
        if current.is_hidden or chat.is_group:
            return
        self.store.add_receipt(message.instance, message.id, status, cuid())

        async def news() -> None:
            self.post(
                message.instance, "messages.update", self._update_data(current, chat, status), message_id=message.id
            )

        self.hear(message.instance, news)

    def _update_data(self, message: Message, chat: Customer, status: str) -> Json:
        found = self.store.instance(message.instance)
        return {
            "keyId": message.id,
            "remoteJid": chat.raw_jid,
            "fromMe": message.from_me,
            "status": status,
            "instanceId": found.id if found else "",
            "messageId": message.cuid,
        }

    @property
    def is_idle(self) -> bool:
        return not (self._unheard or self._later or self.deliverer.in_hand)

    async def idle(self) -> None:
        """Until every receipt is written and every post has ended."""
        while not self.is_idle:  # noqa: ASYNC110  (three kinds of work have to be over at once)
            await asyncio.sleep(0.005)

    async def drop_everything(self) -> None:
        """Cancels what is under way and forgets all rows, files and faults; the world goes on."""
        await self._cancel()
        self.dice.clear()
        self.store.forget()

    async def aclose(self) -> None:
        """Cancels what is under way and closes the database."""
        await self._cancel()
        self.store.close()

    async def _cancel(self) -> None:
        tasks: list[asyncio.Task[Any]] = [*self._later, *self._workers, *self._sends]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.deliverer.aclose()
        self._queues.clear()
        self._workers.clear()
        self._unheard = 0

    async def _work(self, queue: asyncio.Queue[News]) -> None:
        while True:
            news = await queue.get()
            try:
                await news()
            except Exception:
                logger.exception("sandbox news failed")
            finally:
                self._unheard -= 1


_TOP_LEVEL_MEDIA = frozenset(
    {"imageMessage", "videoMessage", "ptvMessage", "audioMessage", "documentMessage", "stickerMessage"}
)


def _rank(status: Status) -> int:
    return PROGRESS.index(status) if status in PROGRESS else len(PROGRESS)
