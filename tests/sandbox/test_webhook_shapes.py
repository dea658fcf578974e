"""What the sandbox posts has the keys and types of the recorded webhooks: the envelope and everything in it."""

import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from backend.sandbox.samples import sample
from tests.sandbox.shapes import differences
from tests.sandbox.stage import NAME, TOKEN, Stage

PAYLOADS = Path(__file__).parents[1] / "payloads"
PEOPLE = f"/control/instances/{NAME}/customers"
MINE = "3A000000000000000044"
THEIRS = "AC000000000000000000000000000001"
LOGO, VOICE = (base64.b64encode(sample(name).data).decode() for name in ("logo-alpha.png", "voice.ogg"))
CARDS = [{"name": "João Silva", "phone": "5517999990003"}, {"name": "Ana", "phone": "5517999990004"}]
Scene = Callable[[Stage], Awaitable[Any]]


def said(who: str = "maria-souza", **draft: Any) -> Scene:
    return lambda stage: stage.say(who, **draft)


def done(message_id: str, what: str, **body: Any) -> Scene:
    return lambda stage: stage.act(message_id, what, **body)


def sent(path: str, **body: Any) -> Scene:
    return lambda stage: stage.gateway("POST", f"/message/{path}/{NAME}", {"number": "5517999990001"} | body)


def is_now(presence: str, who: str = "maria-souza") -> Scene:
    return lambda stage: stage.control("POST", f"{PEOPLE}/{who}/presence", {"presence": presence})


def changed_to(state: str) -> Scene:
    return lambda stage: stage.control("POST", f"/control/instances/{NAME}/connection", {"state": state})


def asked(method: str, path: str, body: Any = None) -> Scene:
    return lambda stage: stage.gateway(method, path, body)


async def made_nameless(stage: Stage) -> None:
    await stage.control("PATCH", f"{PEOPLE}/maria-souza", {"name": None})
    await stage.say(text="oi", without_device=True)


async def connected_anew(stage: Stage) -> None:
    await asked("DELETE", f"/instance/delete/{NAME}")(stage)
    hook = {"url": "https://chat.example.com.br/hook", "events": []}
    body = {"instanceName": NAME, "integration": "WHATSAPP-BAILEYS", "token": TOKEN, "webhook": hook}
    await stage.gateway("POST", "/instance/create", body)
    await stage.gateway("GET", f"/instance/connect/{NAME}")


async def wired_with_base64(stage: Stage) -> None:
    await stage.wire(base64=True)
    await stage.say(kind="image", text="com base64")


SCENES: dict[str, Scene] = {
    "001_upsert_text": said(text="Boa tarde"),
    "002_upsert_text_link_preview": said("joao-pereira", text="olha https://example.com/promo"),
    "003_upsert_reply_text": said(text="Pode ser às 15h", quoted=MINE),
    "005_upsert_image": said(kind="image"),
    "006_upsert_image_caption": said(kind="image", text="exame de hoje"),
    "008_upsert_image_base64_inline": wired_with_base64,
    "010_upsert_video_caption": said("joao-pereira", kind="video", text="video curto"),
    "011_upsert_video_gif": said(kind="gif"),
    "013_upsert_audio_ptt": said(kind="voice"),
    "014_upsert_audio_file": said(kind="audio"),
    "015_upsert_document_pdf": said(kind="document", sample="orcamento.pdf"),
    "017_upsert_sticker": said(kind="sticker"),
    "019_upsert_sticker_lottie": said(kind="lottie"),
    "020_upsert_location": said(kind="location"),
    "022_upsert_contact": said(kind="contact"),
    "023_upsert_contacts_array": said(kind="contact", contacts=CARDS),
    "024_upsert_reaction": done(MINE, "react", emoji="\U0001f44d"),
    "026_upsert_ephemeral_text": said(text="some em 7 dias", wrapper="ephemeral", expiration_seconds=604800),
    "028_upsert_text_with_expiration": said(text="temporaria", expiration_seconds=604800),
    "029_upsert_viewonce_v1_image": said(kind="image", wrapper="view_once"),
    "030_upsert_viewonce_v2_image": said(kind="image", wrapper="view_once_v2"),
    "032_upsert_viewonce_flag_image": said(kind="image", wrapper="view_once_flag"),
    "033_upsert_poll_creation": said(kind="poll", text="Melhor horário?"),
    "035_upsert_buttons_response": said(kind="buttons_reply", text="Confirmar", quoted=MINE),
    "036_upsert_list_response": said(kind="list_reply", text="Limpeza", quoted=MINE),
    "037_upsert_template_button_reply": said(kind="template_reply", text="Quero", quoted=MINE),
    "039_upsert_group_text": said("familia-souza", text="bom dia", participant="maria-souza"),
    "041_upsert_lid_with_phone": said("paula-nogueira", text="endereçada por LID"),
    "043_upsert_fromme_from_phone": said(text="respondido pelo celular", from_owner=True),
    "045_upsert_click_to_whatsapp_ad": said(text="Olá! Vi o anúncio", from_ad=True),
    "046_upsert_forwarded": said(text="encaminhada", is_forwarded=True),
    "047_upsert_pushname_null": made_nameless,
    "048_upsert_unknown_type": said(kind="unknown"),
    "049_edited_text": done(THEIRS, "edit", text="Tem horário na sexta?"),
    "053_delete_by_contact": done(THEIRS, "delete"),
    "054_delete_by_owner_on_phone": done(MINE, "delete"),
    "055_delete_via_api": asked(
        "DELETE",
        f"/chat/deleteMessageForEveryone/{NAME}",
        {"id": MINE, "remoteJid": "5517999990001@s.whatsapp.net", "fromMe": True},
    ),
    "057_update_pending": done(MINE, "receipt", status="PENDING"),
    "058_update_server_ack": done(MINE, "receipt", status="SERVER_ACK"),
    "059_update_delivered": done(MINE, "receipt", status="DELIVERY_ACK"),
    "060_update_read": done(MINE, "receipt", status="READ"),
    "061_update_played": done(MINE, "receipt", status="PLAYED"),
    "062_update_error": done(MINE, "receipt", status="ERROR"),
    "065_send_message_text": sent("sendText", text="Olá Maria, tudo bem?"),
    "066_send_message_text_quoted": sent("sendText", text="Pode ser às 15h", quoted={"key": {"id": THEIRS}}),
    "067_send_message_image": sent("sendMedia", mediatype="image", media=LOGO, fileName="a.png", caption="legenda"),
    "068_send_message_ptt": sent("sendWhatsAppAudio", audio=VOICE),
    "069_send_message_update": asked(
        "POST",
        f"/chat/updateMessage/{NAME}",
        {"number": "5517999990001", "text": "corrigido", "key": {"id": MINE, "fromMe": True}},
    ),
    "070_contacts_update_array": said(text="oi"),
    "071_contacts_update_object": said(text="oi"),
    "073_contacts_update_no_picture": said("paula-nogueira", text="oi"),
    "074_contacts_upsert_object": said("carlos-andrade", text="oi"),
    "077_chats_upsert": said("carlos-andrade", text="oi"),
    "078_chats_update": said(text="oi"),
    "082_presence_composing": is_now("composing"),
    "083_presence_recording_lid": is_now("recording", "beatriz"),
    "084_presence_unavailable": is_now("unavailable"),
    "085_connection_connecting": connected_anew,
    "086_connection_open": changed_to("open"),
    "087_connection_close_logged_out": changed_to("logged_out"),
    "089_logout_instance": asked("DELETE", f"/instance/logout/{NAME}"),
    "090_qrcode_updated": connected_anew,
    "098_instance_delete": asked("DELETE", f"/instance/delete/{NAME}"),
    "099_remove_instance": asked("DELETE", f"/instance/delete/{NAME}"),
}
NOT_PRODUCED = {
    "009_upsert_image_mediaurl_s3": "the gateway's own S3 is off, as tests/contract/evolution.md 6 advises",
    "050_edited_text_extended": "an edit comes in its other form, 049",
    "075_contacts_upsert_array": "comes of the owner's address book",
    "079_chats_delete": "the owner clears a chat",
    "080_chats_set": "history after pairing",
    "081_messages_set": "history after pairing",
    "091_connection_refused": "nobody waits for thirty QR codes",
    "092_qrcode_limit_reached": "nobody waits for thirty QR codes",
    "093_groups_upsert": "group administration",
    "094_group_participants_update": "group administration",
    "095_labels_edit": "labels",
    "096_labels_association": "labels",
    "097_call_offer": "calls",
}
OPTIONAL = {
    # A reply may name less of what it quotes than the phone of the sandbox does.
    "036_upsert_list_response": frozenset({"quotedMessage"}),
    "037_upsert_template_button_reply": frozenset({"quotedMessage", "participant"}),
}


def files() -> dict[str, Path]:
    """The payloads of 2.3.7; from 100 on they are of other versions and other gateways, or answers."""
    return {path.stem: path for path in sorted(PAYLOADS.glob("*.json")) if path.stem < "100"}


@pytest.mark.parametrize("name", SCENES)
async def test_the_webhook_has_the_recorded_shape(stage: Stage, name: str) -> None:
    expected = json.loads(files()[name].read_text())
    await stage.say(text="Boa tarde", message_id=THEIRS)
    await stage.say("paula-nogueira", text="oi")
    await stage.say(text="respondido pelo celular", from_owner=True, message_id=MINE)
    await stage.settle()
    stage.posts.clear()

    await SCENES[name](stage)
    await stage.settle()

    candidates = [body for body in stage.posted(expected["event"]) if type(body["data"]) is type(expected["data"])]
    assert candidates, [post.event for post in stage.posts]
    assert differences(expected, candidates[0], optional=OPTIONAL.get(name, frozenset())) == []


def test_every_payload_is_produced_or_said_not_to_be() -> None:
    assert files().keys() == SCENES.keys() | NOT_PRODUCED.keys()
