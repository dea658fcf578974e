"""Every recorded webhook goes through the door, and what it becomes is what a person wrote down in expected.json."""

import json
from typing import Any

import pytest

from backend.chat import present
from backend.chat.models import Contact, Conversation, InboundEvent, Message, Parked
from backend.jobs.models import Job
from backend.media.models import Attachment
from backend.realtime.models import Event
from backend.tenants.models import Instance
from tests.cast import company
from tests.inbound import PAYLOADS, deliver, payload

EXPECTED = json.loads(payload("expected.json"))
PEOPLE = EXPECTED.pop("people")
ABSENT: dict[str, Any] = {
    "quoted": None,
    "data": {},
    "sender": None,
    "reactions": [],
    "edited_at": None,
    "deleted_at": None,
    "error": None,
}


@pytest.fixture
def instance(db: None) -> Instance:
    return company("Acme")[1]


def test_every_payload_has_an_expectation():
    assert set(EXPECTED) == {path.name for path in PAYLOADS.glob("*.json")} - {"expected.json"}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_recorded_webhook_becomes_what_is_expected(instance, name):
    expected = EXPECTED[name]
    given(instance, expected.get("given", {}))
    deliver(instance, payload(name))
    assert not InboundEvent.objects.exclude(error="").exists()
    assert not InboundEvent.objects.filter(processed_at=None).exists()
    assert not Parked.objects.exists()
    check_people(expected)
    check_message(expected)
    check_instance(instance, expected)


def given(instance, wanted):
    """The message that the payload speaks of: a customer's, or one of ours typed on the phone."""
    if "own" in wanted:
        body = json.loads(payload("043_upsert_fromme_from_phone.json"))
    elif "customer" in wanted:
        body = json.loads(payload("001_upsert_text.json"))
    else:
        return
    body["data"]["key"]["id"] = wanted.get("own") or wanted["customer"]
    deliver(instance, json.dumps(body).encode())


def check_people(expected):
    wanted = [PEOPLE[expected["contact"]]] if "contact" in expected else []
    assert [seen_contact(contact) for contact in Contact.objects.all()] == wanted
    if "picture" in expected:
        has_picture = expected["picture"]
        assert bool(Contact.objects.get().photo_source.startswith("https://pps.whatsapp.net/")) == has_picture
        assert Job.objects.filter(kind="profile_picture").exists() == has_picture


def seen_contact(contact):
    shape = present.contact(contact).model_dump()
    addresses = sorted(contact.addresses.values_list("address", flat=True))
    return {**{key: shape[key] for key in ("name", "phone", "is_group")}, "addresses": addresses}


def check_message(expected):
    if "message" not in expected:
        assert not Message.objects.exists() and not Conversation.objects.exists()
        return
    conversation = present.conversations().get()
    shape = present.conversation(conversation).model_dump(mode="json")
    wanted = ABSENT | expected["message"]
    assert shape["last_message"]["provider_id"] == wanted["provider_id"]
    assert {key: shape[key] for key in expected["conversation"]} == expected["conversation"]
    seen = present.message(present.messages().get()).model_dump(mode="json")
    if wanted["deleted_at"] == "RECEIVED":
        assert seen["deleted_at"]
        wanted["deleted_at"] = seen["deleted_at"]
    assert {key: seen[key] for key in wanted} == wanted
    check_attachment(expected.get("attachment"), seen["attachment"])
    if "given" not in expected:
        check_first_event(seen, shape)


def check_first_event(message, conversation):
    """Browsers are told all of it at once: the first event already paints."""
    frame = json.loads(Event.objects.get().payload)
    assert frame["type"] == ("message_received" if message["direction"] == "incoming" else "message_sent")
    assert (frame["message"], frame["conversation"]) == (message, conversation)


def check_attachment(wanted, seen):
    if wanted is None:
        assert seen is None and not Attachment.objects.exists()
        return
    metadata = {key: value for key, value in seen["metadata"].items() if value is not None}
    if wanted["metadata"].get("preview") == "A JPEG OF 618 BYTES":
        preview = metadata["preview"] = metadata["preview"].removeprefix("data:image/jpeg;base64,")
        assert preview.startswith("/9j/") and len(preview) == 824
        metadata["preview"] = "A JPEG OF 618 BYTES"
    assert metadata == wanted["metadata"]
    for key in ("file_name", "file_type", "size_bytes", "status"):
        assert seen[key] == wanted[key]
    assert (seen["file_url"], seen["thumbnail_url"]) == ("", "")
    assert Job.objects.get(kind="download_media").subject == seen["id"]


def check_instance(instance, expected):
    state = Instance.objects.get(pk=instance.pk)
    assert state.state == expected.get("instance", "open")
    assert state.address == expected.get("own_address", "")
    changes = Event.objects.filter(type="instance_updated").count()
    assert changes == (state.state != "open")
