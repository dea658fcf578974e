"""Everything that can happen to a company on WhatsApp: each posts its webhooks, and says what must come of them."""

from typing import Any

from tests.bench.cast import Person
from tests.bench.letters import OWN_PHONE
from tests.bench.story import Expected, Happening, Story

OWN = f"{OWN_PHONE}@s.whatsapp.net"
SHAPES: dict[str, dict[str, Any]] = {
    "location": {"locationMessage": {"degreesLatitude": -20.8113, "degreesLongitude": -49.3758, "name": "Padaria"}},
    "contact": {
        "contactMessage": {"displayName": "João Silva", "vcard": "BEGIN:VCARD\nTEL;waid=551799:+55\nEND:VCARD"}
    },
    "poll": {
        "pollCreationMessageV3": {"name": "Que horas?", "options": [{"optionName": "14h"}, {"optionName": "15h"}]}
    },
    "unsupported": {"scheduledCallCreationMessage": {"title": "Reunião"}},
}
TEXT_OF = {"location": "Padaria", "contact": "João Silva", "poll": "Que horas?", "unsupported": "Reunião"}
NOBODY_NEEDS = ("chats.update", "chats.upsert", "labels.association", "call", "messages.set")


def customer_writes(story: Story, person: Person) -> None:
    story.text(person)


def owner_writes(story: Story, person: Person) -> None:
    """On the number's own phone."""
    story.text(person, from_me=True)


def another_program_sends(story: Story, person: Person) -> None:
    words = f"Lembrete {story.next_id()[-4:]}"
    message = {"conversation": words}
    story.say(person, message, kind="text", text=words, from_me=True, event="send.message")


def customer_answers(story: Story, person: Person) -> None:
    """A message that quotes another, which may well arrive later."""
    first = story.text(person)
    context = {"stanzaId": first, "participant": person.jid, "quotedMessage": {"conversation": "…"}}
    message = {"extendedTextMessage": {"text": "Sim!", "contextInfo": context}}
    story.say(person, message, kind="text", text="Sim!", quotes=first)


def customer_shares(story: Story, person: Person) -> None:
    kind = story.choose(*SHAPES)
    story.say(person, SHAPES[kind], kind=kind, text=TEXT_OF[kind])


def customer_edits(story: Story, person: Person) -> None:
    """Twice; the second is what stays. Evolution tells of each in two ways, of which one does not say when."""
    target = story.text(person)
    for words in ("Corrigido", "Corrigido de novo"):
        edit = {"key": {"remoteJid": OWN, "fromMe": True, "id": target}, "type": "MESSAGE_EDIT"}
        edit |= {"editedMessage": {"conversation": words}, "timestampMs": str(story.now_ms())}
        story.post("messages.edited", edit)
        update = {"keyId": target, "remoteJid": person.jid, "fromMe": False, "status": "SERVER_ACK"}
        story.post("messages.update", update | {"message": {"editedMessage": {"message": {"conversation": words}}}})
    _change(story, target, text="Corrigido de novo", is_edited=True)


def customer_deletes(story: Story, person: Person) -> None:
    """Evolution tells of it twice."""
    target = story.text(person)
    story.post("messages.edited", {"key": {"remoteJid": OWN, "fromMe": True, "id": target}, "type": "REVOKE"})
    key = {"remoteJid": person.jid, "fromMe": False, "id": target}
    story.post("messages.delete", key | {"status": "DELETED"})
    _change(story, target, is_deleted=True)


def customer_reacts(story: Story, person: Person) -> None:
    """And thinks of another emoji."""
    _react(story, person, "👍", "❤️")


def customer_takes_it_back(story: Story, person: Person) -> None:
    _react(story, person, "👍", "")


def _react(story: Story, person: Person, *emojis: str) -> None:
    target = story.text(person, from_me=True)
    who = person.key("", from_me=False)
    name = person.member_name if person.is_group else person.name
    for emoji in emojis:
        about, at = {"remoteJid": person.jid, "fromMe": True, "id": target}, story.now_ms()
        message = {"reactionMessage": {"key": about, "text": emoji, "senderTimestampMs": at}}
        data = {"key": who | {"id": story.next_id()}, "pushName": name, "message": message}
        story.post("messages.upsert", data | {"messageType": "reactionMessage", "messageTimestamp": at // 1000})
    _change(story, target, reactions=[emoji for emoji in emojis[-1:] if emoji])


def ours_is_read(story: Story, person: Person) -> None:
    """Ticks come one by one, and as far as the customer lets them."""
    target = story.text(person, from_me=True)
    steps = {"SERVER_ACK": "sent", "DELIVERY_ACK": "delivered", "READ": "read"}
    furthest = story.choose(*steps)
    for step, status in steps.items():
        _receipt(story, person, target, step)
        if step == furthest:
            _change(story, target, status=status)
            return


def ours_fails(story: Story, person: Person) -> None:
    target = story.text(person, from_me=True)
    _receipt(story, person, target, "ERROR")
    _change(story, target, status="failed")


def ours_seemed_to_fail(story: Story, person: Person) -> None:
    """What was delivered has not failed, whichever is heard first."""
    target = story.text(person, from_me=True)
    _receipt(story, person, target, "ERROR")
    _receipt(story, person, target, "DELIVERY_ACK")
    _change(story, target, status="delivered")


def whatsapp_repeats(story: Story, person: Person) -> None:
    """The same message in another envelope."""
    message = {"conversation": "Repetida"}
    again = story.say(person, message, kind="text", text="Repetida")
    data = {"key": person.key(again, from_me=False), "pushName": person.name, "message": message}
    if person.is_group:
        data["pushName"] = story.messages[again].sender
    story.post("messages.upsert", data | {"messageTimestamp": story.second})


def gateway_tells_a_name(story: Story, person: Person) -> None:
    if not person.is_group:
        facts = {"remoteJid": person.jid, "pushName": person.name, "profilePicUrl": None}
        story.post(story.choose("contacts.update", "contacts.upsert"), [facts])


def customer_types(story: Story, person: Person) -> None:
    known = {person.jid: {"lastKnownPresence": "composing"}}
    story.post("presence.update", {"id": person.jid, "presences": known})


def gateway_chatters(story: Story, person: Person) -> None:
    story.post(story.choose(*NOBODY_NEEDS), [{"remoteJid": person.jid}])


def gateway_babbles(story: Story, person: Person) -> None:
    """What can never be understood is kept, marked, and holds nobody up."""
    story.post(story.choose("messages.upsert", "something.new"), {"key": {"remoteJid": person.jid}})
    story.unreadable += 1


def _receipt(story: Story, person: Person, target: str, status: str) -> None:
    told = {"keyId": target, "remoteJid": person.jid, "fromMe": True, "status": status, "messageId": f"cm{target}"}
    story.post("messages.update", told)


def _change(story: Story, target: str, **facts: object) -> None:
    message: Expected = story.messages[target]
    for name, value in facts.items():
        setattr(message, name, value)


HAPPENINGS: dict[Happening, int] = {
    customer_writes: 30,
    owner_writes: 6,
    another_program_sends: 3,
    customer_answers: 5,
    customer_shares: 8,
    customer_edits: 4,
    customer_deletes: 4,
    customer_reacts: 3,
    customer_takes_it_back: 2,
    ours_is_read: 6,
    ours_fails: 2,
    ours_seemed_to_fail: 2,
    whatsapp_repeats: 3,
    gateway_tells_a_name: 5,
    customer_types: 3,
    gateway_chatters: 6,
    gateway_babbles: 1,
}
"""And how often, relative to each other."""
