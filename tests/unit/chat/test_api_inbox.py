"""The inbox over HTTP: lists by cursor, one conversation, its messages, and what agents change."""

import json
from itertools import count

import pytest

from backend.chat.models import Conversation
from backend.realtime import log
from tests.cast import Member
from tests.inbound import FIRST_SECOND, deliver, upsert

_number = count(1)


def conversations(member: Member, **filters: str):
    return member.client.get("/api/chat/conversations/", filters).json()


def talk(member: Member, phone: str, *texts: str) -> str:
    """The customer writes; returns the conversation's id."""
    for text in texts:
        number = next(_number)
        at = FIRST_SECOND + number
        deliver(member.instance, upsert(f"API{number}", text, chat=f"{phone}@s.whatsapp.net", name=None, at=at))
    return str(Conversation.objects.get(contact__phone=phone).pk)


def change(member: Member, conversation: str, **fields: object):
    path = f"/api/chat/conversations/{conversation}/"
    return member.client.patch(path, json.dumps(fields), content_type="application/json")


def test_the_newest_conversation_comes_first(ana: Member) -> None:
    talk(ana, "5511999990001", "oi")
    talk(ana, "5511999990002", "olá")
    talk(ana, "5511999990001", "alguém?")

    page = conversations(ana)
    assert [row["contact"]["phone"] for row in page["results"]] == ["5511999990001", "5511999990002"]
    assert (page["results"][0]["unread"], page["results"][0]["last_message"]["text"]) == (2, "alguém?")
    assert page["next"] is None


def test_a_long_inbox_is_paged_without_a_gap(ana: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.chat.api.conversations.CONVERSATIONS_PAGE", 3)
    for number in range(8):
        talk(ana, f"55119999900{number:02d}", "oi")
    seen, cursor = [], ""
    while cursor is not None:
        page = conversations(ana, cursor=cursor)
        seen += [row["id"] for row in page["results"]]
        cursor = page["next"]

    assert len(seen) == len(set(seen)) == 8


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00", "MjAyNi0xMS0yMHwx"])
def test_a_cursor_that_is_not_ours_is_refused(ana: Member, cursor: str) -> None:
    answer = ana.client.get("/api/chat/conversations/", {"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_the_inbox_is_filtered_by_status_person_and_words(ana: Member, bruno: Member) -> None:
    one, other = talk(ana, "5511999990001", "oi"), talk(ana, "5511999990002", "oi")
    change(ana, one, status="resolved")
    change(ana, other, assignee=str(bruno.user.pk))

    assert [row["id"] for row in conversations(ana, status="resolved")["results"]] == [one]
    assert [row["id"] for row in conversations(bruno, assignee="me")["results"]] == [other]
    assert [row["id"] for row in conversations(ana, assignee="none")["results"]] == [one]
    assert [row["id"] for row in conversations(ana, q="9999-0002")["results"]] == [other]
    assert conversations(ana, q="nobody")["results"] == []


def test_a_change_is_told_to_everybody(ana: Member, bruno: Member) -> None:
    conversation = talk(ana, "5511999990001", "oi")
    before = log.newest(ana.tenant.pk)
    answer = change(ana, conversation, assignee=str(bruno.user.pk), status="pending")

    assert (answer.json()["assignee"]["name"], answer.json()["status"]) == ("Bruno", "pending")
    ((_, frame),) = log.since(ana.tenant.pk, before)
    assert json.loads(frame)["conversation"] == answer.json()


def test_a_stranger_cannot_be_made_the_assignee(ana: Member, carla: Member) -> None:
    answer = change(ana, talk(ana, "5511999990001", "oi"), assignee=str(carla.user.pk))

    assert (answer.status_code, answer.json()["code"]) == (422, "no_such_agent")


def test_reading_clears_the_count_and_says_so_once(ana: Member) -> None:
    conversation = talk(ana, "5511999990001", "oi", "olá")
    before = log.newest(ana.tenant.pk)
    answers = [ana.client.post(f"/api/chat/conversations/{conversation}/read/").json() for _ in range(2)]

    assert [answer["unread"] for answer in answers] == [0, 0]
    assert len(log.since(ana.tenant.pk, before)) == 1


def test_messages_are_paged_backwards_and_forwards(ana: Member) -> None:
    conversation = talk(ana, "5511999990001", *(f"m{number}" for number in range(7)))
    path = f"/api/chat/conversations/{conversation}/messages/"
    newest = ana.client.get(path, {"limit": 3}).json()
    older = ana.client.get(path, {"limit": 3, "before": newest["next"]}).json()
    oldest = ana.client.get(path, {"limit": 3, "before": older["next"]}).json()
    later = ana.client.get(path, {"after": oldest["results"][0]["id"]}).json()

    texts = [[row["text"] for row in page["results"]] for page in (newest, older, oldest, later)]
    assert texts == [["m6", "m5", "m4"], ["m3", "m2", "m1"], ["m0"], ["m1", "m2", "m3", "m4", "m5", "m6"]]
    assert oldest["next"] is None


def test_a_page_of_messages_costs_the_same_however_many_there_are(ana: Member, django_assert_max_num_queries) -> None:
    conversation = talk(ana, "5511999990001", *(f"m{number}" for number in range(20)))
    with django_assert_max_num_queries(6):
        ana.client.get(f"/api/chat/conversations/{conversation}/messages/")


def test_events_can_be_polled(ana: Member) -> None:
    talk(ana, "5511999990001", "um", "dois", "três")
    first = ana.client.get("/api/events/", {"after": 0, "limit": 2}).json()
    second = ana.client.get("/api/events/", {"after": first["next"], "limit": 2}).json()

    assert [event["seq"] for event in first["results"] + second["results"]] == [1, 2, 3]
    assert second["next"] is None


@pytest.mark.parametrize(("after", "status", "code"), [("x", 400, "bad_cursor"), ("99", 409, "resync")])
def test_a_poll_from_nowhere_is_refused(ana: Member, after: str, status: int, code: str) -> None:
    answer = ana.client.get("/api/events/", {"after": after})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_what_a_person_wrote_badly_is_named_and_not_repeated(ana: Member) -> None:
    answer = change(ana, talk(ana, "5511999990001", "oi"), status="my-secret-value")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "status" in answer.json()["detail"]
    assert "my-secret-value" not in answer.content.decode()
