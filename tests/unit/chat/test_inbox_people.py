"""One person, many addresses, one conversation."""

import pytest

from backend.chat.models import Contact, ContactAddress, Conversation, InboundEvent, Message
from backend.jobs.models import Job
from backend.media.models import Attachment
from backend.realtime.models import Event
from tests.cast import company
from tests.inbound import MARIA, MARIA_LID, deliver, event, upsert

WITHOUT_NINTH = "551799990001@s.whatsapp.net"
GROUP = "120363000000000001@g.us"


@pytest.fixture
def instance(db):
    return company("Acme")[1]


def addresses():
    return sorted(ContactAddress.objects.values_list("address", flat=True))


@pytest.mark.parametrize("first, second", [(MARIA, WITHOUT_NINTH), (WITHOUT_NINTH, MARIA)])
def test_a_phone_with_and_without_the_ninth_digit_is_one_person(instance, first, second):
    deliver(instance, upsert("A1", chat=first), upsert("A2", chat=second))
    assert Contact.objects.get().phone == first.partition("@")[0]
    assert Conversation.objects.get().unread == 2
    assert addresses() == ["551799990001", "5517999990001"]


def test_a_foreign_phone_has_one_spelling(instance):
    deliver(instance, upsert("A1", chat="4917612345678@s.whatsapp.net"))
    assert addresses() == ["4917612345678"]


def test_somebody_known_only_by_a_lid_has_no_phone(instance):
    deliver(instance, upsert("A1", chat=MARIA_LID))
    assert Contact.objects.get().phone == ""
    assert addresses() == [MARIA_LID]


def test_a_lid_gets_its_phone_when_a_message_shows_both(instance):
    deliver(instance, upsert("A1", chat=MARIA_LID))
    deliver(instance, upsert("A2", chat=MARIA_LID, remoteJidAlt=MARIA))
    assert Contact.objects.get().phone == "5517999990001"
    assert Conversation.objects.get().messages.count() == 2
    assert Event.objects.filter(type="contact_updated").count() == 1


@pytest.mark.parametrize("at_once", [True, False])
def test_two_contacts_that_turn_out_to_be_one_person_become_one(instance, at_once):
    bodies = [
        upsert("A1", "pelo lid", chat=MARIA_LID, name="", at=1795100001),
        upsert("A2", "pelo telefone", chat=MARIA, name="Maria", at=1795100009),
        upsert("A3", "pelos dois", chat=MARIA, remoteJidAlt=MARIA_LID, name="", at=1795100005),
    ]
    for batch in [bodies] if at_once else [[body] for body in bodies]:
        deliver(instance, *batch)
    contact, conversation = Contact.objects.get(), Conversation.objects.get()
    assert (contact.name, contact.phone) == ("Maria", "5517999990001")
    assert addresses() == [MARIA_LID, "551799990001", "5517999990001"]
    assert conversation.unread == 3
    assert conversation.last_message == Message.objects.get(provider_id="A2")
    assert set(conversation.messages.values_list("provider_id", flat=True)) == {"A1", "A2", "A3"}
    types = list(Event.objects.order_by("seq").values_list("type", flat=True))
    assert types[2:] == ["conversation_updated", "conversation_updated", "contact_updated", "message_received"]


def test_a_merge_keeps_what_was_resolved(instance):
    deliver(instance, upsert("A1", chat=MARIA_LID))
    Conversation.objects.update(status="resolved")
    deliver(instance, upsert("A2", chat=MARIA))
    deliver(instance, upsert("A3", chat=MARIA, remoteJidAlt=MARIA_LID))
    contact = Contact.objects.get()
    assert sorted(contact.conversations.values_list("status", flat=True)) == ["open", "resolved"]


def test_a_merge_waits_for_a_message_that_is_being_handed_over(instance):
    deliver(instance, upsert("A1", chat=MARIA_LID), upsert("A2", chat=MARIA))
    sending = Message.objects.get(provider_id="A2")
    Message.objects.filter(pk=sending.pk).update(status="sending", direction="outgoing")
    deliver(instance, upsert("A3", chat=MARIA, remoteJidAlt=MARIA_LID))
    waiting = InboundEvent.objects.get(processed_at=None)
    assert waiting.error.startswith("hand_over_in_progress")
    assert Job.objects.filter(kind="inbox_event", subject=str(waiting.pk)).exists()
    assert Contact.objects.count() == 2


def test_an_empty_name_never_blanks_one(instance):
    deliver(instance, upsert("A1", name="Maria"))
    for name in ("", None, "  ", "5517999990001"):
        deliver(instance, upsert(f"A{name!r}", name=name))
    assert Contact.objects.get().name == "Maria"


def test_what_we_type_on_the_phone_does_not_name_the_customer(instance):
    deliver(instance, upsert("A1", from_me=True, name="Clinica Exemplo"))
    assert Contact.objects.get().name == ""


def test_a_new_profile_name_is_told(instance):
    deliver(instance, upsert("A1", name="Maria"), upsert("A2", name="Maria S."))
    assert Contact.objects.get().name == "Maria S."
    assert Event.objects.filter(type="contact_updated").count() == 1


def test_a_groups_members_do_not_rename_it(instance):
    deliver(instance, event("groups.upsert", [{"id": GROUP, "subject": "Equipe"}]))
    deliver(instance, upsert("A1", chat=GROUP, participant=MARIA, name="Maria"))
    deliver(instance, event("contacts.update", {"remoteJid": GROUP, "pushName": "Maria"}))
    group = Contact.objects.get()
    assert (group.name, group.is_group, group.phone) == ("Equipe", True, "")
    message = Message.objects.get()
    assert (message.sender_name, message.sender_phone) == ("Maria", "5517999990001")


def test_a_group_member_that_we_know_is_named_and_learns_addresses(instance):
    deliver(instance, upsert("A1", chat=MARIA, name="Maria"))
    deliver(instance, upsert("A2", chat=GROUP, participant=MARIA_LID, participantAlt=MARIA, name=None))
    assert Message.objects.get(provider_id="A2").sender_name == "Maria"
    maria = Contact.objects.get(is_group=False)
    assert MARIA_LID in maria.addresses.values_list("address", flat=True)


def test_a_message_after_the_end_begins_a_new_conversation(instance):
    deliver(instance, upsert("A1"))
    Conversation.objects.update(status="resolved")
    deliver(instance, upsert("A2"))
    assert Contact.objects.count() == 1
    assert sorted(Conversation.objects.values_list("status", "unread")) == [("open", 1), ("resolved", 1)]


def test_two_numbers_of_ours_have_two_conversations_with_one_person(instance):
    other = type(instance).objects.create(tenant=instance.tenant, name="acme-02", base_url="http://127.0.0.1:9/x")
    deliver(instance, upsert("A1"))
    deliver(other, upsert("A1"))
    assert Contact.objects.count() == 1
    assert Conversation.objects.count() == Message.objects.count() == 2


def test_another_company_knows_nobody(instance):
    stranger = company("Globex")[1]
    deliver(instance, upsert("A1"))
    deliver(stranger, upsert("A1"))
    assert Contact.objects.filter(tenant=stranger.tenant).count() == 1
    assert Contact.objects.count() == ContactAddress.objects.filter(address="5517999990001").count() == 2
    assert set(Event.objects.values_list("tenant", flat=True)) == {instance.tenant_id, stranger.tenant_id}


def picture(path, signature):
    return event(
        "contacts.update", {"remoteJid": MARIA, "profilePicUrl": f"https://pps.whatsapp.net/{path}?oh={signature}"}
    )


def test_a_picture_that_is_stored_is_fetched_again_only_when_it_is_another(instance):
    deliver(instance, picture("v/1.jpg", "a"))
    contact = Contact.objects.get()
    assert Job.objects.get(kind="profile_picture").subject == str(contact.pk)
    contact.photo = Attachment.objects.create(
        tenant=instance.tenant, file_name="x.jpg", file_type="image/jpeg", storage_type="local"
    )
    contact.save()
    Job.objects.all().delete()
    deliver(instance, picture("v/1.jpg", "b"), event("contacts.update", [{"remoteJid": MARIA, "profilePicUrl": None}]))
    assert not Job.objects.filter(kind="profile_picture").exists()
    deliver(instance, picture("v/2.jpg", "a"))
    contact.refresh_from_db()
    assert contact.photo_source == "https://pps.whatsapp.net/v/2.jpg?oh=a" and contact.photo_id
    assert Job.objects.filter(kind="profile_picture").exists()


@pytest.mark.parametrize("address", ["https://[", "https://[::1", "http://\u2100.example/x.jpg", "ftp://x/1.jpg"])
def test_a_picture_address_that_cannot_be_read_costs_nobody_their_name(instance, address):
    people = [{"remoteJid": MARIA, "pushName": "Maria", "profilePicUrl": address}]
    people.append({"remoteJid": "5517999990002@s.whatsapp.net", "pushName": "Joana"})
    deliver(instance, event("contacts.update", people))

    assert sorted(Contact.objects.values_list("name", "photo_source")) == [("Joana", ""), ("Maria", "")]


def test_a_thousand_contacts_in_one_webhook_cost_no_query_each_to_find(instance, django_assert_max_num_queries):
    people = [{"remoteJid": f"55119{number:08}@s.whatsapp.net", "pushName": f"P{number}"} for number in range(300)]
    deliver(instance, event("contacts.upsert", people))
    assert Contact.objects.count() == 300
    with django_assert_max_num_queries(20):
        deliver(instance, event("contacts.set", people))
