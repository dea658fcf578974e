"""The hub: in order, once each, whatever the rings do. The channel layer is Channels' own; the log is a list."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from channels.layers import InMemoryChannelLayer

from asgi_workers import hub as hub_module
from asgi_workers.doorbell import group_of
from asgi_workers.hub import Hub
from backend.realtime import log

TENANT = uuid4()


class Table:
    """What the durable log would say."""

    def __init__(self) -> None:
        self.newest: dict[UUID, int] = {}
        self.reads = 0
        self.is_away = False

    async def read(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.is_away:
            raise ConnectionError("no database")
        if function is log.newest:
            return self.newest.get(args[0], 0)
        if function is log.newest_of:
            return {tenant_id: self.newest.get(tenant_id, 0) for tenant_id in args[0]}
        self.reads += 1
        tenant_id, after = args
        return [(seq, frame(seq)) for seq in range(after + 1, self.newest.get(tenant_id, 0) + 1)][: kwargs["limit"]]


class Socket:
    def __init__(self) -> None:
        self.seen: list[int] = []
        self.passing: list[bytes] = []
        self.closed_with: int | None = None

    def forward(self, seq: int, built: bytes) -> None:
        assert json.loads(built[2:])["seq"] == seq
        self.seen.append(seq)

    def pass_on(self, built: bytes) -> None:
        self.passing.append(built)

    def close_soon(self, code: int) -> None:
        self.closed_with = code


def frame(seq: int) -> str:
    return f'{{"type":"tick","seq":{seq}}}'


class Stage:
    """A hub with one tenant, its table, and a bell that may be lost or late."""

    def __init__(self) -> None:
        self.table = Table()
        self.layer = InMemoryChannelLayer()
        self.hub = Hub(self.layer, self.table.read)

    def commit(self, count: int = 1, tenant: UUID = TENANT) -> list[int]:
        first = self.table.newest.get(tenant, 0) + 1
        self.table.newest[tenant] = first + count - 1
        return list(range(first, first + count))

    async def ring(self, seq: int, tenant: UUID = TENANT) -> None:
        await self.layer.group_send(group_of(tenant), {"type": "event", "seq": seq, "frame": frame(seq)})
        await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def stage() -> Any:
    made = Stage()
    yield made
    await made.hub.close(4012)


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 0.01)


async def until(is_true: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if is_true():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


async def joined(stage: Stage, tenant: UUID = TENANT) -> Socket:
    socket = Socket()
    await stage.hub.join(tenant, socket)
    return socket


async def test_a_ring_with_the_next_number_is_forwarded_without_a_read(stage: Stage) -> None:
    stage.commit(3)
    socket = await joined(stage)
    (seq,) = stage.commit()
    await stage.ring(seq)

    assert socket.seen == [4]
    assert stage.table.reads == 0


async def test_a_ring_that_comes_twice_is_forwarded_once(stage: Stage) -> None:
    socket = await joined(stage)
    (seq,) = stage.commit()
    await stage.ring(seq)
    await stage.ring(seq)

    assert socket.seen == [1]


async def test_rings_out_of_order_are_put_in_order_from_the_table(stage: Stage) -> None:
    socket = await joined(stage)
    stage.commit(3)
    for seq in (3, 1, 2):
        await stage.ring(seq)

    assert socket.seen == [1, 2, 3]
    assert stage.table.reads == 1


async def test_a_lost_ring_is_healed_by_the_look_up(stage: Stage, quick_looks: None) -> None:
    socket = await joined(stage)
    stage.commit(2)
    await until(lambda: len(socket.seen) == 2)

    assert socket.seen == [1, 2]


async def test_a_layer_that_is_away_when_somebody_joins_is_taken_up_again(
    stage: Stage, quick_looks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stage.layer.new_channel

    async def away(*_: Any) -> str:
        raise ConnectionError("no redis")

    monkeypatch.setattr(stage.layer, "new_channel", away)
    socket = await joined(stage)
    stage.commit()
    await until(lambda: socket.seen == [1])
    monkeypatch.setattr(stage.layer, "new_channel", real)
    tenant = stage.hub._tenants[TENANT]
    await until(lambda: tenant.is_hearing)
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 60)  # from here on only the ring can tell
    await asyncio.sleep(0.05)
    reads = stage.table.reads
    (seq,) = stage.commit()
    await stage.ring(seq)

    assert socket.seen == [1, 2]
    assert stage.table.reads == reads


async def test_a_database_that_is_away_stops_nothing_for_good(stage: Stage, quick_looks: None) -> None:
    socket = await joined(stage)
    stage.commit(2)
    stage.table.is_away = True
    await stage.ring(2)
    await asyncio.sleep(0.05)
    stage.table.is_away = False
    await until(lambda: socket.seen == [1, 2])


async def test_all_sockets_of_a_tenant_see_the_same_and_no_other_tenant_does(stage: Stage) -> None:
    stranger = uuid4()
    ana, bruno, carla = await joined(stage), await joined(stage), await joined(stage, stranger)
    (seq,) = stage.commit()
    await stage.ring(seq)

    assert (ana.seen, bruno.seen, carla.seen) == ([1], [1], [])


async def test_who_left_hears_nothing_and_the_last_one_gives_up_the_channel(stage: Stage) -> None:
    socket = await joined(stage)
    await stage.hub.leave(TENANT, socket)
    (seq,) = stage.commit()
    await stage.ring(seq)

    assert socket.seen == []
    assert stage.hub.sockets() == 0
    assert stage.layer.groups == {}


async def test_who_comes_back_after_everybody_left_starts_at_the_newest(stage: Stage) -> None:
    first = await joined(stage)
    await stage.hub.leave(TENANT, first)
    stage.commit(5)
    second = await joined(stage)
    (seq,) = stage.commit()
    await stage.ring(seq)

    assert second.seen == [6]


async def test_a_passing_event_goes_to_everybody_and_moves_no_cursor(stage: Stage) -> None:
    socket = await joined(stage)
    await stage.layer.group_send(group_of(TENANT), {"type": "event", "frame": '{"type":"typing"}'})
    await settle()
    (seq,) = stage.commit()
    await stage.ring(seq)

    assert [built[2:] for built in socket.passing] == [b'{"type":"typing"}']
    assert socket.seen == [1]


async def test_joining_and_leaving_in_a_hurry_leaves_nothing_behind(stage: Stage) -> None:
    async def come_and_go() -> None:
        socket = await joined(stage)
        await asyncio.sleep(0)
        await stage.hub.leave(TENANT, socket)

    await asyncio.gather(*(come_and_go() for _ in range(30)))
    stays = await joined(stage)
    (seq,) = stage.commit()
    await stage.ring(seq)

    assert stage.hub.sockets() == 1
    assert stays.seen == [1]


async def test_at_the_end_every_socket_is_asked_to_close(stage: Stage) -> None:
    sockets = [await joined(stage) for _ in range(3)]
    await stage.hub.close(4012)

    assert [socket.closed_with for socket in sockets] == [4012] * 3


async def test_who_leaves_while_joining_leaves_no_listener_behind(stage: Stage) -> None:
    holds = asyncio.Event()

    async def slow(*_: Any, **__: Any) -> int:
        await holds.wait()
        return 0

    stage.hub._read = slow
    joining = [asyncio.create_task(stage.hub.join(uuid4(), Socket())) for _ in range(3)]
    await settle()
    for task in joining:
        task.cancel()
    await asyncio.gather(*joining, return_exceptions=True)

    assert stage.hub._tenants == {}
    assert stage.layer.groups == {}


async def test_a_ring_during_the_first_join_reads_nothing_of_the_past(stage: Stage) -> None:
    stage.commit(3000)
    real = stage.table.read

    async def ringing(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if function is log.newest:
            await stage.ring(3000)
        return await real(function, *args, **kwargs)

    stage.hub._read = ringing
    socket = await joined(stage)
    await settle()

    assert socket.seen == []
    assert stage.table.reads == 0
