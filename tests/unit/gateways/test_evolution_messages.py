"""What a message says, in whatever wrapper, form and version it comes."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.gateways import evolution
from backend.gateways.base import Ignored, MessageDeleted, MessageEdited, Quote, ReceiptSeen, Unreadable
from tests.inbound import MARIA, MARIA_LID, event, payload, receipt, upsert

JPEG = b"\xff\xd8\xff\xe0" + bytes(200)
WEBP = b"RIFF\x10\x00\x00\x00WEBP" + bytes(100)


def told(body: bytes) -> Any:
    return evolution.parse(body, event_id=7)


def read(body: bytes) -> Any:
    (happening,) = told(body)
    return happening


def said(message, **more):
    return read(upsert("A1", message=message, **more))


@pytest.mark.parametrize(
    "wrappers",
    [
        ["ephemeralMessage"],
        ["viewOnceMessage"],
        ["viewOnceMessageV2"],
        ["viewOnceMessageV2Extension"],
        ["documentWithCaptionMessage"],
        ["lottieStickerMessage"],
        ["editedMessage"],
        ["deviceSentMessage"],
        ["groupMentionedMessage"],
        ["botInvokeMessage"],
        ["ephemeralMessage", "viewOnceMessageV2"],
        ["deviceSentMessage", "ephemeralMessage", "documentWithCaptionMessage"],
    ],
)
def test_a_message_is_taken_out_of_its_wrappers(wrappers):
    message: dict[str, Any] = {"imageMessage": {"mimetype": "image/jpeg", "caption": "foto"}}
    for wrapper in reversed(wrappers):
        message = {wrapper: {"message": message}}
    seen = said(message)
    assert (seen.kind, seen.text) == ("image", "foto")
    assert ("view_once" in seen.data) == seen.media.is_view_once == any("viewOnce" in name for name in wrappers)


@pytest.mark.parametrize(
    ("message", "kind", "text", "data"),
    [
        ({"conversation": "oi"}, "text", "oi", {}),
        (
            {"extendedTextMessage": {"text": "veja", "matchedText": "https://a.example", "title": "A"}},
            "text",
            "veja",
            {"link": {"url": "https://a.example", "title": "A"}},
        ),
        ({"ptvMessage": {"seconds": 3}}, "video", "", {"round": True}),
        (
            {"liveLocationMessage": {"degreesLatitude": -20, "degreesLongitude": "-49.5", "caption": "chegando"}},
            "location",
            "chegando",
            {"latitude": -20.0, "longitude": -49.5, "live": True},
        ),
        (
            {"locationMessage": {"degreesLatitude": 91, "degreesLongitude": 0}},
            "unsupported",
            "",
            {"type": "locationMessage"},
        ),
        (
            {
                "pollCreationMessageV2": {
                    "name": "Quando?",
                    "options": [{"optionName": "hoje"}, {}],
                    "selectableOptionsCount": 0,
                }
            },
            "poll",
            "Quando?",
            {"options": ["hoje"], "selectable": 0},
        ),
        (
            {"interactiveResponseMessage": {"body": {"text": "Sim"}, "nativeFlowResponseMessage": {"name": "menu"}}},
            "text",
            "Sim",
            {"flow": "menu"},
        ),
        ({"listMessage": {"title": "Horários", "description": "Escolha um"}}, "text", "Escolha um", {}),
        ({"buttonsMessage": {"contentText": "Confirma?"}}, "text", "Confirma?", {}),
        ({"templateMessage": {"hydratedTemplate": {"hydratedContentText": "Olá"}}}, "text", "Olá", {}),
        ({"interactiveMessage": {"body": {"text": "Pague aqui"}}}, "text", "Pague aqui", {}),
        ({"eventMessage": {"name": "Reunião"}}, "unsupported", "Reunião", {"type": "eventMessage"}),
        ({"productMessage": {"product": {"title": "Escova"}}}, "unsupported", "Escova", {"type": "productMessage"}),
        ({"groupInviteMessage": {"groupName": "Time"}}, "unsupported", "Time", {"type": "groupInviteMessage"}),
        ({"somethingNewMessage": {"x": 1}}, "unsupported", "", {"type": "somethingNewMessage"}),
        ({"imageMessage": "not an object"}, "unsupported", "", {"type": "imageMessage"}),
    ],
)
def test_a_kind_is_recognised_by_its_content(message, kind, text, data):
    seen = said(message)
    assert (seen.kind, seen.text, seen.data) == (kind, text, data)


def test_what_nobody_knows_keeps_its_raw_content():
    seen = said({"somethingNewMessage": {"secret": {"deep": [1, 2]}}})
    assert json.loads(seen.source)["message"] == {"somethingNewMessage": {"secret": {"deep": [1, 2]}}}


def test_a_decrypted_vote_is_an_answer_that_quotes_its_poll():
    vote = {"pollCreationMessageKey": {"id": "POLL"}, "vote": {"selectedOptions": ["14h", "15h"]}}
    seen = said({"pollUpdateMessage": vote})
    assert (seen.kind, seen.text, seen.quote) == ("text", "14h, 15h", Quote("POLL", "poll", ""))


def test_a_reply_is_found_inside_the_media_too():
    context = {"stanzaId": "Q", "quotedMessage": {"audioMessage": {"ptt": True}}}
    assert said({"imageMessage": {"caption": "x", "contextInfo": context}}).quote == Quote("Q", "voice", "")


@pytest.mark.parametrize("message", [{}, {"conversation": ""}, {"conversation": None}, {"imageMessage": {}}])
def test_an_empty_message_is_unreadable(message):
    assert said(message) == Unreadable("no_content")


@pytest.mark.parametrize(
    ("thumbnail", "is_kept"),
    [(JPEG, True), (WEBP, True), (b"<svg>" + bytes(50), False), (b"\xff\xd8\xff" + bytes(8190), False), (b"", False)],
)
def test_a_preview_is_kept_only_if_it_is_a_small_picture(thumbnail, is_kept):
    seen = said({"imageMessage": {"mimetype": "image/jpeg", "jpegThumbnail": base64.b64encode(thumbnail).decode()}})
    assert (seen.media.preview is not None) == is_kept
    assert "jpegThumbnail" not in seen.source


def test_a_waveform_has_64_steps_of_at_most_100():
    seen = said({"audioMessage": {"ptt": True, "waveform": [0, 255] * 16}})
    assert len(seen.media.waveform) == 64
    assert set(seen.media.waveform) == {0, 100}


def test_hints_that_cannot_be_are_left_out():
    body = {
        "mimetype": "video/mp4",
        "fileLength": "-5",
        "seconds": "x",
        "width": 0,
        "height": 10**9,
        "mediaKey": "AA==",
    }
    media = said({"videoMessage": body}).media
    assert (media.size_bytes, media.duration, media.width, media.height, media.media_key) == (None,) * 5


def test_the_path_is_taken_from_the_url_when_it_stands_only_there():
    offer = said({"imageMessage": {"url": "https://mmg.whatsapp.net/v/x.enc?oe=1"}}).media
    assert offer.direct_path == "/v/x.enc?oe=1"
    assert said({"imageMessage": {"url": "https://elsewhere.example/v/x.enc"}}).media.direct_path == ""


def test_the_stored_source_gives_the_same_offer_without_its_bytes():
    body = payload("008_upsert_image_base64_inline.json")
    seen = read(body)
    assert "iVBOR" not in seen.source and evolution.inbound_event_of(seen.source) == 7
    offer: Any = evolution.media_offer(seen.source)
    assert (offer.media_key, offer.sha256, offer.size_bytes) == (seen.media.media_key, seen.media.sha256, 84211)
    assert offer.media_key and offer.preview is None and seen.media.preview
    assert (evolution.inline_base64(body) or "").startswith("iVBOR")
    assert evolution.inline_base64(payload("005_upsert_image.json")) is None


def test_both_wire_forms_give_the_same_offer():
    new, old = read(payload("006_upsert_image_caption.json")), read(payload("100_v2_2_3_upsert_image_caption.json"))
    assert new.media == old.media


@pytest.mark.parametrize(
    ("key", "addresses"),
    [
        ({"remoteJid": MARIA, "remoteJidAlt": MARIA_LID}, ("5517999990001", MARIA_LID)),
        ({"remoteJid": MARIA_LID, "remoteJidAlt": MARIA, "addressingMode": "lid"}, (MARIA_LID, "5517999990001")),
        ({"remoteJid": MARIA_LID, "senderPn": MARIA}, (MARIA_LID, "5517999990001")),
        ({"remoteJid": MARIA, "senderPn": MARIA, "previousRemoteJid": MARIA_LID}, ("5517999990001", MARIA_LID)),
        ({"remoteJid": MARIA, "remoteJidAlt": MARIA, "addressingMode": "lid"}, ("5517999990001",)),
        ({"remoteJid": MARIA_LID}, (MARIA_LID,)),
        ({"remoteJid": "77@broadcast", "participant": MARIA}, ("5517999990001",)),
    ],
)
def test_every_identity_of_the_chat_is_read(key, addresses):
    seen = read(event("messages.upsert", {"key": {"id": "A", **key}, "message": {"conversation": "oi"}}))
    assert seen.chat.addresses == addresses
    assert seen.chat.phone in {"5517999990001", ""}


def test_our_own_number_is_never_taken_for_the_customers():
    data = {"key": {"id": "A", "remoteJid": MARIA_LID, "remoteJidAlt": "5517300000000@s.whatsapp.net", "fromMe": True}}
    data["message"] = {"conversation": "oi"}
    body = {"event": "messages.upsert", "data": data, "sender": "5517300000000@s.whatsapp.net"}
    assert read(json.dumps(body).encode()).chat.addresses == (MARIA_LID,)


@pytest.mark.parametrize("jid", ["status@broadcast", "123@newsletter"])
def test_statuses_and_newsletters_are_ignored(jid):
    assert isinstance(read(upsert("A", chat=jid)), Ignored)


def test_a_group_member_is_known_by_the_phone_first():
    group = "120363000000000001@g.us"
    seen = read(upsert("A", chat=group, participant=MARIA_LID, participantAlt=MARIA))
    assert seen.chat.addresses == (group,) and seen.chat.name == ""
    assert seen.sender.addresses == ("5517999990001", MARIA_LID) and seen.sender.name == "Maria Souza"


@pytest.mark.parametrize(
    "protocol",
    [
        {"type": "REVOKE", "key": {"id": "T"}},
        {"type": 0, "key": {"id": "T"}},
    ],
)
def test_a_revoke_is_a_deletion_wherever_it_comes(protocol):
    assert read(event("messages.edited", protocol)) == MessageDeleted("T")
    assert said({"protocolMessage": protocol}) == MessageDeleted("T")


def test_other_protocol_messages_are_ignored():
    assert read(event("messages.edited", {"type": "EPHEMERAL_SETTING", "key": {"id": "T"}})) == Ignored("protocol")


def test_an_edit_of_a_caption_is_read():
    edited = {
        "type": 14,
        "key": {"id": "T"},
        "editedMessage": {"imageMessage": {"caption": "nova"}},
        "timestampMs": "1795100001000",
    }
    assert read(event("messages.edited", edited)) == MessageEdited(
        "T", "nova", datetime(2026, 11, 19, 14, 53, 21, tzinfo=UTC)
    )


def test_an_update_with_a_message_in_it_is_an_edit():
    update = {"keyId": "T", "fromMe": False, "status": "SERVER_ACK"}
    update["message"] = {"editedMessage": {"message": {"conversation": "corrigido"}}}
    assert evolution.parse(event("messages.update", update)) == (
        MessageEdited("T", "corrigido", None),
        Ignored("status"),
    )


def test_the_status_deleted_of_an_update_deletes_nothing():
    assert read(receipt("T", "DELETED")) == Ignored("status")


@pytest.mark.parametrize(("status", "progress"), [(2, "sent"), ("3", "delivered"), ("read", "read"), (0, "failed")])
def test_a_status_is_read_as_name_or_number(status, progress):
    assert read(receipt("T", status)) == ReceiptSeen("T", progress, True)


def test_one_unreadable_item_does_not_hide_the_others():
    found = told(event("contacts.update", [{"remoteJid": MARIA}, 7, {"nothing": 1}]))
    assert [type(one).__name__ for one in found] == ["ContactSeen", "Unreadable", "Unreadable"]


def test_text_loses_nul_and_lone_surrogates():
    assert said({"conversation": "a\x00b\ud83d"}).text == "ab\ufffd"
