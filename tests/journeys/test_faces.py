"""The face beside a name: asked for at first sight, kept small, changed when the customer changes it."""

import io
from typing import Any

import httpx
from PIL import Image

from tests.journeys.stage import INSTANCE, Stage
from tests.process.watcher import Watcher

OURS = "/api/chat/attachments/"


def shown(ana: Watcher, name: str, *, other_than: str = "") -> str:
    """The address of somebody's face, once the page is told of one that is stored."""

    def faces() -> list[Any]:
        told = [event["conversation"] for event in ana.events if event["type"] == "conversation_updated"]
        mine = [one["profile_pic_url"] for one in told if one["contact"]["name"] == name]
        return [url for url in mine if url.startswith(OURS) and url != other_than]

    ana.wait(lambda _: bool(faces()), 20, f"the face of {name}")
    return str(faces()[-1])


def test_a_face_is_there_soon_after_the_first_word_and_changes_with_its_owner(shared_stage: Stage) -> None:
    stage = shared_stage
    with stage.watch() as ana:
        ana.wait_for("hello")
        stage.sends("text", text="oi")
        first = shown(ana, "Maria Souza")
        stage.control("PATCH", f"/control/instances/{INSTANCE}/customers/maria-souza", json={"picture": "joao.jpg"})
        second = shown(ana, "Maria Souza", other_than=first)

    face = stage.get(second)
    assert Image.open(io.BytesIO(face.content)).size == (200, 200)
    assert face.headers["Content-Type"] == "image/jpeg"
    assert stage.get(second, token=stage.carla).status_code == 404
    assert stage.get(first).status_code == 404


def test_whatsapps_own_is_shown_through_us_to_anybody_who_has_its_address(shared_stage: Stage) -> None:
    stage = shared_stage
    url = f"{stage.sandbox.url}/pps/carlos.jpg?oh=journey"
    answers = [
        httpx.get(f"{stage.chats[0].url}{path}", params={"url": url}, trust_env=False)
        for path in ("/api/chat/media-proxy/", "/api/media/proxy/")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.headers["X-Cache"] for answer in answers] == ["MISS", "HIT"]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["Cache-Control"] == "public, max-age=604800"
    inside = httpx.get(
        f"{stage.chats[0].url}/api/chat/media-proxy/", params={"url": "http://10.0.0.1/"}, trust_env=False
    )
    assert (inside.status_code, inside.json()["code"]) == (403, "host_not_allowed")
