"""Every recorded request is made again, and the answer has the recorded status, keys and types."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.sandbox import rest
from backend.sandbox.samples import sample
from tests.sandbox.shapes import differences
from tests.sandbox.stage import NAME, TOKEN, Stage

RECORDED = Path(__file__).parents[1] / "contract" / "recorded"
NOT_PRODUCED = {
    "evolution_channel_inject_message": "the EVOLUTION channel is another integration",
    "evolution_channel_sendMedia_url": "the EVOLUTION channel is another integration",
    "evolution_channel_sendText": "the EVOLUTION channel is another integration",
    "send_image_s3_201": "the gateway's own S3 is off, as tests/contract/evolution.md 6 advises",
    "send_video_s3_201": "the gateway's own S3 is off, as tests/contract/evolution.md 6 advises",
    "send_buttons_201": "our server sends no buttons",
    "send_list_201": "our server sends no lists",
    "err_500_send_ptv_mediainfo_wasm_node20": "a fault of one Node version; our server sends no video notes",
    "instance_connect_offline_baileys": "no QR because WhatsApp was out of reach",
}
FILES = sorted(path for path in RECORDED.glob("*.json") if path.stem not in NOT_PRODUCED)

UNPAIRED = {
    "err_400_logout_not_connected",
    "err_400_sendPresence_never_connected",
    "err_500_deleteMessageForEveryone_never_connected",
    "err_400_whatsappNumbers_never_connected_empty_body",
    "err_500_markMessageAsRead_never_connected",
    "err_500_sendMedia_never_connected",
    "err_500_sendText_never_connected",
    "instance_connectionState_close",
    "instance_connectionState_with_instance_token",
    "instance_fetchInstances",
    "instance_fetchInstances_by_name",
    "instance_connect_qr",
    "restart_not_connected_200_error_true",
    "err_500_sendMedia_url_unreachable",
    "err_500_sendWhatsAppAudio_url_unreachable",
    "instance_connectionState_while_connecting",
}
LOST = {
    "err_400_whatsappNumbers_socket_not_open_boom_body",
    "err_500_sendMedia_socket_not_open",
    "err_500_sendText_socket_not_open",
    "err_500_send_connection_closed_uncached_number",
    "err_400_send_connection_closed_cached_number",
    "fetchProfilePictureUrl_disconnected",
    "instance_connectionState_after_logout",
    "instance_connectionState_after_api_logout",
}
UNKNOWN_NAME = {"instance_create_baileys", "instance_create_evolution_channel"}
ALREADY_WRITTEN_TO = {"err_400_send_connection_closed_cached_number"}
BASE64_ON = "send_image_webhook_base64_on_201"
UPLOAD_FAILED = ("err_400_audio_upload_failed", "err_500_media_upload_failed")
WITH_FILE = {"send_image_multipart_201": "logo-alpha.png", "send_ptt_multipart_201": "voice.ogg"}


def message_id(number: int) -> str:
    return f"AC{number:030d}"


async def set_up_people(stage: Stage) -> None:
    """The people and the files that the recorded requests speak of."""
    people = f"/control/instances/{NAME}/customers"
    await stage.control("PATCH", f"{people}/beatriz", {"name": None})
    await stage.control("POST", people, {"name": "Novo", "phone": "5517999990020"})
    await stage.control("POST", people, {"name": "Outro", "phone": "5517999990055"})
    stage.origin |= {"/signed/i.png": sample("logo-alpha.png").data, "/signed/v.mp4": sample("gif.mp4").data}
    stage.origin |= {"/plain/a.ogg": sample("voice.ogg").data, "/signed/a.ogg": sample("voice.ogg").data}
    stage.origin |= {"/plain/g.gif": sample("logo-alpha.png").data, "/signed/d.pdf": sample("orcamento.pdf").data}


async def set_up_messages(stage: Stage) -> None:
    await stage.say(text="Boa tarde", message_id=message_id(1))
    await stage.say(kind="image", text="exame de hoje", message_id=message_id(6))
    await stage.say(kind="voice", message_id=message_id(10))
    await stage.say(kind="document", text="segue o orçamento", message_id=message_id(13))
    await stage.say(kind="lottie", message_id=message_id(16))
    await stage.say(kind="image", text="some", wrapper="ephemeral", message_id=message_id(28))
    await stage.say(kind="image", wrapper="view_once_v2", message_id=message_id(30))
    await stage.say(kind="image", wrapper="view_once_v2_extension", message_id=message_id(31))
    await stage.say("beatriz", text="oi", message_id=message_id(42))
    for number in (44, 45):
        await stage.say(text="respondido pelo celular", from_owner=True, message_id=f"3A{number:018d}")
    for status in ("ERROR", "SERVER_ACK", "READ"):
        await stage.act("3A000000000000000045", "receipt", status=status)


async def prepare(stage: Stage, name: str, request: dict[str, Any]) -> None:
    if name in UNKNOWN_NAME or name == "err_404_after_delete":
        return
    if name in UNPAIRED:
        body = {"instanceName": NAME, "integration": "WHATSAPP-BAILEYS", "token": TOKEN}
        assert (await stage.gateway("POST", "/instance/create", body)).status_code == 201
        return
    if name == "webhook_find_never_set_null":
        await stage.wire(webhook_url="")
        return
    await stage.wire(with_cast=True, base64=name == BASE64_ON, headers={"authorization": "Bearer our-secret"})
    await set_up_people(stage)
    if "AC0000" in json.dumps(request) or "3A0000" in json.dumps(request) or name in ALREADY_WRITTEN_TO:
        await set_up_messages(stage)
    if name == "profile_picture_null_200":
        await stage.control("PATCH", f"/control/instances/{NAME}/customers/maria-souza", {"picture": ""})
    if name in LOST:
        state = "logged_out" if "logout" in name else "connecting"
        await stage.control("POST", f"/control/instances/{NAME}/connection", {"state": state})
    if name in UPLOAD_FAILED:
        await stage.faults(gateway={"mode": "upload_failed"})
    if name == "err_400_get_base64_download_failed":
        await stage.faults(media={"mode": "status", "also_gateway": True})


def with_real_files(value: Any) -> Any:
    """The recorder cut long base64 short; a sample of the same kind takes its place."""
    if isinstance(value, dict):
        return {key: with_real_files(item) for key, item in value.items()}
    if not isinstance(value, str) or not value.endswith("chars base64)"):
        return value
    starts = {
        "iVBOR": "logo-alpha.png",
        "T2dnU": "voice.ogg",
        "AAAAI": "gif.mp4",
        "SUQzB": "song.mp3",
        "GkXfo": "voice.ogg",
    }
    return base64.b64encode(sample(starts[value[:5]]).data).decode()


async def repeat(stage: Stage, name: str, request: dict[str, Any]) -> httpx.Response:
    path = request["path"].replace("clinica-f", NAME).replace("clinica-g", NAME)
    key = request["headers"].get("apikey")
    headers = {} if key is None else {"apikey": rest.GLOBAL_KEY if key.startswith("GLOBAL") else key}
    if name in WITH_FILE:
        file = sample(WITH_FILE[name])
        form = {"number": "5517999990001", "mediatype": "image", "caption": "multipart"}
        files = {"file": ("x" if "ptt" in name else "foto.png", file.data, file.mimetype)}
        return await stage.http.post(path, data=form, files=files, headers=headers)
    if name == "err_500_multipart_wrong_field":
        form = {"number": "5517999990001", "mediatype": "image"}
        return await stage.http.post(path, data=form, files={"media": ("a.png", b"x", "image/png")}, headers=headers)
    if name == "err_400_multipart_audio_with_delay":
        form = {"number": "5517999990001", "delay": "1000"}
        return await stage.http.post(path, data=form, files={"file": ("a.ogg", b"x", "audio/ogg")}, headers=headers)
    if name == "err_400_sendText_invalid_json":
        return await stage.http.post(path, content=b'{"number": "551799999000', headers=headers)
    if name == "err_413_body_over_136mb":
        return await stage.http.post(path, content=b"x" * 2048, headers=headers)
    if name == "get_base64_full_webhook_message_201":
        await stage.settle()
        told = next(
            post["data"] for post in stage.posted("messages.upsert") if post["data"]["key"]["id"] == message_id(6)
        )
        return await stage.http.post(path, json={"message": told}, headers=headers)
    return await stage.http.request(request["method"], path, json=with_real_files(request["body"]), headers=headers)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_the_answer_has_the_recorded_shape(
    bare_stage: Stage, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = json.loads(path.read_text())
    if path.stem == "err_413_body_over_136mb":
        monkeypatch.setattr(rest, "BODY_LIMIT_BYTES", 1024)
    await prepare(bare_stage, path.stem, recorded["request"])

    answer = await repeat(bare_stage, path.stem, recorded["request"])

    expected = recorded["response"]
    assert answer.status_code == expected["status"], answer.text
    assert differences(expected["body"], answer.json()) == []
    if answer.status_code >= 400 and "JSON" not in str(expected["body"]):
        named = json.loads(json.dumps(expected["body"]).replace("clinica-f", NAME))
        assert answer.json() == named, "an error's words are part of it"


def test_what_is_not_produced_is_named() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} > NOT_PRODUCED.keys()
