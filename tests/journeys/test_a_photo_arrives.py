"""The main job: a customer's photo is on the agent's screen, and it never breaks."""

import base64

import pytest

from tests.journeys.stage import Stage


def test_the_first_event_paints_and_the_second_can_be_read(shared_stage: Stage) -> None:
    stage = shared_stage
    with stage.watch() as ana:
        ana.wait_for("hello")
        sent = stage.sends("image", text="a minha receita")
        received = ana.wait_for("message_received")
        ready = ana.wait_for("attachment_ready")

    first = received["message"]["attachment"]
    assert received["message"]["text"] == "a minha receita"
    assert (first["status"], first["file_url"], first["thumbnail_url"]) == ("pending", "", "")
    assert base64.b64decode(first["metadata"]["preview"].partition(",")[2])[:2] == b"\xff\xd8"
    assert first["metadata"]["width"] > 0 < first["metadata"]["height"]
    then = ready["attachment"]
    assert (then["id"], then["status"]) == (first["id"], "completed")
    assert ready["seq"] > received["seq"]
    whole = stage.get(then["file_url"])
    assert whole.content == stage.original(sent["media"]["id"])
    assert whole.headers["Content-Type"] == "image/jpeg"
    thumbnail = stage.get(then["thumbnail_url"])
    assert thumbnail.content[8:12] == b"WEBP"
    assert [answer.headers["X-Cache"] for answer in (whole, thumbnail)] == ["HIT", "HIT"]


def test_a_stranger_sees_nothing_of_it(shared_stage: Stage) -> None:
    stage = shared_stage
    with stage.watch() as ana:
        ana.wait_for("hello")
        stage.sends("image")
        ready = ana.wait_for("attachment_ready")

    paths = [ready["attachment"]["file_url"], ready["attachment"]["thumbnail_url"]]
    assert [stage.get(path, token=stage.carla).status_code for path in paths] == [404, 404]
    assert [stage.get(path, token="no-token").status_code for path in paths] == [401, 401]


def test_progress_is_told_while_it_comes(shared_stage: Stage) -> None:
    stage = shared_stage
    stage.faults(media={"mode": "slow", "bytes_per_second": 60_000})
    with stage.watch() as ana:
        ana.wait_for("hello")
        stage.sends("image")
        ana.wait_for("attachment_ready")

    told = [event for event in ana.passing if event["type"] == "upload_progress"]
    percents = [event["percent"] for event in told if event["stage"] == "downloading"]
    assert percents == sorted(percents)
    assert [event["stage"] for event in told][-1] == "storing"


@pytest.mark.parametrize("kind", ["voice", "audio", "video", "document", "sticker", "gif"])
def test_every_kind_of_file_becomes_readable(shared_stage: Stage, kind: str) -> None:
    stage = shared_stage
    with stage.watch() as ana:
        ana.wait_for("hello")
        sent = stage.sends(kind)
        ready = ana.wait_for("attachment_ready")

    assert stage.get(ready["attachment"]["file_url"]).content == stage.original(sent["media"]["id"])


def test_two_processes_share_the_work_and_the_view(twins: Stage) -> None:
    """The webhook comes to one, Ana listens at the other, the file is served by both."""
    one, other = twins.chats
    with twins.watch(one) as bruno, twins.watch(other) as ana:
        ana.wait_for("hello")
        bruno.wait_for("hello")
        sent = twins.sends("image")
        ready = ana.wait_for("attachment_ready")
        bruno.wait_for("attachment_ready")

    original = twins.original(sent["media"]["id"])
    assert [twins.get(ready["attachment"]["file_url"], chat=chat).content for chat in (one, other)] == [original] * 2
    assert ana.events == bruno.events


def test_when_one_of_two_is_killed_the_other_goes_on_and_nothing_is_missing(twins: Stage) -> None:
    """The gateway tries again until the killed one is back; Ana comes back to the other with her cursor."""
    one, other = twins.chats
    twins.clock(0.02)
    living = [one]
    ana = twins.watch(one).keep_coming_back(lambda: living[0].url)
    try:
        ana.wait_for("hello")
        first = twins.sends("text", text="antes")
        ana.wait_for("message_received")
        living[0] = other
        one.kill9()
        second = twins.sends("image", text="durante")
        one.start()
        ana.wait_for("message_received", count=2, seconds=60)
        ana.wait_for("attachment_ready", seconds=90)
    finally:
        ana.close()

    texts = [event["message"]["text"] for event in ana.events if event["type"] == "message_received"]
    assert texts == ["antes", "durante"]
    assert ana.numbers() == list(range(ana.numbers()[0], ana.numbers()[0] + len(ana.events)))
    assert first["id"] != second["id"]
