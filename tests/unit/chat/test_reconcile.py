"""Reading back: only what we lack is stored, once, and how far we have read stays behind what is not settled."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from backend.chat import erasure, forgotten, lane, reconcile, silence
from backend.chat.models import Contact, ErasedId, InboundEvent, Message, Parked
from backend.jobs.models import Job
from backend.jobs.queue import Later
from backend.realtime.models import Event
from backend.tenants.models import Instance
from tests.cast import company
from tests.inbound import MARIA, deliver, event, upsert
from tests.unit.site import Host, sites

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run long after they were collected."""
    monkeypatch.setattr(sys.modules[__name__], "NOW", datetime.now(UTC).replace(microsecond=0))


class Gateway:
    """Remembers what the test puts into it. `status` other than 200: answers nothing but that."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.state = "open"
        self.status = 200
        self.url = ""
        self.version = "2.3.7"

    def say(self, host: Host) -> None:
        body: Any = {"instance": {"state": self.state}}
        if "findMessages" in host.path:
            newest_first = sorted(self.records, key=lambda record: -record["messageTimestamp"])
            body = {"messages": {"records": newest_first if json.loads(host.body)["page"] == 1 else []}}
        if host.path == "/":
            body = {"version": self.version}
        if self.status != 200:
            body = {"status": self.status, "response": {"message": "Unauthorized"}}
        host.say(self.status, json.dumps(body).encode(), Connection="close")

    def remembers(
        self,
        provider_id: str,
        text: str = "oi",
        *,
        ago: timedelta = timedelta(minutes=10),
        from_me: bool = False,
        source: str = "android",
        updates: tuple[str, ...] = (),
        message: dict[str, Any] | None = None,
    ) -> None:
        self.records.append(
            {
                "id": "cm1",
                "key": {"id": provider_id, "remoteJid": MARIA, "fromMe": from_me},
                "pushName": "Maria Souza",
                "message": message or {"conversation": text},
                "messageTimestamp": int((NOW - ago).timestamp()),
                "source": source,
                "MessageUpdate": [{"status": status} for status in updates],
            }
        )


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    with sites() as make:
        made.url = f"http://{make(made.say).host}"
        yield made


@pytest.fixture
def instance(transactional_db: None, gateway: Gateway) -> Instance:
    row = company("Acme")[1]
    Instance.objects.filter(pk=row.pk).update(
        base_url=gateway.url, state="open", created_at=NOW - timedelta(days=30), state_since=NOW - timedelta(days=30)
    )
    row.refresh_from_db()
    return row


def read_back(instance: Instance) -> None:
    reconcile.reconcile(str(instance.pk))
    lane.run_inbox(str(instance.tenant_id))
    instance.refresh_from_db()


def told() -> list[str]:
    return [
        json.loads(bytes(row.body))["event"] for row in InboundEvent.objects.filter(event="reconciled").order_by("pk")
    ]


def texts() -> list[str]:
    return list(Message.objects.order_by("sent_at").values_list("text", flat=True))


def test_only_what_is_missing_is_stored_the_oldest_first(instance, gateway):
    deliver(instance, upsert("A", "um", at=int((NOW - timedelta(minutes=9)).timestamp())))
    gateway.remembers("A", "um", ago=timedelta(minutes=9))
    gateway.remembers("C", "três", ago=timedelta(minutes=5))
    gateway.remembers("B", "dois", ago=timedelta(minutes=7))
    read_back(instance)
    assert texts() == ["um", "dois", "três"]
    stored = [
        json.loads(bytes(row.body))["data"]["key"]["id"] for row in InboundEvent.objects.filter(event="reconciled")
    ]
    assert stored == ["B", "C"]
    assert instance.read_back_to == NOW - timedelta(minutes=5)


def test_reading_the_same_again_stores_and_tells_nothing(instance, gateway):
    gateway.remembers("A")
    gateway.remembers("R", message={"reactionMessage": {"key": {"id": "A"}, "text": "\U0001f44d"}})
    read_back(instance)
    rows, events = InboundEvent.objects.count(), Event.objects.count()
    read_back(instance)
    assert (InboundEvent.objects.count(), Event.objects.count()) == (rows, events)
    assert [one["emoji"] for one in Message.objects.get().reactions] == ["\U0001f44d"]


def test_it_is_read_back_to_where_the_last_reading_came_and_a_little_more(instance, gateway):
    Instance.objects.filter(pk=instance.pk).update(read_back_to=NOW - timedelta(minutes=20))
    gateway.remembers("OLD", ago=timedelta(minutes=23))
    gateway.remembers("NEW", "novo", ago=timedelta(minutes=21))
    read_back(instance)
    assert texts() == ["novo"]
    assert instance.read_back_to == NOW - timedelta(minutes=20)


def test_a_new_instance_is_not_read_back_beyond_its_own_beginning(instance, gateway):
    Instance.objects.filter(pk=instance.pk).update(created_at=NOW - timedelta(minutes=5))
    gateway.remembers("OLD", ago=timedelta(hours=2))
    read_back(instance)
    assert texts() == []


def test_a_send_in_hand_is_left_to_its_lane_and_looked_at_again(instance, gateway):
    gateway.remembers("MINE", ago=timedelta(minutes=1), from_me=True, source="web")
    gateway.remembers("NEW", "novo", ago=timedelta(seconds=10))
    read_back(instance)
    assert texts() == ["novo"]
    assert instance.read_back_to == NOW - timedelta(minutes=1)


def test_what_the_company_typed_on_its_phone_enters_at_once(instance, gateway):
    gateway.remembers("MINE", "já vou", ago=timedelta(seconds=10), from_me=True, source="ios")
    read_back(instance)
    assert told() == ["messages.upsert"]
    assert Message.objects.get().direction == "outgoing"


def test_what_we_gave_up_is_recognised_and_what_went_before_it_is_not(instance, gateway):
    deliver(instance, upsert("A", "oi"))
    given_up = unanswered(Message.objects.get(), "talvez", handed_at=NOW - timedelta(minutes=8))
    gateway.remembers("BEFORE", "talvez", ago=timedelta(minutes=9), from_me=True, source="web")
    read_back(instance)
    assert (told(), Message.objects.get(pk=given_up.pk).provider_id) == (["messages.upsert"], "")
    updates = ("DELIVERY_ACK", "READ", "SERVER_ACK")
    gateway.remembers("AFTER", "talvez", ago=timedelta(minutes=7), from_me=True, source="web", updates=updates)
    read_back(instance)
    given_up.refresh_from_db()
    assert (given_up.provider_id, given_up.status, given_up.error_code) == ("AFTER", "read", "")
    assert told() == ["messages.upsert", "send.message"]
    assert Message.objects.count() == 3


def unanswered(beside: Message, text: str, *, handed_at: datetime) -> Message:
    return Message.objects.create(
        tenant=beside.tenant,
        instance=beside.instance,
        conversation=beside.conversation,
        direction="outgoing",
        kind="text",
        status="failed",
        error_code="may_have_been_sent",
        text=text,
        sent_at=handed_at,
        handed_at=handed_at,
    )


def test_a_lost_receipt_is_made_up_for(instance, gateway):
    deliver(instance, upsert("MINE", "oi", from_me=True, at=int(NOW.timestamp()) - 600))
    gateway.remembers("MINE", "oi", from_me=True, source="web", updates=("SERVER_ACK", "DELIVERY_ACK"))
    read_back(instance)
    assert Message.objects.get().status == "delivered"


def test_a_lost_edit_is_made_up_for_unless_we_know_a_newer_one(instance, gateway):
    deliver(instance, upsert("A", "dis"), upsert("B", "dis"), upsert("C", "dis"))
    Message.objects.filter(provider_id="B").update(text="dia!", edited_at=NOW)
    Message.objects.filter(provider_id="C").update(deleted_at=NOW)
    for provider_id in "ABC":
        gateway.remembers(provider_id, "dia")
    read_back(instance)
    assert dict(Message.objects.values_list("provider_id", "text")) == {"A": "dia", "B": "dia!", "C": "dis"}


@pytest.mark.parametrize(("ours", "theirs", "then"), [("closed", "open", "open"), ("open", "close", "closed")])
def test_a_change_of_connection_that_nobody_told_is_seen(instance, gateway, ours, theirs, then):
    Instance.objects.filter(pk=instance.pk).update(state=ours)
    gateway.state = theirs
    read_back(instance)
    assert instance.state == then
    assert told() == ["connection.update"]


def test_a_gateway_that_is_away_is_asked_again_and_one_that_refuses_is_not(instance, gateway):
    Instance.objects.filter(pk=instance.pk).update(base_url="http://127.0.0.1:9")
    with pytest.raises(Later):
        read_back(instance)
    Instance.objects.filter(pk=instance.pk).update(base_url=gateway.url)
    gateway.status = 401
    read_back(instance)
    assert instance.read_back_to is None


def test_an_opened_connection_and_every_round_want_it(instance):
    Instance.objects.filter(pk=instance.pk).update(state="closed")
    deliver(instance, event("connection.update", {"state": "open"}))
    job = Job.objects.get(kind="reconcile")
    assert (job.subject, job.run_at > timezone.now()) == (str(instance.pk), True)
    reconcile.want_all()
    job.refresh_from_db()
    assert job.run_at <= timezone.now()


def test_the_version_is_asked_once_an_hour_and_one_that_is_hidden_hinders_nothing(instance, gateway):
    gateway.version = ""
    gateway.remembers("A")
    read_back(instance)
    assert (instance.gateway_version, texts()) == ("", ["oi"])
    cache.clear()
    for gateway.version in ("2.1.0", "2.3.7"):
        read_back(instance)
        assert instance.gateway_version == "2.1.0"


def test_nothing_is_read_back_for_an_instance_that_is_gone(instance):
    gone = str(instance.pk)
    instance.delete()
    reconcile.reconcile(gone)
    assert InboundEvent.objects.count() == 0


# --- Silence ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(instance: Instance) -> Instance:
    """On each of the last days, 30 events in the hour that ends now: one in two minutes."""
    for day in range(1, 7):
        heard(instance, *(timedelta(days=day, minutes=2 * number) for number in range(30)))
    return instance


def heard(instance: Instance, *ago: timedelta, name: str = "messages.upsert") -> None:
    start = InboundEvent.objects.count()
    InboundEvent.objects.bulk_create(
        InboundEvent(
            tenant_id=instance.tenant_id,
            instance=instance,
            event=name,
            body_sha256=(start + number).to_bytes(32, "big"),
            body=b"{}",
            received_at=NOW - since,
            processed_at=NOW,
        )
        for number, since in enumerate(ago)
    )


def test_an_instance_that_stops_in_a_busy_hour_is_silent_since_its_last_sound(busy):
    heard(busy, timedelta(minutes=11))
    assert silence.since(busy, NOW) == NOW - timedelta(minutes=11)


@pytest.mark.parametrize("ago", [timedelta(seconds=5), timedelta(minutes=9)])
def test_a_short_pause_is_no_silence(busy, ago):
    heard(busy, ago)
    assert silence.since(busy, NOW) is None


def test_what_we_read_back_ourselves_is_no_sound(busy):
    heard(busy, timedelta(minutes=30))
    heard(busy, timedelta(minutes=1), name=silence.RECONCILED)
    assert silence.since(busy, NOW) == NOW - timedelta(minutes=30)


def test_three_usual_gaps_must_have_passed(instance):
    for day in range(1, 7):
        heard(instance, timedelta(days=day, minutes=20), timedelta(days=day, minutes=40))
    heard(instance, timedelta(minutes=89))
    assert silence.since(instance, NOW) is None
    assert silence.since(instance, NOW + timedelta(minutes=2)) == NOW - timedelta(minutes=89)


def test_nobody_can_say_of_a_quiet_hour_a_new_instance_or_a_closed_one(busy):
    heard(busy, timedelta(minutes=30))
    assert silence.since(busy, NOW + timedelta(hours=4)) is None
    busy.state = "closed"
    assert silence.since(busy, NOW) is None
    busy.state, busy.created_at = "open", NOW - timedelta(days=1)
    assert silence.since(busy, NOW) is None


def test_a_connection_that_has_just_opened_has_not_been_silent(busy):
    heard(busy, timedelta(minutes=50))
    busy.state_since = NOW - timedelta(minutes=5)
    assert silence.since(busy, NOW) is None


def test_silence_is_told_once_and_so_is_its_end(busy, gateway):
    gateway.version = ""
    heard(busy, timedelta(minutes=30))
    read_back(busy)
    assert busy.silent_since == NOW - timedelta(minutes=30)
    read_back(busy)
    assert Event.objects.filter(type="instance_updated").count() == 1
    heard(busy, timedelta(seconds=1))
    read_back(busy)
    assert busy.silent_since is None
    assert Event.objects.filter(type="instance_updated").count() == 2


@pytest.fixture
def erased(instance: Instance, gateway: Gateway) -> Instance:
    """Somebody wrote and reacted, was read back, and was erased; the gateway remembers it all."""
    at = int((NOW - timedelta(minutes=10)).timestamp())
    gateway.remembers("A", "segredo")
    reaction = {"reactionMessage": {"key": {"id": "A"}, "text": "\U0001f44d"}}
    gateway.remembers("R", message=reaction)
    deliver(instance, upsert("A", "segredo", at=at), upsert("R", at=at, message=reaction))
    erasure.erase(erasure.of_contact(Contact.objects.get()))
    return instance


def test_nobody_who_was_erased_is_read_back(erased, gateway):
    gateway.remembers("B", "sou outra", ago=timedelta(minutes=4))
    read_back(erased)
    assert texts() == ["sou outra"]
    assert not Parked.objects.exists()
    assert erased.read_back_to == NOW - timedelta(minutes=4)


def test_whoever_was_erased_may_write_again(erased, gateway):
    gateway.remembers("C", "voltei", ago=timedelta(minutes=1))
    read_back(erased)
    assert texts() == ["voltei"]


def test_what_was_erased_is_known_by_digests_alone(erased):
    assert {bytes(digest) for digest in ErasedId.objects.values_list("digest", flat=True)}.isdisjoint({b"A", b"R"})
    assert forgotten.among(erased.tenant_id, ["A", "R", "B"]) == {"A", "R"}
    assert forgotten.among(company("Globex")[0].pk, ["A"]) == set()


def test_what_will_not_be_read_again_need_not_be_known(erased):
    assert reconcile.prune() == 0
    Instance.objects.update(read_back_to=timezone.now() + timedelta(hours=2))
    other = Instance.objects.create(tenant=erased.tenant, name="another", read_back_to=NOW - timedelta(days=9))
    assert reconcile.prune() == 0
    other.delete()
    assert reconcile.prune() > 0
    assert not ErasedId.objects.exists()


def test_without_redis_it_is_read_back_all_the_same(instance, gateway, monkeypatch):
    class Away:
        def __getattr__(self, name: str) -> Any:
            raise ConnectionError

    monkeypatch.setattr(reconcile, "cache", Away())
    gateway.remembers("A", "um")
    read_back(instance)
    assert texts() == ["um"]
