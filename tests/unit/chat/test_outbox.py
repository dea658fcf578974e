"""What agents send: there at once, in the order of becoming ready, each handed over once."""

import json
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.db import connection, connections
from django.utils import timezone

from backend.chat import departures, merging, outbox, receipts, sending
from backend.chat.models import Conversation, Message, Parked
from backend.gateways import evolution_records, evolution_rest, evolution_send
from backend.gateways.base import Accepted, Record, Uncertain
from backend.jobs import queue
from backend.jobs.models import Job
from backend.jobs.queue import Later
from backend.lib.errors import ChatError, Conflict, Missing, Refused, TryLater
from backend.media.models import Attachment
from backend.realtime import log
from backend.realtime.models import Event
from tests.cast import Member
from tests.inbound import deliver, receipt, upsert


class Gateway:
    """The provider as the adapter shows it: `says` are the answers to come, `asked` what it was given."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.says: list[ChatError] = []
        self.records: list[Record] = []
        self.is_silent_about_records = False
        self.before_answer: Any = None

    def send_text(self, access: object, to: str, text: str, quoted: object = None) -> Accepted:
        self.asked.append(text)
        if self.says:
            raise self.says.pop(0)
        accepted = Accepted(f"WA{len(self.asked)}", f"{to}@s.whatsapp.net", timezone.now())
        if self.before_answer:
            self.before_answer(accepted)
        return accepted

    def send_file(self, access: object, to: str, file: Any, quoted: object = None) -> Accepted:
        return self.send_text(access, to, file.caption or file.file_name)

    def find_records(self, *_: object, **__: object) -> list[Record]:
        if self.is_silent_about_records:
            raise TryLater("gateway_unreachable")
        return self.records

    def remembers(self, provider_id: str, text: str) -> None:
        self.records.append(
            Record(
                provider_id=provider_id,
                addresses=("5517999990001",),
                from_me=True,
                kind="text",
                text=text,
                file_name="",
                at=timezone.now(),
                raw="{}",
                is_typed=False,
            )
        )


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    made = Gateway()
    monkeypatch.setattr(evolution_send, "send_text", made.send_text)
    monkeypatch.setattr(evolution_send, "send_file", made.send_file)
    monkeypatch.setattr(evolution_records, "find_records", made.find_records)
    return made


@pytest.fixture
def conversation(ana: Member) -> Conversation:
    deliver(ana.instance, upsert("IN1", "oi"))
    return Conversation.objects.get()


def say(ana: Member, conversation: Conversation, text: str, client_id: str = "") -> Message:
    return outbox.draft(conversation, ana.user, client_id=client_id or f"c-{text}", text=text)[0]


def run(conversation: Conversation) -> float:
    """Run the lane; returns the seconds that it wants to wait, 0 when it is done."""
    try:
        sending.run(conversation.pk)
    except Later as later:
        return later.after_seconds
    return 0


def status(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.status, message.error_code


def soon() -> int:
    """A second that makes a message the newest."""
    return int(timezone.now().timestamp()) + 2


def long_ago(message: Message, seconds: int) -> None:
    Message.objects.filter(pk=message.pk).update(handed_at=timezone.now() - timedelta(seconds=seconds))


def test_a_message_is_there_at_once_and_its_lane_is_wanted(ana: Member, conversation: Conversation) -> None:
    message = say(ana, conversation, "bom dia")

    assert (message.status, message.author) == ("queued", ana.user)
    frame = json.loads(log.since(ana.tenant.pk, 1)[0][1])
    assert (frame["type"], frame["message"]["author"]["name"]) == ("message_created", "Ana")
    assert Job.objects.filter(kind="send", subject=str(conversation.pk), finished_at=None).exists()


def test_the_same_client_id_is_the_same_message(ana: Member, bruno: Member, conversation: Conversation) -> None:
    path = f"/api/chat/conversations/{conversation.pk}/messages/"
    body = json.dumps({"client_id": "c1", "text": "bom dia"})
    answers = [ana.client.post(path, body, content_type="application/json") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert Message.objects.filter(direction="outgoing").count() == 1


@pytest.mark.parametrize(
    ("draft", "status_code", "code"),
    [
        ({"client_id": "c", "text": "  "}, 422, "empty_message"),
        ({"client_id": "", "text": "a"}, 422, "bad_client_id"),
        ({"text": "a"}, 422, "invalid"),
        ({"client_id": "c", "text": "a", "quoted_id": "nonsense"}, 404, "no_such_message"),
        ({"client_id": "c", "text": "a", "attachment_id": "nonsense"}, 404, "no_such_attachment"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_reason(
    ana: Member, conversation: Conversation, draft: dict[str, str], status_code: int, code: str
) -> None:
    path = f"/api/chat/conversations/{conversation.pk}/messages/"
    answer = ana.client.post(path, json.dumps(draft), content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (status_code, code)


def test_a_quote_of_another_conversation_is_not_found(ana: Member, conversation: Conversation) -> None:
    deliver(ana.instance, upsert("IN2", "outra", chat="5511999990002@s.whatsapp.net"))
    other = Message.objects.get(provider_id="IN2")

    with pytest.raises(Missing):
        outbox.draft(conversation, ana.user, client_id="c", text="a", quoted_id=other.pk)


def test_a_conversation_that_is_gone_by_now_is_not_found(ana: Member, conversation: Conversation) -> None:
    known = Conversation.objects.get(pk=conversation.pk)
    Message.objects.all().delete()
    conversation.delete()
    with pytest.raises(Missing):
        say(ana, known, "tarde demais")


def test_messages_leave_in_order_and_are_sent(ana: Member, conversation: Conversation, gateway: Gateway) -> None:
    messages = [say(ana, conversation, text) for text in ("um", "dois", "três")]
    assert run(conversation) == 0

    assert gateway.asked == ["um", "dois", "três"]
    assert [status(message)[0] for message in messages] == ["sent"] * 3
    assert Event.objects.filter(type="message_sent").count() == 3


def test_receipts_that_come_before_the_answer_are_kept(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    gateway.before_answer = lambda accepted: deliver(ana.instance, receipt(accepted.provider_id, "READ"))
    message = say(ana, conversation, "bom dia")
    run(conversation)

    assert status(message) == ("read", "")


def test_a_receipt_that_is_parked_while_its_message_becomes_known_is_not_lost(
    ana: Member, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = say(ana, conversation, "nossa")
    Message.objects.filter(pk=message.pk).update(status="sending", handed_at=timezone.now())
    answer = Accepted("WA1", "5517999990001@s.whatsapp.net", timezone.now())
    answered = threading.Thread(target=lambda: (sending.sent(message, answer), connections.close_all()))
    park = receipts._park

    def park_beside_the_answer(*news: Any) -> None:
        park(*news)  # not committed yet: the answer cannot see it
        answered.start()
        answered.join(2)

    monkeypatch.setattr(receipts, "_park", park_beside_the_answer)
    deliver(ana.instance, receipt("WA1", "READ"))
    answered.join(20)

    assert status(message) == ("read", "")
    assert not Parked.objects.exists()
    told = [json.loads(event.payload) for event in Event.objects.filter(type="message_status").order_by("seq")]
    assert told[-1]["status"] == "read"


def test_an_echo_that_comes_before_the_answer_is_this_message(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    gateway.before_answer = lambda accepted: deliver(
        ana.instance, upsert(accepted.provider_id, "bom dia", from_me=True, kind="send.message")
    )
    message = say(ana, conversation, "bom dia")
    run(conversation)

    assert status(message) == ("sent", "")
    assert Message.objects.filter(direction="outgoing").count() == 1
    assert Event.objects.filter(type="message_sent").count() == 1


def test_an_echo_that_was_not_recognised_is_absorbed(ana: Member, conversation: Conversation, gateway: Gateway) -> None:
    gateway.before_answer = lambda accepted: deliver(
        ana.instance, upsert(accepted.provider_id, "bom dia!", from_me=True, kind="send.message", at=soon())
    )
    message = say(ana, conversation, "bom dia")
    run(conversation)

    assert status(message) == ("sent", "")
    assert Message.objects.filter(direction="outgoing").count() == 1
    conversation.refresh_from_db()
    assert conversation.last_message == message


def test_a_silent_gateway_is_never_asked_twice_and_its_record_settles_it(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    gateway.says = [Uncertain("gateway_silent")]
    message = say(ana, conversation, "bom dia")
    assert run(conversation) > 0
    assert status(message) == ("sending", "")
    long_ago(message, 3)
    gateway.remembers("WA-REAL", "bom dia")
    run(conversation)

    assert status(message) == ("sent", "")
    assert message.provider_id == "WA-REAL"
    assert gateway.asked == ["bom dia"]


def test_a_record_that_is_another_message_of_ours_settles_nothing(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    first = say(ana, conversation, "ok", "c1")
    run(conversation)
    gateway.remembers(Message.objects.get(pk=first.pk).provider_id, "ok")
    gateway.says = [Uncertain("gateway_silent")]
    second = say(ana, conversation, "ok", "c2")
    run(conversation)
    long_ago(second, 3)
    run(conversation)

    assert status(second) == ("sending", "")


def test_a_silent_gateway_without_a_record_ends_as_may_have_been_sent_and_the_next_one_leaves(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    gateway.says = [Uncertain("gateway_silent")]
    first, second = say(ana, conversation, "um"), say(ana, conversation, "dois")
    run(conversation)
    long_ago(first, 30)
    assert run(conversation) > 0
    assert status(second)[0] == "queued"
    long_ago(first, 61)
    run(conversation)

    assert status(first) == ("failed", "may_have_been_sent")
    assert status(second) == ("sent", "")
    assert gateway.asked == ["um", "dois"]


def test_a_process_that_died_in_the_hand_over_is_not_followed_by_a_second_send(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    message = say(ana, conversation, "bom dia")
    Message.objects.filter(pk=message.pk).update(status="sending", handed_at=timezone.now() - timedelta(seconds=10))
    assert run(conversation) > 0

    assert gateway.asked == []
    deliver(ana.instance, upsert("WA-ECHO", "bom dia", from_me=True, kind="send.message"))
    assert run(conversation) == 0
    assert status(message) == ("sent", "")


def test_a_retry_of_what_may_have_been_sent_looks_first(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    gateway.says = [Uncertain("gateway_silent")]
    message = say(ana, conversation, "bom dia")
    run(conversation)
    long_ago(message, 61)
    run(conversation)
    gateway.remembers("WA-LATE", "bom dia")
    outbox.retry(message)
    run(conversation)

    assert status(message) == ("sent", "")
    assert gateway.asked == ["bom dia"]


def test_a_retry_that_cannot_look_waits_and_then_sends_when_there_is_no_record(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    gateway.says = [Uncertain("gateway_silent")]
    message = say(ana, conversation, "bom dia")
    run(conversation)
    long_ago(message, 61)
    run(conversation)
    outbox.retry(message)
    gateway.is_silent_about_records = True
    assert run(conversation) > 0
    assert gateway.asked == ["bom dia"]
    gateway.is_silent_about_records = False
    run(conversation)

    assert status(message) == ("sent", "")
    assert gateway.asked == ["bom dia", "bom dia"]


def test_what_the_gateway_refuses_fails_with_its_reason_and_holds_up_nobody(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    gateway.says = [Refused("not_on_whatsapp", "This number is not on WhatsApp.")]
    first, second = say(ana, conversation, "um"), say(ana, conversation, "dois")
    run(conversation)

    assert status(first) == ("failed", "not_on_whatsapp")
    assert status(second) == ("sent", "")


def test_what_waits_for_the_instance_leaves_in_order_when_it_is_back(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    gateway.says = [TryLater("instance_disconnected"), TryLater("instance_disconnected")]
    messages = [say(ana, conversation, text) for text in ("um", "dois")]
    assert run(conversation) > 0
    assert [status(message) for message in messages] == [("waiting", "instance_disconnected")] * 2
    with log.unit(ana.tenant.pk):
        outbox.instance_is_back(ana.instance)
    run(conversation)

    assert [status(message)[0] for message in messages] == ["sent", "sent"]
    assert gateway.asked == ["um", "dois", "um", "dois"]


def test_a_gateway_that_cannot_be_reached_is_tried_again_with_the_same_message(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    gateway.says = [TryLater("gateway_unreachable")]
    first, second = say(ana, conversation, "um"), say(ana, conversation, "dois")
    assert run(conversation) > 0
    assert status(first) == ("queued", "gateway_unreachable")
    run(conversation)

    assert gateway.asked == ["um", "um", "dois"]
    assert [status(message)[0] for message in (first, second)] == ["sent", "sent"]


def test_what_has_left_can_be_neither_retried_nor_cancelled(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    message = say(ana, conversation, "bom dia")
    run(conversation)
    codes = [ana.client.post(f"/api/chat/messages/{message.pk}/{verb}/").json()["code"] for verb in ("retry", "cancel")]

    assert codes == ["already_sent", "already_sent"]


def test_what_is_cancelled_after_the_lane_has_looked_stays_here(
    ana: Member, conversation: Conversation, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = say(ana, conversation, "não vai")
    look = departures.look

    def look_and_be_late(conversation_id: UUID) -> departures.Lane:
        lane = look(conversation_id)
        if lane.next(timezone.now()):
            outbox.cancel(message)
        return lane

    monkeypatch.setattr(departures, "look", look_and_be_late)
    run(conversation)

    assert (gateway.asked, status(message)) == ([], ("failed", "cancelled"))


def test_a_lane_that_another_one_has_overtaken_waits(
    ana: Member, conversation: Conversation, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = say(ana, conversation, "um"), say(ana, conversation, "dois")
    lane = departures.look(conversation.pk)
    Message.objects.filter(pk=first.pk).update(status="sending", handed_at=timezone.now())
    stale = departures.Lane([row for row in lane.rows if row.pk == second.pk])
    monkeypatch.setattr(departures, "look", lambda _: stale)

    assert run(conversation) > 0
    assert (gateway.asked, status(second)[0]) == ([], "queued")


def test_a_message_whose_conversation_is_merged_leaves_from_the_other_one(
    ana: Member, conversation: Conversation, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(ana.instance, upsert("IN2", "oi", chat="120000000000001@lid", name=None))
    younger = Conversation.objects.exclude(pk=conversation.pk).get()
    say(ana, younger, "bom dia")
    beside = threading.Thread(target=lambda: (run(younger), connections.close_all()))

    def enqueue_beside_the_lane(*job: Any, **more: Any) -> None:
        beside.start()
        beside.join(2)
        queue.enqueue(*job, **more)

    monkeypatch.setattr(merging, "enqueue", enqueue_beside_the_lane)
    with log.unit(ana.tenant.pk):
        merging.merge(conversation.contact, younger.contact)
    beside.join(20)
    asked_before = list(gateway.asked)
    run(conversation)

    assert (asked_before, gateway.asked) == ([], ["bom dia"])
    assert [message.status for message in Message.objects.filter(direction="outgoing")] == ["sent"]


def test_what_was_cancelled_stays_here(ana: Member, conversation: Conversation, gateway: Gateway) -> None:
    first, second = say(ana, conversation, "um"), say(ana, conversation, "dois")
    answer = ana.client.post(f"/api/chat/messages/{first.pk}/cancel/")
    run(conversation)

    assert (answer.status_code, answer.json()["error"]["code"]) == (202, "cancelled")
    assert gateway.asked == ["dois"]
    with pytest.raises(Conflict):
        outbox.cancel(second)


# --- Files ------------------------------------------------------------------------------------------------------------


def file_of(ana: Member, name: str, *, is_here: bool = False) -> Attachment:
    facts = {"storage_key": f"chat/{ana.tenant.pk}/x/{name}", "content_sha256": "0" * 64, "size_bytes": 1}
    return Attachment.objects.create(
        tenant=ana.tenant,
        file_name=name,
        file_type="image/jpeg",
        storage_type="local",
        status="completed" if is_here else "pending",
        **(facts if is_here else {}),
    )


def send_file(ana: Member, conversation: Conversation, name: str, *, is_here: bool = False) -> Message:
    attachment = file_of(ana, name, is_here=is_here)
    return outbox.draft(conversation, ana.user, client_id=name, kind="image", attachment=attachment)[0]


def arrive(message: Message) -> None:
    assert message.attachment is not None
    facts = {"storage_key": "chat/k", "content_sha256": "0" * 64, "size_bytes": 1}
    Attachment.objects.filter(pk=message.attachment.pk).update(status="completed", **facts)
    with log.unit(message.tenant_id):
        outbox.file_ready(message.attachment)


def test_a_text_never_waits_for_an_upload(ana: Member, conversation: Conversation, gateway: Gateway) -> None:
    photo = send_file(ana, conversation, "1.jpg")
    say(ana, conversation, "a foto já vai")
    run(conversation)

    assert gateway.asked == ["a foto já vai"]
    assert status(photo)[0] == "waiting"


def test_a_text_is_not_lost_behind_hundreds_of_uploads(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    waiting = {"tenant": ana.tenant, "instance": ana.instance, "conversation": conversation, "author": ana.user}
    Message.objects.bulk_create(
        Message(direction="outgoing", kind="image", status="waiting", sent_at=timezone.now(), **waiting)
        for _ in range(departures.ROWS)
    )
    say(ana, conversation, "urgente")
    run(conversation)

    assert gateway.asked == ["urgente"]


def test_files_leave_in_the_order_in_which_they_were_chosen(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    photos = [send_file(ana, conversation, f"{number}.jpg") for number in (1, 2, 3)]
    arrive(photos[2])
    arrive(photos[1])
    assert run(conversation) > 0
    assert gateway.asked == []
    arrive(photos[0])
    run(conversation)

    assert gateway.asked == ["1.jpg", "2.jpg", "3.jpg"]


def test_a_file_waits_at_most_a_minute_for_those_before_it(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    slow, quick = send_file(ana, conversation, "slow.jpg"), send_file(ana, conversation, "quick.jpg")
    arrive(quick)
    assert 50 < run(conversation) <= 60
    Message.objects.filter(pk=slow.pk).update(created_at=timezone.now() - timedelta(seconds=61))
    run(conversation)

    assert gateway.asked == ["quick.jpg"]


def test_a_file_that_fails_does_not_hold_the_others(ana: Member, conversation: Conversation, gateway: Gateway) -> None:
    bad, good = send_file(ana, conversation, "bad.jpg"), send_file(ana, conversation, "good.jpg")
    arrive(good)
    assert bad.attachment is not None
    with log.unit(ana.tenant.pk):
        outbox.file_failed(bad.attachment, Refused("undecodable", "no picture"))
    run(conversation)

    assert status(bad) == ("failed", "undecodable")
    assert gateway.asked == ["good.jpg"]


def test_the_lane_gives_up_one_message_and_goes_on(ana: Member, conversation: Conversation, gateway: Gateway) -> None:
    first, second = say(ana, conversation, "um"), say(ana, conversation, "dois")
    sending.gave_up(str(conversation.pk), TryLater("media_upload_failed", "WhatsApp's hosts refuse the file."))
    run(conversation)

    assert status(first) == ("failed", "media_upload_failed")
    assert status(second) == ("sent", "")


# --- What may have been sent stays so, whatever happens around it -----------------------------------------------------


def test_a_lane_that_gives_up_in_a_hand_over_says_that_it_may_have_been_sent(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    first, second = say(ana, conversation, "um"), say(ana, conversation, "dois")
    Message.objects.filter(pk=first.pk).update(status="sending", handed_at=timezone.now())
    sending.gave_up(str(conversation.pk), ChatError("worker_died"))
    assert status(first) == ("failed", "may_have_been_sent")
    run(conversation)

    assert status(second) == ("sent", "")
    assert gateway.asked == ["dois"]


def uncertain(ana: Member, conversation: Conversation, gateway: Gateway) -> Message:
    gateway.says = [Uncertain("gateway_silent")]
    message = say(ana, conversation, "bom dia")
    run(conversation)
    long_ago(message, 61)
    run(conversation)
    assert status(message) == ("failed", "may_have_been_sent")
    return message


def test_cancelling_what_may_have_been_sent_does_not_make_a_retry_blind(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    message = uncertain(ana, conversation, gateway)
    outbox.cancel(message)
    assert status(message) == ("failed", "may_have_been_sent")
    outbox.retry(message)
    outbox.cancel(message)
    assert status(message) == ("failed", "may_have_been_sent")
    gateway.remembers("WA-LATE", "bom dia")
    outbox.retry(message)
    run(conversation)

    assert status(message) == ("sent", "")
    assert gateway.asked == ["bom dia"]


def test_a_file_that_is_gone_from_storage_was_not_handed_over(
    ana: Member, conversation: Conversation, gateway: Gateway
) -> None:
    photo = send_file(ana, conversation, "1.jpg")
    arrive(photo)
    gateway.says = [Missing("object_gone")]
    run(conversation)

    assert status(photo) == ("failed", "object_gone")


def test_nobody_keeps_the_database_while_a_gateway_thinks(
    ana: Member, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    def think(request: httpx.Request) -> httpx.Response:
        held.append(connection.connection is not None)
        return httpx.Response(201, json={"key": {"id": "WA1", "remoteJid": "5517999990001@s.whatsapp.net"}})

    client = httpx.Client(transport=httpx.MockTransport(think))
    monkeypatch.setattr(evolution_rest, "_client_of", lambda _: client)
    message = say(ana, conversation, "bom dia")
    run(conversation)

    assert (status(message), held) == (("sent", ""), [False])
