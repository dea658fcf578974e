"""The lane goes on, whatever one webhook does to it."""

import threading
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from backend.chat import inbox, lane
from backend.chat.models import Contact, Conversation, InboundEvent, Message, Parked
from backend.jobs.models import Job
from backend.lib.errors import Refused, TryLater
from backend.realtime.models import Event, TenantClock
from tests.cast import company
from tests.inbound import FIRST_SECOND, MARIA_LID, deliver, event, payload, receipt, stored, upsert


@pytest.fixture
def instance(db):
    return company("Acme")[1]


@pytest.fixture
def poison(monkeypatch):
    """Makes the webhook with this word in it fail, by calling what is given."""
    receive = inbox.receive

    def arrange(word, fail):
        def touchy(desk, letter):
            if word.encode() in bytes(InboundEvent.objects.get(pk=letter.event_id).body):
                fail(desk, letter)
            receive(desk, letter)

        monkeypatch.setattr(inbox, "receive", touchy)

    return arrange


def provider_ids():
    return list(Message.objects.order_by("sent_at").values_list("provider_id", flat=True))


def batch(count, first=0):
    return [upsert(f"A{number:03}", at=FIRST_SECOND + number) for number in range(first, first + count)]


def test_what_cannot_be_understood_is_marked_and_disturbs_nothing(instance):
    bodies = [b"hello", b"[]", b"[" * 4_000, b"{}", event("solar.eclipse", {}), upsert("A1", message={}), upsert("A2")]
    deliver(instance, *bodies)
    rows = InboundEvent.objects.order_by("pk")
    expected = ["not_json", "not_an_object", "too_deep", "no_event", "unknown_event", "no_content", ""]
    assert [row.error for row in rows] == expected
    assert all(row.processed_at for row in rows)
    assert [bytes(row.body) for row in rows] == bodies
    assert provider_ids() == ["A2"]


def test_forty_megabytes_of_nesting_are_put_aside_at_once(instance):
    deliver(instance, b"[" * 40_000_000, b'{"a":' * 8_000_000, upsert("A1"))
    assert list(InboundEvent.objects.order_by("pk").values_list("error", flat=True)) == ["too_deep", "too_deep", ""]
    assert provider_ids() == ["A1"]


def test_more_than_a_batch_is_understood_in_order(instance):
    deliver(instance, *batch(230))
    assert provider_ids() == [f"A{number:03}" for number in range(230)]
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 231))
    assert Conversation.objects.get().unread == 230


def test_bodies_of_many_megabytes_are_not_read_together(instance, monkeypatch):
    monkeypatch.setattr(lane, "BATCH_BYTES", 1_000)
    seen = []
    receive = lane._receive

    def counting(tenant_id, letters):
        seen.append(len(letters))
        receive(tenant_id, letters)

    monkeypatch.setattr(lane, "_receive", counting)
    deliver(instance, upsert("A1"), upsert("A2", "x" * 2_000), upsert("A3"), upsert("A4"))
    assert seen == [1, 1, 2]
    assert Message.objects.count() == 4


def test_one_that_fails_is_tried_again_alone_and_holds_nobody(instance, poison, monkeypatch):
    def fail(desk, letter):
        desk.meet(next(iter(letter.parsed)).chat)
        raise TryLater("moon_phase", "not tonight")

    poison("A001", fail)
    deliver(instance, *batch(4))
    assert provider_ids() == ["A000", "A002", "A003"]
    failed = InboundEvent.objects.get(processed_at=None)
    assert failed.error == "moon_phase: TryLater: not tonight"
    job = Job.objects.get(kind="inbox_event")
    assert job.subject == str(failed.pk) and 3 < (job.run_at - timezone.now()).total_seconds() <= 5
    monkeypatch.undo()
    lane.run_inbox(str(instance.tenant_id))
    assert provider_ids() == ["A000", "A002", "A003"]
    lane.run_event(job.subject)
    assert provider_ids() == ["A000", "A001", "A002", "A003"]
    failed.refresh_from_db()
    assert failed.processed_at and failed.error == ""
    lane.run_event(job.subject)
    assert Message.objects.count() == 4


def test_a_failure_takes_nothing_of_itself_along(instance, poison):
    """The first webhook of a person fails after it has made them: the next one must not count on that."""

    def fail(desk, letter):
        inbox.receive.__globals__["_receive"](letter.parsed[0], desk, letter)
        raise RuntimeError

    poison("A000", fail)
    deliver(instance, *batch(3))
    assert provider_ids() == ["A001", "A002"]
    assert Conversation.objects.get().unread == 2
    assert Event.objects.count() == TenantClock.objects.get().seq == 2


def test_a_retry_that_fails_says_so_to_its_job(instance, poison):
    def fail(desk, letter):
        raise RuntimeError("still")

    poison("A000", fail)
    deliver(instance, *batch(1))
    failed = InboundEvent.objects.get()
    with pytest.raises(RuntimeError):
        lane.run_event(str(failed.pk))
    failed.refresh_from_db()
    assert failed.processed_at is None
    lane.gave_up(str(failed.pk), Refused("still", "no use"))
    failed.refresh_from_db()
    assert failed.processed_at and failed.error == "still: no use"


@pytest.mark.django_db(transaction=True)
def test_one_that_breaks_the_commit_is_found_and_set_aside(poison):
    instance = company("Acme")[1]

    def fail(desk, letter):
        Parked.objects.create(
            tenant_id=desk.tenant_id, instance_id=uuid.uuid4(), provider_id="x", kind="receipt", content={}
        )

    poison("A002", fail)
    deliver(instance, *batch(5))
    assert provider_ids() == ["A000", "A001", "A003", "A004"]
    assert InboundEvent.objects.get(processed_at=None).error.startswith("failed: IntegrityError")
    assert [row.seq for row in Event.objects.order_by("seq")] == [1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
def test_two_runners_at_once_tell_everything_once():
    instance = company("Acme")[1]
    stored(instance, *batch(150))
    threads = [threading.Thread(target=run_and_close, args=(instance.tenant_id,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lane.run_inbox(str(instance.tenant_id))
    assert InboundEvent.objects.filter(processed_at=None, error="").count() == 0
    for retry in InboundEvent.objects.filter(processed_at=None):
        lane.run_event(str(retry.pk))
    assert Message.objects.count() == Conversation.objects.get().unread == 150
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 151))
    assert Contact.objects.count() == 1


def run_and_close(tenant_id):
    try:
        lane.run_inbox(str(tenant_id))
    finally:
        connection.close()


def test_one_message_costs_few_queries(instance, django_assert_max_num_queries):
    deliver(instance, upsert("A1", remoteJidAlt=MARIA_LID))
    stored(instance, payload("006_upsert_image_caption.json"))
    with django_assert_max_num_queries(18):  # with savepoints, the job and the event
        lane.run_inbox(str(instance.tenant_id))
    assert Message.objects.count() == 2


def test_a_hundred_messages_cost_few_queries_each(instance, django_assert_max_num_queries):
    deliver(instance, upsert("A1"))
    stored(instance, *batch(100, first=100))
    with django_assert_max_num_queries(430):
        lane.run_inbox(str(instance.tenant_id))
    stored(instance, *[receipt(f"A{number}", "READ", from_me=False) for number in range(100, 200)])
    with django_assert_max_num_queries(540):
        lane.run_inbox(str(instance.tenant_id))
    assert Conversation.objects.get().unread == 0
