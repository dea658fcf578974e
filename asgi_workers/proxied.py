"""WhatsApp's own pictures, answered by us: from the cache, else fetched once however many ask.

For our own page alone, which has our origin: with `Access-Control-Allow-Origin: *` any page in the world could read
pictures through us, so there is none, and Cross-Origin-Resource-Policy keeps others from showing them, too.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from asgi_workers.remembered import Remembered
from backend.chat import proxy
from backend.chat.proxy import Picture
from backend.lib.errors import ChatError, Refused, TryLater
from backend.media import serving
from backend.media.cache import WHOLE_BYTES, Away, MediaCache, media_cache
from backend.media.serving import Ask, Opened, Reply, Span, Stored
from backend.tenants import throttle
from backend.tenants.turnstile import Turnstile

logger = logging.getLogger(__name__)

A_MINUTE = 60
FETCHERS, COUNTERS = 8, 2
WAITING = 2 * FETCHERS
"""More than this before WhatsApp's hosts, and further askers are told to come again: a round may take 10 seconds."""
PARAMETERS = 16


@dataclass(frozen=True, slots=True)
class Held:
    """`serving.Source` of a picture that is in hand."""

    picture: Picture
    is_hit: bool

    async def open(self, stored: Stored, span: Span) -> Opened:
        return Opened(self.picture.body[span.start : span.end + 1], self.is_hit)


class Proxied:
    """For the running loop. Nobody is asked who they are: who may look is decided by where the picture comes from."""

    def __init__(self, cache: MediaCache | None = None) -> None:
        self._shelf = (cache or media_cache()).shelf.on_loop()
        self._fetchers = ThreadPoolExecutor(FETCHERS, thread_name_prefix="media-proxy")
        self._counters = ThreadPoolExecutor(COUNTERS, thread_name_prefix="turnstile")
        self._finding: Remembered[str, Held] = Remembered(seconds=0, limit=1)  # only who asks meanwhile shares it
        self._waiting = 0
        self._turnstile = Turnstile("media-proxy", a_minute=A_MINUTE)

    async def answer(self, ask: Ask) -> Reply:
        """Raises TooMany, Refused (400, 403), Missing, BadHost, SlowHost and TryLater."""
        await self._let_through(ask)
        url = proxy.judged(_url_in(ask.query))
        held = await self._finding.get(url, lambda: self._find(url))
        return await serving.answer(ask, held.picture.stored, held)

    async def close(self) -> None:
        await self._shelf.close()
        for threads in (self._fetchers, self._counters):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _let_through(self, ask: Ask) -> None:
        address = throttle.address_of(ask.headers.get(b"x-forwarded-for", b"").decode("latin1"), ask.client)
        await asyncio.get_running_loop().run_in_executor(self._counters, self._turnstile.let_through, address)

    async def _find(self, url: str) -> Held:
        """Looked for and fetched in one go: who looked before it was there must not fetch it after."""
        name = proxy.cache_name(url)
        near = await self._near(name)
        if isinstance(near, ChatError):
            raise near
        return Held(near or await self._fetched(url, name), is_hit=near is not None)

    async def _near(self, name: str) -> Picture | ChatError | None:
        with suppress(Away):
            value = await self._shelf.get(name)
            return None if value is None else proxy.unpacked(value)
        return None

    async def _fetched(self, url: str, name: str) -> Picture:
        if self._waiting >= WAITING:
            raise TryLater("too_busy", "Too many pictures are being fetched.")
        self._waiting += 1
        try:
            picture = await asyncio.get_running_loop().run_in_executor(self._fetchers, proxy.fetch, url)
        except ChatError as error:
            logger.warning("[MEDIA PROXY] nothing to show", extra={"host": urlsplit(url).hostname, "code": error.code})
            await self._keep(name, error)
            raise
        finally:
            self._waiting -= 1
        logger.info("[MEDIA PROXY] fetched", extra={"host": urlsplit(url).hostname, "file_size": len(picture.body)})
        await self._keep(name, picture)
        return picture

    async def _keep(self, name: str, answer: Picture | ChatError) -> None:
        """Whatever is no small object is not kept: nobody has to log in to have it fetched."""
        value, seconds = proxy.packed(answer)
        if len(value) <= WHOLE_BYTES:
            with suppress(Away):
                await self._shelf.put(name, value, seconds)


def _url_in(query: bytes) -> str:
    try:
        told = parse_qs(query.decode("latin1"), max_num_fields=PARAMETERS)
    except ValueError as error:
        raise Refused("bad_url", "The query cannot be read.", status=400) from error
    return told.get("url", [""])[0]
