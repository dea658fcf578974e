"""A file that is gone is asked for again, once, in words that a customer understands."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.chat import outbox
from backend.chat.models import Conversation, Message
from tests.cast import Member
from tests.unit.chat.keeping import kept
from tests.unit.chat.uploading import events, post


def ask(member: Member, message: Message, **body):
    return post(member, f"messages/{message.pk}/ask-again/", **body)


def message_of(member: Member, *, kind: str = "image", **row) -> Message:
    return Message.objects.select_related("attachment").get(attachment=kept(member, kind=kind, **row))


@pytest.mark.parametrize("status", ["expired", "failed"])
def test_the_customer_is_asked_in_an_answer_to_their_message(ana: Member, status: str) -> None:
    photo = message_of(ana, status=status)
    answer = ask(ana, photo)
    assert answer.status_code == 202, answer.content
    told = answer.json()
    assert told["text"] == "Olá! Não temos mais a foto desta mensagem. Você poderia nos enviar de novo, por favor?"
    assert (told["quoted"]["id"], told["status"], told["author"]["name"]) == (str(photo.pk), "queued", "Ana")
    assert [event["type"] for event in events(ana)][-1] == "message_created"


@pytest.mark.parametrize(
    ("kind", "what"), [("voice", "a mensagem de voz"), ("document", "o documento"), ("sticker", "a figurinha")]
)
def test_it_is_called_what_it_was(ana: Member, kind: str, what: str) -> None:
    assert f"Não temos mais {what} desta" in ask(ana, message_of(ana, kind=kind, status="expired")).json()["text"]


def test_two_agents_on_one_day_ask_once(ana: Member, bruno: Member) -> None:
    photo = message_of(ana, status="expired")
    asked = {ask(one, photo, client_id=f"c-{number}").json()["id"] for number, one in enumerate((ana, ana, bruno))}
    assert len(asked) == 1
    assert Message.objects.filter(quoted=photo).get().client_id == "c-0"


def test_a_request_that_failed_or_is_a_day_old_may_be_followed_by_another(ana: Member) -> None:
    photo = message_of(ana, status="expired")
    first = Message.objects.get(pk=ask(ana, photo).json()["id"])
    outbox.cancel(first)
    second = Message.objects.get(pk=ask(ana, photo).json()["id"])
    Message.objects.filter(pk=second.pk).update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    third = Message.objects.get(pk=ask(ana, photo).json()["id"])
    assert len({first.pk, second.pk, third.pk}) == 3


@pytest.mark.parametrize("status", ["completed", "processing", "pending"])
def test_what_is_here_or_coming_is_not_asked_for(ana: Member, status: str) -> None:
    answer = ask(ana, message_of(ana, status=status))
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_ask")


def test_nobody_is_asked_for_what_they_did_not_send(ana: Member) -> None:
    photo = message_of(ana, status="expired")
    Message.objects.filter(pk=photo.pk).update(direction="outgoing")
    text = Message.objects.get(pk=ask(ana, message_of(ana, status="expired")).json()["id"])
    for message in (photo, text):
        assert ask(ana, message).json()["code"] == "nothing_to_ask"


def test_nobody_is_asked_for_what_they_took_back(ana: Member) -> None:
    photo = message_of(ana, status="expired")
    Message.objects.filter(pk=photo.pk).update(deleted_at=timezone.now())
    assert ask(ana, photo).json()["code"] == "nothing_to_ask"


def test_in_a_conversation_that_went_on_elsewhere_nothing_is_said(ana: Member) -> None:
    photo = message_of(ana, status="expired")
    Conversation.objects.update(status="resolved")
    message_of(ana)
    assert ask(ana, photo).json()["code"] == "conversation_moved_on"
