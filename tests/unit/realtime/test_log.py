"""The durable log: numbers without holes, in commit order; what is rolled back was never said."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from backend.realtime import bell, log, wire
from backend.realtime.bell import Ring
from backend.realtime.models import Event
from backend.tenants.models import Tenant
from tests.cast import Member


def said(number: int) -> wire.ContactUpdated:
    return wire.ContactUpdated(
        contact=wire.Contact(id=str(number), name="Maria", phone="", profile_pic_url="", is_group=False)
    )


@pytest.fixture
def rings() -> Iterator[list[Ring]]:
    heard: list[Ring] = []
    bell.hang(heard.extend)
    yield heard
    bell.unhang(heard.extend)


def numbers(tenant: Tenant) -> list[int]:
    return list(Event.objects.filter(tenant=tenant).order_by("seq").values_list("seq", flat=True))


def test_what_a_unit_publishes_is_numbered_in_order_and_rung_after_the_commit(ana: Member, rings: list[Ring]) -> None:
    with log.unit(ana.tenant.pk):
        log.publish(said(1))
        log.publish(said(2))
        assert rings == []
    with log.unit(ana.tenant.pk):
        log.publish(said(3))

    assert numbers(ana.tenant) == [1, 2, 3]
    assert [ring.seq for ring in rings] == [1, 2, 3]
    assert [frame for _, frame in log.since(ana.tenant.pk, 0)] == [ring.frame for ring in rings]


def test_a_frame_begins_with_its_type_number_and_time(ana: Member) -> None:
    with log.unit(ana.tenant.pk):
        log.publish(said(7))

    ((_, frame),) = log.since(ana.tenant.pk, 0)
    assert frame.startswith('{"type":"contact_updated","seq":1,"at":"20')
    assert frame.endswith('"contact":{"id":"7","name":"Maria","phone":"","profile_pic_url":"","is_group":false}}')


def test_a_savepoint_that_is_rolled_back_drops_what_it_published(ana: Member, rings: list[Ring]) -> None:
    with log.unit(ana.tenant.pk):
        log.publish(said(1))
        with pytest.raises(ZeroDivisionError), log.unit(ana.tenant.pk):
            log.publish(said(2))
            raise ZeroDivisionError
        log.publish(said(3))

    assert numbers(ana.tenant) == [1, 2]
    assert ['"id":"3"' in ring.frame for ring in rings] == [False, True]


def test_a_unit_that_fails_takes_no_number_and_rings_nobody(ana: Member, rings: list[Ring]) -> None:
    with pytest.raises(ZeroDivisionError), log.unit(ana.tenant.pk):
        log.publish(said(1))
        raise ZeroDivisionError
    with log.unit(ana.tenant.pk):
        log.publish(said(2))

    assert numbers(ana.tenant) == [1]
    assert [ring.seq for ring in rings] == [1]


def test_publishing_outside_a_unit_is_a_mistake_that_is_told(ana: Member) -> None:
    with pytest.raises(log.NoUnit):
        log.publish(said(1))


def test_a_unit_belongs_to_one_tenant(ana: Member, carla: Member) -> None:
    with log.unit(ana.tenant.pk), pytest.raises(ValueError, match="one tenant"), log.unit(carla.tenant.pk):
        pass


def test_many_threads_leave_no_hole_and_number_in_commit_order(ana: Member, rings: list[Ring]) -> None:
    def write() -> None:
        for number in range(10):
            with log.unit(ana.tenant.pk):
                log.publish(said(number))
                with log.unit(ana.tenant.pk):
                    log.publish(said(number))
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert numbers(ana.tenant) == list(range(1, 121))
    assert sorted(ring.seq or 0 for ring in rings) == list(range(1, 121))


def test_a_reader_never_sees_a_number_before_the_numbers_below_it(ana: Member) -> None:
    """A later transaction must not become visible while an earlier number is still open."""
    holds, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with log.unit(ana.tenant.pk):
            log.publish(said(1))
            holds.set()
            may_end.wait(10)
        connection.close()

    def quick() -> None:
        with log.unit(ana.tenant.pk):
            log.publish(said(2))
        connection.close()

    if connection.vendor == "sqlite":
        return_order = [slow, quick]
        may_end.set()
        for step in return_order:
            step()
    else:
        first = threading.Thread(target=slow)
        first.start()
        holds.wait(10)
        quick()
        assert [seq for seq, _ in log.since(ana.tenant.pk, 0)] == [1]
        may_end.set()
        first.join()

    assert [seq for seq, _ in log.since(ana.tenant.pk, 0)] == [1, 2]


def test_what_is_older_than_the_log_reaches_is_known(ana: Member) -> None:
    for number in range(5):
        with log.unit(ana.tenant.pk):
            log.publish(said(number))
    Event.objects.filter(tenant=ana.tenant, seq__lte=2).delete()

    assert [log.reaches_back_to(ana.tenant.pk, after) for after in (0, 1, 2, 4, 5, 6)] == [
        False,
        False,
        True,
        True,
        True,
        False,
    ]


def test_pruning_leaves_no_hole_behind_what_stays(ana: Member) -> None:
    for number in range(6):
        with log.unit(ana.tenant.pk):
            log.publish(said(number))
    long_ago = "2020-01-01T00:00:00Z"
    Event.objects.filter(tenant=ana.tenant, seq__in=[1, 2, 4]).update(created_at=long_ago)

    assert log.prune() == 2
    assert numbers(ana.tenant) == [3, 4, 5, 6]


def test_a_tenants_events_are_not_anothers(ana: Member, carla: Member) -> None:
    with log.unit(ana.tenant.pk):
        log.publish(said(1))

    assert log.since(carla.tenant.pk, 0) == []
    assert log.newest(carla.tenant.pk) == 0


def test_a_passing_event_is_rung_and_not_kept(ana: Member, rings: list[Ring]) -> None:
    bell.pass_on(ana.tenant.pk, wire.Tick(seq=4))

    assert [(ring.seq, '"type":"tick"' in ring.frame) for ring in rings] == [(None, True)]
    assert Event.objects.count() == 0


def test_nothing_is_rung_when_an_outer_transaction_fails(ana: Member, rings: list[Ring]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        with log.unit(ana.tenant.pk):
            log.publish(said(1))
        raise ZeroDivisionError

    assert rings == []
    assert log.newest(ana.tenant.pk) == 0
