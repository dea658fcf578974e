"""A catalogue photo is forwarded to everybody: it is fetched once, stored once, and ready for each of them."""

from concurrent.futures import ThreadPoolExecutor

from tests.journeys.stage import Stage

TIMES = 100


def test_a_picture_that_comes_a_hundred_times_is_one_download_and_one_object(shared_stage: Stage) -> None:
    stage = shared_stage
    with stage.watch() as ana, ThreadPoolExecutor(8) as phones:
        ana.wait_for("hello")
        sent = list(phones.map(lambda _: stage.sends("image", sample="photo-beach.jpg"), range(TIMES)))
        ana.wait_for("attachment_ready", count=TIMES, seconds=60)

    ready = [event["attachment"] for event in ana.events if event["type"] == "attachment_ready"]
    assert len({one["id"] for one in ready}) == len(ready) == TIMES
    assert stage.chats[0].log().count("[STORAGE] file stored") == 1
    original = stage.original(sent[0]["media"]["id"])
    assert all(stage.get(one["file_url"]).content == original for one in (ready[0], ready[TIMES // 2], ready[-1]))


def test_two_processes_fetch_it_once_as_well(twins: Stage) -> None:
    with twins.watch() as ana, ThreadPoolExecutor(8) as phones:
        ana.wait_for("hello")
        list(phones.map(lambda _: twins.sends("image", sample="photo-gps.jpg"), range(TIMES // 4)))
        ana.wait_for("attachment_ready", count=TIMES // 4, seconds=60)

    assert sum(chat.log().count("[STORAGE] file stored") for chat in twins.chats) == 1
    assert all("[STORAGE] attachment shared" in chat.log() for chat in twins.chats)
