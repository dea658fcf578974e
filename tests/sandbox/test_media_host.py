"""The media host gives real ciphertext, and fails in every way it is asked to."""

import base64
import hashlib
import hmac
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.sandbox.samples import DEFAULTS, sample
from tests.sandbox.stage import NAME, Stage

KEY_INFO = {"image": "Image", "sticker": "Image", "video": "Video", "gif": "Video", "voice": "Audio", "audio": "Audio"}


def opened(body: bytes, *, media_key: bytes, info: str) -> bytes:
    """WhatsApp's decryption, written from the contract and not from the sandbox."""
    derived = HKDF(hashes.SHA256(), 112, None, f"WhatsApp {info} Keys".encode()).derive(media_key)
    ciphertext, mac = body[:-10], body[-10:]
    assert hmac.new(derived[48:80], derived[:16] + ciphertext, hashlib.sha256).digest()[:10] == mac
    decryptor = Cipher(algorithms.AES(derived[16:48]), modes.CBC(derived[:16])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()


def raw(value: dict[str, int]) -> bytes:
    return bytes(value[str(index)] for index in range(len(value)))


async def announced(stage: Stage, **draft: Any) -> dict[str, Any]:
    """The media content as posted."""
    await stage.say(**draft)
    await stage.settle()
    message = stage.posted("messages.upsert")[-1]["data"]["message"]
    found: dict[str, Any] = next(value for value in message.values() if "mediaKey" in value)
    return found


@pytest.mark.parametrize("kind", ["image", "video", "gif", "voice", "audio", "document", "sticker"])
async def test_the_enc_file_opens_with_the_key_of_the_payload(stage: Stage, kind: str) -> None:
    fields = await announced(stage, kind=kind)

    body = (await stage.http.get(fields["directPath"])).content

    plain = opened(body, media_key=raw(fields["mediaKey"]), info=KEY_INFO.get(kind, "Document"))
    assert plain == sample(DEFAULTS[kind]).data
    assert raw(fields["fileEncSha256"]) == hashlib.sha256(body).digest()
    assert raw(fields["fileSha256"]) == hashlib.sha256(plain).digest()
    assert fields["fileLength"]["low"] == len(plain)
    assert fields["url"] == f"https://mmg.whatsapp.net{fields['directPath']}&mms3=true"


async def test_an_upload_of_the_test_s_own_comes_back_as_it_was(stage: Stage) -> None:
    data = bytes(range(256)) * 40
    fields = await announced(stage, kind="document", base64=base64.b64encode(data).decode(), file_name="meu.bin")

    body = (await stage.http.get(fields["directPath"])).content
    assert opened(body, media_key=raw(fields["mediaKey"]), info="Document") == data
    assert fields["fileName"] == "meu.bin"


async def test_a_multipart_upload_is_a_message_too(stage: Stage) -> None:
    path = f"/control/instances/{NAME}/customers/maria-souza/messages"
    files = {"file": ("foto.jpg", sample("photo-gps.jpg").data, "image/jpeg")}
    answer = await stage.http.post(path, data={"draft": '{"kind": "image", "text": "minha"}'}, files=files)

    assert answer.json()["media"]["sha256"] == hashlib.sha256(sample("photo-gps.jpg").data).hexdigest()


async def test_head_and_range_are_answered(stage: Stage) -> None:
    fields = await announced(stage, kind="image")
    whole = await stage.http.get(fields["directPath"])

    head = await stage.http.head(fields["directPath"])
    part = await stage.http.get(fields["directPath"], headers={"Range": "bytes=10-19"})

    assert (head.status_code, head.headers["content-length"]) == (200, str(len(whole.content)))
    assert (part.status_code, part.content) == (206, whole.content[10:20])


async def test_an_unknown_file_is_refused(stage: Stage) -> None:
    assert (await stage.http.get("/v/t62.7118-24/nothing_n.enc?ccb=11-4")).status_code == 403


@pytest.mark.parametrize("mode", ["truncated", "longer", "corrupt", "html", "cut"])
async def test_a_fault_gives_other_bytes_than_announced(stage: Stage, mode: str) -> None:
    fields = await announced(stage, kind="image")
    whole = (await stage.http.get(fields["directPath"])).content
    await stage.faults(media={"mode": mode})

    found = (await stage.http.get(fields["directPath"])).content

    sizes = {"truncated": len(whole) // 2, "cut": len(whole) // 2, "longer": len(whole) + 4096, "corrupt": len(whole)}
    assert found != whole
    assert len(found) == sizes.get(mode, len(found))


async def test_a_status_fault_strikes_as_often_as_it_is_told(stage: Stage) -> None:
    fields = await announced(stage, kind="image")
    await stage.faults(media={"mode": "status", "status": 410, "count": 2})

    assert [(await stage.http.get(fields["directPath"])).status_code for _ in range(3)] == [410, 410, 200]


async def test_a_redirect_fault_points_where_it_is_told(stage: Stage) -> None:
    fields = await announced(stage, kind="image")
    await stage.faults(media={"mode": "redirect", "location": "http://169.254.169.254/latest/meta-data"})

    answer = await stage.http.get(fields["directPath"])
    assert (answer.status_code, answer.headers["location"]) == (302, "http://169.254.169.254/latest/meta-data")


@pytest.mark.parametrize(("fault", "least"), [({"mode": "delay", "seconds": 0.1}, 0.1), ({"mode": "slow"}, 0.1)])
async def test_a_slow_fault_takes_its_time_and_gives_everything(
    stage: Stage, fault: dict[str, Any], least: float
) -> None:
    fields = await announced(stage, kind="voice")
    whole = (await stage.http.get(fields["directPath"])).content
    await stage.faults(media={"bytes_per_second": 100_000} | fault)

    answer = await stage.http.get(fields["directPath"])
    assert answer.content == whole
    assert answer.elapsed.total_seconds() >= least


async def test_the_gateway_s_own_download_fails_only_when_told(stage: Stage) -> None:
    message = await stage.say(kind="image")
    path, body = f"/chat/getBase64FromMediaMessage/{NAME}", {"message": {"key": {"id": message["id"]}}}
    await stage.faults(media={"mode": "status", "status": 403})
    works: httpx.Response = await stage.gateway("POST", path, body)
    await stage.faults(media={"mode": "status", "status": 403, "also_gateway": True})
    fails = await stage.gateway("POST", path, body)

    assert base64.b64decode(works.json()["base64"]) == sample("photo-beach.jpg").data
    assert (fails.status_code, fails.json()["response"]["message"]) == (400, ["TypeError: fetch failed"])


async def test_a_profile_picture_is_served_where_the_webhook_says(stage: Stage) -> None:
    await stage.say(text="oi")
    await stage.settle()

    url = stage.posted("contacts.upsert")[0]["data"]["profilePicUrl"]
    answer = await stage.http.get(url)
    path, _, signature = url.partition("?")
    assert (path, answer.headers["content-type"]) == ("http://sandbox.test/sandbox/pps/maria.jpg", "image/jpeg")
    assert signature.startswith("ccb=11-4&oh=")
