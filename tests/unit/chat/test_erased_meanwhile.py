"""A person is erased, or a file expires, while something else is under way with it: nothing of it outlives that."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connections
from django.utils import timezone

from backend.chat import downloads, erasure, expiry, outgoing, pictures, receipts, tasks
from backend.chat.models import Contact, InboundEvent, Message
from backend.jobs.models import Job
from backend.lib.errors import TryLater
from backend.media import pipeline
from backend.media.cache import media_cache
from backend.media.cache_redis import GONE
from backend.media.models import Attachment
from backend.media.spool import measured
from backend.media.storages import media_storage
from backend.tenants.models import Instance
from tests.cast import Member
from tests.inbound import deliver, reaction, upsert
from tests.parts import EMBEDDED
from tests.unit.chat.keeping import kept
from tests.unit.chat.test_sharing import arrives, opened
from tests.unit.chat.uploading import conversation, uploaded
from tests.unit.media import samples

__all__ = ["conversation", "opened"]
Act = Callable[[], object]


def erase() -> None:
    erasure.erase(erasure.of_contact(Contact.objects.get()))


def expire() -> None:
    Attachment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expiry.sweep()


def beside(act: Act) -> None:
    """In another thread, as another process would."""

    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    other = Thread(target=run)
    other.start()
    other.join(60)
    assert not other.is_alive()


@pytest.fixture(params=[erase, expire])
def while_it_is_stored(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The person goes, or the file's time is over, when its bytes are here and not stored yet."""
    store = pipeline.store

    def interrupted(*given: Any, **more: Any) -> pipeline.Ingested:
        beside(request.param)
        a_while_passes()
        return store(*given, **more)

    monkeypatch.setattr(pipeline, "store", interrupted)
    return str(request.param.__name__)


def a_while_passes() -> None:
    """Redis remembers for seconds only what it was told to forget."""
    if not EMBEDDED:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.delete(*client.keys(f"{GONE}*"), "nothing")


def everything_stored() -> list[str]:
    return [one.key for one in media_storage().list_keys() if not one.key.startswith("profile_pics/")]


@pytest.fixture(autouse=True)
def _empty(ana: Member, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("s3")  # which comes last otherwise
    for key in [one.key for one in media_storage().list_keys()]:
        media_storage().delete(key)


def test_a_download_leaves_nothing(ana: Member, opened: list[str], while_it_is_stored: str, caplog: Any) -> None:
    file = arrives(ana)
    downloads.download(file.pk)

    assert everything_stored() == []
    assert media_cache().shelf.bytes_used() == 0
    assert [row.status for row in Attachment.objects.all()] == (["expired"] if while_it_is_stored == "expire" else [])
    assert "attachment ready" not in caplog.text


def test_an_upload_leaves_nothing(ana: Member, conversation, while_it_is_stored: str, caplog: Any) -> None:
    file = uploaded(ana, conversation, samples.jpeg())
    outgoing.process(file.pk)

    assert everything_stored() == []
    assert media_cache().shelf.bytes_used() == 0
    assert "upload ready" not in caplog.text


def test_a_download_that_breaks_off_leaves_nothing(
    ana: Member, opened: list[str], while_it_is_stored: str, monkeypatch
) -> None:
    file = arrives(ana)

    def breaks_off(*_: object) -> None:
        raise TryLater("read_back_failed", "the stored file is not there")

    monkeypatch.setattr(pipeline, "read_back", breaks_off)
    with pytest.raises(TryLater):
        downloads.download(file.pk)
    assert everything_stored() == []


def test_what_another_message_has_come_to_refer_to_stays(ana: Member, opened: list[str], monkeypatch) -> None:
    """A file is fetched again, as it was, for two messages; the one that fetches it is erased."""
    first, second = arrives(ana), arrives(ana)
    downloads.download(first.pk)
    downloads.download(second.pk)
    Attachment.objects.filter(pk=first.pk).update(status="processing")
    for one in list(media_storage().list_keys("chat/")):
        media_storage().delete(one.key)
    store = pipeline.store

    def interrupted(*given: Any, **more: Any) -> pipeline.Ingested:
        Attachment.objects.filter(pk=first.pk).delete()
        return store(*given, **more)

    monkeypatch.setattr(pipeline, "store", interrupted)
    downloads.download(first.pk)
    second.refresh_from_db()
    assert media_storage().stat(second.storage_key).size == second.size_bytes


def test_a_picture_that_came_too_late_is_not_kept_near(ana: Member, opened: list[str], tmp_path) -> None:
    arrives(ana)
    contact = Contact.objects.get()
    made = tmp_path / "face.jpg"
    made.write_bytes(samples.jpeg(200, 200))
    Contact.objects.update(photo_source="https://pps.whatsapp.net/another.jpg")
    with pytest.raises(TryLater):
        pictures._keep(contact, "https://pps.whatsapp.net/one.jpg", measured(made))
    assert [one.key for one in media_storage().list_keys("profile_pics/")] == []
    assert media_cache().shelf.bytes_used() == 0


def test_a_file_expires_beside_a_reaction_to_its_message(ana: Member, monkeypatch) -> None:
    """Both take the message before its file: neither waits for what the other has."""
    if EMBEDDED:
        pytest.skip("SQLite has no two at a time")
    file = kept(ana, days_old=40)
    message = Message.objects.get(attachment=file)
    has_message, expires = Event(), Event()
    with_attachment = receipts.with_attachment

    def slowly(told: Message) -> Message:
        has_message.set()
        expires.wait(10)
        time.sleep(0.3)
        return with_attachment(told)

    monkeypatch.setattr(receipts, "with_attachment", slowly)
    reacts = Thread(target=reacted, args=(ana, message.provider_id))
    reacts.start()
    assert has_message.wait(10)
    Thread(target=lambda: (time.sleep(0.2), expires.set())).start()
    expired = expiry.expire(ana.tenant.pk, [file.pk], now=timezone.now())
    reacts.join(20)

    assert [row.pk for row in expired] == [file.pk]
    assert not any(InboundEvent.objects.values_list("error", flat=True))
    message.refresh_from_db()
    assert len(message.reactions) == 1


def reacted(member: Member, provider_id: str) -> None:
    try:
        deliver(member.instance, reaction(provider_id, "👍", at_ms=int(time.time() * 1000)))
    finally:
        connections.close_all()


def test_what_a_process_left_that_died_in_between_is_looked_for_once_more(ana: Member, tmp_path: Path) -> None:
    file = kept(ana)
    conversation_id = Message.objects.get(attachment=file).conversation_id
    erase()
    left = pipeline.chat_key(ana.tenant.pk, conversation_id, file.pk, "foto.jpg")
    path = tmp_path / "foto.jpg"
    path.write_bytes(samples.jpeg())
    media_storage().save_file(left, path, "image/jpeg")
    job = Job.objects.get(kind="take_back")
    assert job.run_at > timezone.now() + timedelta(minutes=5)

    tasks.take_back(job.subject)
    assert [one.key for one in media_storage().list_keys("chat/")] == []


def test_a_conversation_that_is_begun_meanwhile_is_not_lost_in_silence(ana: Member, monkeypatch) -> None:
    kept(ana)
    scope = erasure.of_contact(Contact.objects.get())
    other = Instance.objects.create(tenant=ana.tenant, name="acme-02", secret="s2", base_url="http://gw", api_key="k")
    deliver(other, upsert("NEW1", "oi de novo"))

    with pytest.raises(TryLater, match="came meanwhile"):
        erasure.erase(scope)
    assert Message.objects.filter(provider_id="NEW1").exists()
