"""The cache in Redis: capped by what Redis itself says each value costs, least recently used out first.

Beside the values stand `media-cache:used` (when each was last used), `media-cache:bytes` (what each costs; their sum
under the empty name) and `media-cache:names` (to find all pieces of one file). Scripts keep the four in step. Redis
away or paused costs one caller a moment, and nobody after that: the breaker.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as LoopRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.lib.breaker import Breaker
from backend.media.cache import Away

logger = logging.getLogger(__name__)

WAIT_SECONDS = 0.5
REST_SECONDS = 1.0
AT_ONCE = 16
TOUCH_SECONDS = 60
TOUCHED_LIMIT = 50_000
ENTRY_BYTES = 512
"""What an entry costs beside its value: its place in the three books, and its expiry."""
GONE_SECONDS = 10
"""A file that was forgotten is not put back by a reader who had begun to fetch it before."""
USED, BYTES, NAMES, GONE = "media-cache:used", "media-cache:bytes", "media-cache:names", "media-cache:gone:"

PUT = """
local name, used, bytes, names, gone = unpack(KEYS)
local value, seconds, now, most, entry = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('EXISTS', gone) == 1 then return 0 end
redis.call('SET', name, value)
if seconds > 0 then redis.call('EXPIRE', name, seconds) end
local told = redis.pcall('MEMORY', 'USAGE', name) -- which some operators allow nobody: then what it is long
local cost = (type(told) == 'number' and told or #value) + entry
local before = tonumber(redis.call('HGET', bytes, name) or '0')
redis.call('HSET', bytes, name, cost)
redis.call('ZADD', used, now, name)
redis.call('ZADD', names, 0, name)
local sum = redis.call('HINCRBY', bytes, '', cost - before)
while sum > most do
  local oldest = redis.call('ZPOPMIN', used)[1]
  if not oldest then break end
  sum = redis.call('HINCRBY', bytes, '', -tonumber(redis.call('HGET', bytes, oldest) or '0'))
  redis.call('HDEL', bytes, oldest)
  redis.call('ZREM', names, oldest)
  redis.call('UNLINK', oldest)
end
return 1
"""
FORGET = """
local used, bytes, names = unpack(KEYS)
for _, name in ipairs(ARGV) do
  local all = redis.call('ZRANGEBYLEX', names, '[' .. name .. ':', '(' .. name .. ';')
  all[#all + 1] = name
  for _, one in ipairs(all) do
    local cost = redis.call('HGET', bytes, one)
    if cost then
      redis.call('HDEL', bytes, one)
      redis.call('HINCRBY', bytes, '', -tonumber(cost))
    end
    redis.call('ZREM', used, one)
    redis.call('ZREM', names, one)
    redis.call('UNLINK', one)
  end
end
"""


class RedisShelf:
    """`cache.Shelf`."""

    def __init__(self, url: str, max_bytes: int) -> None:
        self._url, self._max_bytes = url, max_bytes
        self._client = redis.Redis.from_url(
            url, socket_timeout=2 * WAIT_SECONDS, socket_connect_timeout=WAIT_SECONDS, retry=Retry(NoBackoff(), 0)
        )
        self._put = self._client.register_script(PUT)
        self._forget = self._client.register_script(FORGET)
        self._breaker = Breaker(rest_seconds=REST_SECONDS)

    def put(self, name: str, value: bytes, seconds: int) -> None:
        if self._breaker.lets_through():
            with suppress(redis.RedisError):
                self._counted(lambda: self._put(keys=_keys(name), args=_arguments(value, seconds, self._max_bytes)))

    def forget(self, names: Iterable[str]) -> bool:
        wanted = list(names)
        if not self._breaker.lets_through():
            return False
        try:
            self._counted(lambda: self._forget_all(wanted))
        except redis.RedisError as error:
            logger.warning("[CACHE] not forgotten", extra={"count": len(wanted), "reason": type(error).__name__})
            return False
        return True

    def bytes_used(self) -> int | None:
        try:
            return int(self._client.hget(BYTES, "") or 0)
        except redis.RedisError:
            return None

    def on_loop(self) -> "RedisLoopShelf":
        return RedisLoopShelf(self._url, self._max_bytes)

    def _forget_all(self, names: list[str]) -> None:
        for name in names:
            self._client.set(GONE + name, 1, ex=GONE_SECONDS)
        self._forget(keys=[USED, BYTES, NAMES], args=names)

    def _counted(self, call: Any) -> None:
        try:
            call()
        except (redis.ConnectionError, redis.TimeoutError):
            self._breaker.failed()
            raise
        self._breaker.worked()


class RedisLoopShelf:
    """`cache.LoopShelf`. Its connections belong to the loop that uses it first."""

    def __init__(self, url: str, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._client: Any = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=WAIT_SECONDS,
            socket_connect_timeout=WAIT_SECONDS,
            retry=LoopRetry(NoBackoff(), 0),
        )
        self._put = self._client.register_script(PUT)
        self._breaker = Breaker(rest_seconds=REST_SECONDS)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._touched: dict[str, float] = {}

    async def get(self, name: str) -> bytes | None:
        value: bytes | None = await self._asked(lambda: self._client.get(name))
        if value is not None:
            await self._touch(name)
        return value

    async def put(self, name: str, value: bytes, seconds: int) -> None:
        await self._asked(lambda: self._put(keys=_keys(name), args=_arguments(value, seconds, self._max_bytes)))
        self._touched[name] = time.monotonic()

    async def close(self) -> None:
        with suppress(redis.RedisError, OSError):
            await self._client.aclose()

    async def _touch(self, name: str) -> None:
        """Once a minute is often enough to be known as used."""
        now = time.monotonic()
        if now - self._touched.get(name, -TOUCH_SECONDS) < TOUCH_SECONDS:
            return
        if len(self._touched) >= TOUCHED_LIMIT:
            self._touched.clear()
        self._touched[name] = now
        await self._asked(lambda: self._client.zadd(USED, {name: time.time()}, xx=True))

    async def _asked(self, call: Any) -> Any:
        async with self._turns:
            if not self._breaker.lets_through():
                raise Away
            try:
                answer = await call()
            except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
                if self._breaker.failed():
                    logger.warning("[CACHE] redis is away", extra={"reason": type(error).__name__})
                await self._client.connection_pool.disconnect(inuse_connections=False)
                raise Away from error
            except redis.RedisError as error:
                raise Away from error
        self._breaker.worked()
        return answer


def _keys(name: str) -> list[str]:
    prefix, media_hash, *_ = name.split(":")
    return [name, USED, BYTES, NAMES, f"{GONE}{prefix}:{media_hash}"]


def _arguments(value: bytes, seconds: int, max_bytes: int) -> list[Any]:
    return [value, seconds, time.time(), max_bytes, ENTRY_BYTES]
