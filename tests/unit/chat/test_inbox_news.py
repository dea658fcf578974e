"""Receipts, edits, deletions and reactions: in any order, twice, early; and what we do on the phone."""

import json
from datetime import timedelta
from itertools import permutations

import pytest
from django.utils import timezone

from backend.chat import present, receipts
from backend.chat.models import Contact, Conversation, InboundEvent, Message, Parked
from backend.media.models import Attachment
from backend.realtime import bell, log, wire
from backend.realtime.models import Event
from tests.cast import company
from tests.inbound import (
    FIRST_SECOND,
    MARIA,
    MARIA_LID,
    deletion,
    deliver,
    edit,
    event,
    reaction,
    receipt,
    stored,
    upsert,
)

MS = FIRST_SECOND * 1000


@pytest.fixture
def instance(db):
    return company("Acme")[1]


def ours(provider_id="B1", **more):
    return upsert(provider_id, "nossa", from_me=True, **more)


def message(provider_id="B1"):
    return Message.objects.get(provider_id=provider_id)


def told(kind):
    return Event.objects.filter(type=kind).count()


@pytest.mark.parametrize("order", list(permutations(["SERVER_ACK", "DELIVERY_ACK", "READ"])))
def test_receipts_in_any_order_end_at_the_furthest(instance, order):
    deliver(instance, ours())
    deliver(instance, *[receipt("B1", status) for status in order])
    assert message().status == "read"


@pytest.mark.parametrize("order", list(permutations(["SERVER_ACK", "READ", "DELIVERY_ACK"])))
def test_receipts_that_come_early_are_parked_and_settled(instance, order):
    deliver(instance, *[receipt("B1", status) for status in order])
    assert Parked.objects.count() == 3
    deliver(instance, ours())
    assert message().status == "read"
    assert not Parked.objects.exists()
    assert list(Event.objects.values_list("type", flat=True)) == ["message_sent"]


def test_the_same_receipt_twice_tells_once(instance):
    deliver(instance, ours(), receipt("B1", "READ"), receipt("B1", "READ"), receipt("B1", "DELIVERY_ACK"))
    assert told("message_status") == 1
    deliver(instance, receipt("B2", "READ"), receipt("B2", "READ"))
    assert Parked.objects.count() == 1


@pytest.mark.parametrize("reached", ["delivered", "read", "played"])
def test_a_message_that_arrived_cannot_fail(instance, reached):
    deliver(instance, ours())
    Message.objects.update(status=reached)
    deliver(instance, receipt("B1", "ERROR"))
    assert message().status == reached


def test_a_proof_of_delivery_overrules_an_error(instance):
    deliver(instance, ours(), receipt("B1", "ERROR"), receipt("B1", "SERVER_ACK"))
    assert (message().status, message().error_code) == ("failed", "not_delivered")
    deliver(instance, receipt("B1", "DELIVERY_ACK"))
    assert (message().status, message().error_code) == ("delivered", "")


def test_a_customers_message_has_no_receipts_of_ours(instance):
    deliver(instance, upsert("A1"), receipt("A1", "READ"), receipt("A1", "ERROR"))
    assert message("A1").status == "received"


def test_reading_on_the_phone_leaves_only_what_came_after(instance):
    deliver(instance, *[upsert(f"A{n}", at=FIRST_SECOND + n) for n in range(4)])
    deliver(instance, receipt("A1", "READ", from_me=False))
    assert Conversation.objects.get().unread == 2
    deliver(instance, receipt("A3", "READ", from_me=False), receipt("A2", "READ", from_me=False))
    assert Conversation.objects.get().unread == 0
    assert told("conversation_updated") == 2


def test_a_message_read_before_we_saw_it_is_not_unread(instance):
    deliver(instance, receipt("A1", "READ", from_me=False), upsert("A1"))
    assert Conversation.objects.get().unread == 0
    assert not Parked.objects.exists()


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_the_newest_edit_wins_in_any_order(instance, order):
    edits = [edit("A1", "antes", at_ms=MS + 1_000), edit("A1", "depois", at_ms=MS + 2_000)]
    deliver(instance, upsert("A1"), *[edits[index] for index in order])
    assert message("A1").text == "depois"
    assert message("A1").edited_at.timestamp() == FIRST_SECOND + 2


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_early_edits_and_a_deletion_settle_when_the_message_comes(instance, order):
    bodies = [edit("A1", "um", at_ms=MS + 1_000), edit("A1", "dois", at_ms=MS + 2_000), deletion("A1"), upsert("A1")]
    deliver(instance, *[bodies[index] for index in order])
    found = message("A1")
    assert found.deleted_at
    shape = present.message(found)
    assert (shape.text, shape.attachment, shape.data) == ("", None, {})
    assert not Parked.objects.exists()


def test_an_edit_that_changes_nothing_is_not_told(instance):
    deliver(instance, upsert("A1", "oi"), edit("A1", "oi"), edit("A1", "olá"), edit("A1", "olá"))
    assert told("message_edited") == 1


def test_an_edited_caption_shows_the_file_as_it_is_by_now(instance):
    deliver(instance, upsert("A1", message={"imageMessage": {"mimetype": "image/jpeg", "caption": "antes"}}))
    attachment = message("A1").attachment
    bodies = [edit("A1", "depois"), edit("A1", "por fim")]
    stored(instance, *bodies)
    Attachment.objects.filter(pk=attachment.pk).update(status="failed", error_code="media_gone")
    deliver(instance)
    frame = json.loads(Event.objects.filter(type="message_edited").latest("seq").payload)
    assert (frame["message"]["text"], frame["message"]["attachment"]["status"]) == ("por fim", "failed")


def test_one_reaction_each_and_the_last_one_counts(instance):
    deliver(instance, ours())
    deliver(instance, reaction("B1", "👍", at_ms=MS + 1_000), reaction("B1", "❤️", at_ms=MS + 3_000))
    deliver(instance, reaction("B1", "😂", at_ms=MS + 2_000), reaction("B1", "❤️", at_ms=MS + 3_000))
    assert present.message(message()).model_dump()["reactions"] == [{"emoji": "❤️", "by": "Maria Souza"}]
    assert told("message_reaction") == 2


def test_an_edit_back_to_the_first_text_overrules_the_edit_before_it_whichever_comes_first(instance):
    deliver(instance, ours())
    deliver(instance, edit("B1", message().text, at_ms=MS + 2_000))
    deliver(instance, edit("B1", "outra", at_ms=MS + 1_000))
    assert message().text == "nossa"


def test_a_reaction_taken_away_stays_away(instance):
    deliver(instance, ours(), reaction("B1", "👍", at_ms=MS + 1_000), reaction("B1", "", at_ms=MS + 2_000))
    deliver(instance, reaction("B1", "👍", at_ms=MS + 1_500))
    assert present.message(message()).reactions == []


def test_the_same_person_reacts_under_two_addresses(instance):
    deliver(instance, ours(), reaction("B1", "👍", at_ms=MS + 1, remoteJidAlt=MARIA_LID))
    deliver(instance, reaction("B1", "❤️", at_ms=MS + 2, remoteJidAlt=MARIA_LID))
    deliver(instance, reaction("B1", "🎉", at_ms=MS + 3, from_me=True, name="Clinica"))
    shown = present.message(message()).model_dump()["reactions"]
    assert shown == [{"emoji": "❤️", "by": "Maria Souza"}, {"emoji": "🎉", "by": "Clinica"}]


def test_everything_early_at_once_makes_one_event(instance):
    deliver(instance, edit("B1", "nova", at_ms=MS), reaction("B1", "👍", at_ms=MS), receipt("B1", "READ"), ours())
    (only,) = Event.objects.all()
    assert only.type == "message_sent"
    assert (message().text, message().status, len(message().reactions)) == ("nova", "read", 1)


def test_settle_applies_what_waited_for_a_message_of_ours(instance):
    deliver(instance, upsert("A1"), receipt("B1", "READ"), edit("B1", "nova", at_ms=MS))
    conversation = Conversation.objects.get()
    sent = Message.objects.create(
        tenant=instance.tenant, instance=instance, conversation=conversation, direction="outgoing", kind="text",
        status="sent", text="nossa", provider_id="B1", client_id="c1", sent_at=timezone.now(),
    )  # fmt: skip
    with log.unit(instance.tenant_id):
        assert receipts.settle(sent)
        assert not receipts.settle(sent)
    assert (message().status, message().text) == ("read", "nova")
    assert (told("message_status"), told("message_edited")) == (1, 1)
    assert not Parked.objects.exists()


def handed_over(instance, text="nossa"):
    """A message of an agent whose answer from the gateway is not here yet."""
    deliver(instance, upsert("A1"))
    return Message.objects.create(
        tenant=instance.tenant, instance=instance, conversation=Conversation.objects.get(), direction="outgoing",
        kind="text", status="sending", text=text, client_id="c1", sent_at=timezone.now(), handed_at=timezone.now(),
    )  # fmt: skip


def test_an_echo_before_the_answer_recognises_the_message_in_hand_over(instance):
    mine = handed_over(instance)
    deliver(instance, receipt("B1", "DELIVERY_ACK"))
    deliver(instance, upsert("B1", "nossa", from_me=True, kind="send.message"))
    mine.refresh_from_db()
    assert (mine.provider_id, mine.status) == ("B1", "delivered")
    assert Message.objects.count() == 2
    assert told("message_sent") == 1


def test_a_late_echo_revives_a_message_that_was_given_up(instance):
    mine = handed_over(instance)
    Message.objects.filter(pk=mine.pk).update(status="failed", error_code="may_have_been_sent")
    deliver(instance, upsert("B1", "nossa", from_me=True, kind="send.message"))
    mine.refresh_from_db()
    assert (mine.provider_id, mine.status, mine.error_code) == ("B1", "sent", "")
    assert Message.objects.count() == 2


def test_an_echo_of_somebody_elses_message_is_a_message_of_its_own(instance):
    mine = handed_over(instance, text="outra coisa")
    deliver(instance, upsert("B1", "nossa", from_me=True, kind="send.message"))
    mine.refresh_from_db()
    assert (mine.provider_id, mine.status) == ("", "sending")
    assert message().status == "sent"


def test_an_echo_of_a_message_that_we_know_changes_nothing(instance):
    mine = handed_over(instance)
    Message.objects.filter(pk=mine.pk).update(status="read", provider_id="B1")
    deliver(instance, upsert("B1", "nossa", from_me=True, kind="send.message"))
    mine.refresh_from_db()
    assert mine.status == "read"
    assert told("message_sent") == 0


def test_a_redelivered_message_changes_nothing(instance):
    deliver(instance, upsert("A1", "oi"))
    before = list(Event.objects.values_list("seq", "type"))
    deliver(instance, upsert("A1", "oi"), upsert("A1", "oi", name="Outra"))
    assert list(Event.objects.values_list("seq", "type")) == before
    assert (Conversation.objects.get().unread, Contact.objects.get().name) == (1, "Maria Souza")


def test_the_newest_message_is_the_one_sent_last(instance):
    deliver(instance, upsert("A2", at=FIRST_SECOND + 60))
    deliver(instance, upsert("A1", at=FIRST_SECOND))
    conversation = Conversation.objects.get()
    assert conversation.last_message == message("A2")
    assert conversation.last_message_at == message("A2").sent_at
    assert conversation.unread == 2


@pytest.mark.parametrize("at", [None, 0, "soon", 4_000_000_000, {}, -5])
def test_a_time_that_cannot_be_is_the_time_of_receipt(instance, at):
    deliver(instance, upsert("A1", at=at))
    assert message("A1").sent_at == InboundEvent.objects.get().received_at


def test_a_reply_finds_its_message(instance):
    reply = {
        "extendedTextMessage": {
            "text": "sim",
            "contextInfo": {"stanzaId": "A1", "quotedMessage": {"conversation": "antigo"}},
        }
    }
    deliver(instance, upsert("A1", "pergunta"), upsert("A2", message=reply))
    first = message("A1")
    quoted = present.message(present.messages().get(provider_id="A2")).quoted
    assert quoted == wire.Quoted(id=str(first.pk), kind="text", text="pergunta")


def test_connection_floods_collapse(instance):
    flood = [event("connection.update", {"state": "connecting"}) for _ in range(20)]
    deliver(instance, *flood, event("connection.update", {"state": "open", "wuid": "5517300000000:1@s.whatsapp.net"}))
    instance.refresh_from_db()
    assert (instance.state, instance.address) == ("open", "5517300000000")
    assert told("instance_updated") == 2


@pytest.fixture
def rings():
    heard: list[bell.Ring] = []
    bell.hang(heard.extend)
    yield heard
    bell.unhang(heard.extend)


def presence(state):
    return event("presence.update", {"id": MARIA, "presences": {MARIA: {"lastKnownPresence": state}}})


def test_typing_is_passed_on_while_it_is_fresh(instance, rings):
    deliver(instance, upsert("A1"))
    deliver(instance, presence("composing"), presence("available"))
    passing = [ring.frame for ring in rings if ring.seq is None]
    assert ['"state":"composing"' in passing[0], '"state":"paused"' in passing[1], len(passing)] == [True, True, 2]
    stored(instance, presence("recording"))
    InboundEvent.objects.update(received_at=timezone.now() - timedelta(minutes=1))
    deliver(instance)
    assert len([ring for ring in rings if ring.seq is None]) == 2


def test_typing_of_a_stranger_makes_nobody(instance):
    deliver(instance, presence("composing"))
    assert not Contact.objects.exists()
