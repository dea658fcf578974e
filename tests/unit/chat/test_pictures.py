"""Faces beside names: fetched once, kept small, and fetched again only when they are others."""

import asyncio
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from backend.chat import erasure, pictures, proxy
from backend.chat.models import Contact, Conversation
from backend.gateways import evolution_send
from backend.jobs.models import Job
from backend.lib.errors import Missing, TryLater
from backend.media.cache import key_of, media_cache
from backend.media.models import Attachment
from backend.media.storages import media_storage
from backend.realtime import log
from backend.tenants.models import Instance
from tests.cast import Member
from tests.inbound import MARIA, MARIA_LID, deliver, event, upsert
from tests.unit.media import samples
from tests.unit.site import Host, Site, sites


class Faces:
    """WhatsApp's host of profile pictures and a gateway that knows where they are. `told` is what the gateway says."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.served: dict[str, tuple[int, bytes]] = {}
        self.told: dict[str, str] = {}
        self.fetched: list[str] = []
        self.asked: list[str] = []

    def answer(self, host: Host) -> None:
        if host.path.startswith("/chat/fetchProfilePictureUrl/"):
            number = json.loads(host.body)["number"]
            self.asked.append(number)
            url = self.told.get(number)
            host.say(200, json.dumps({"wuid": number, "profilePictureUrl": url}).encode(), Connection="close")
            return
        self.fetched.append(host.path)
        host.say(*self.served.get(host.path.partition("?")[0], (404, b"")))

    def url(self, name: str, signature: str = "a") -> str:
        return f"http://{self.site.host}/{name}?oh={signature}"


@pytest.fixture
def faces(ana: Member, settings: Any) -> Iterator[Faces]:
    with sites() as make:
        made = Faces(make(lambda host: made.answer(host)))
        settings.SANDBOX_URL = f"http://{made.site.host}"
        Instance.objects.filter(pk=ana.instance.pk).update(base_url=f"http://{made.site.host}")
        yield made


def face(colour: str = "red", size: tuple[int, int] = (640, 480)) -> bytes:
    image = Image.new("RGB", size, colour)
    image.paste("blue", (0, 0, size[0] // 8, size[1]))
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    body = io.BytesIO()
    image.save(body, "JPEG", exif=exif)
    return body.getvalue()


def said_of_maria(url: str | None) -> bytes:
    return event("contacts.update", {"remoteJid": MARIA, "pushName": "Maria Souza", "profilePicUrl": url})


def maria() -> Contact:
    return Contact.objects.get()


def copy() -> None:
    """As the job does it."""
    Job.objects.filter(kind="profile_picture").delete()
    pictures.copy(maria().pk)


def is_wanted() -> bool:
    return Job.objects.filter(kind="profile_picture", finished_at=None).exists()


def stored(picture: Attachment | None) -> bytes:
    assert picture is not None
    return b"".join(media_storage().read_range(picture.storage_key))


def a_day_passes() -> None:
    Contact.objects.update(photo_asked_at=timezone.now() - timedelta(hours=25))


def told(ana: Member, kind: str) -> list[Any]:
    """Every event of this kind, as browsers are told it."""
    events = [json.loads(frame) for _, frame in log.since(ana.tenant.pk, 0)]
    return [one for one in events if one["type"] == kind]


def test_a_face_is_a_small_square_without_its_camera(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (200, face())
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()

    photo = maria().photo
    body = stored(photo)
    assert photo is not None and photo.storage_key.startswith(f"profile_pics/{ana.tenant.pk}/")
    image = Image.open(io.BytesIO(body))
    assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (200, 200), {})
    assert b"a camera" not in body
    red, _, blue = image.convert("RGB").getpixel((3, 100))  # type: ignore[misc]  # of an RGB image it is a triple
    assert red > blue  # the middle of it: the blue edge is cut off
    assert (photo.size_bytes, photo.expires_at) == (len(body), None)


def test_every_conversation_learns_where_the_face_is(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (200, face())
    deliver(ana.instance, upsert("P1"))
    Conversation.objects.update(status="resolved")
    deliver(ana.instance, upsert("P2"), said_of_maria(faces.url("1.jpg")))
    copy()

    address = f"/api/chat/attachments/{maria().photo_id}/download/"
    shown = [one["conversation"] for one in told(ana, "conversation_updated")]
    with_face = {one["id"] for one in shown if one["profile_pic_url"] == address}
    assert with_face == {str(pk) for pk in Conversation.objects.values_list("pk", flat=True)}
    assert len(with_face) == 2
    assert ana.client.get(address).status_code == 200


def test_a_stranger_sees_no_face(ana: Member, carla: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (200, face())
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()

    assert carla.client.get(f"/api/chat/attachments/{maria().photo_id}/download/").status_code == 404


def test_whoever_writes_for_the_first_time_has_their_face_asked_for(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (200, face())
    faces.told["5517999990001"] = faces.url("1.jpg")
    deliver(ana.instance, upsert("P1"))
    assert is_wanted()
    copy()

    assert maria().photo is not None
    assert maria().photo_source == faces.url("1.jpg")
    deliver(ana.instance, upsert("P2"))
    assert not is_wanted()


def test_where_the_phone_is_silent_the_lid_is_asked(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (200, face())
    faces.told[MARIA_LID] = faces.url("1.jpg")
    deliver(ana.instance, upsert("P1", remoteJidAlt=MARIA_LID))
    copy()

    assert faces.asked == ["5517999990001", MARIA_LID]
    assert maria().photo is not None


def test_that_there_is_none_is_remembered_for_a_day(ana: Member, faces: Faces) -> None:
    deliver(ana.instance, upsert("P1"))
    copy()
    for number in range(3):
        deliver(ana.instance, upsert(f"Q{number}"), said_of_maria(None))
    assert not is_wanted()
    assert faces.asked == ["5517999990001"]

    a_day_passes()
    deliver(ana.instance, upsert("P2"))
    assert is_wanted()


@pytest.mark.parametrize("answer", [(404, b""), (403, b"URL signature expired"), (410, b""), (200, b"<svg onload=x>")])
def test_a_picture_that_is_refused_is_not_fetched_again_within_a_day(
    ana: Member, faces: Faces, answer: tuple[int, bytes]
) -> None:
    faces.served["/1.jpg"] = answer
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()
    deliver(ana.instance, said_of_maria(faces.url("1.jpg", "b")), upsert("P2"))
    assert not is_wanted()
    assert faces.fetched == ["/1.jpg?oh=a"]

    deliver(ana.instance, said_of_maria(faces.url("2.jpg")))
    assert is_wanted()


def test_an_address_that_has_expired_is_asked_for_anew(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (403, b"")
    faces.served["/2.jpg"] = (200, face())
    faces.told["5517999990001"] = faces.url("2.jpg")
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()

    assert maria().photo is not None


def test_another_signature_is_the_same_picture(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (200, face())
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg", "a")))
    copy()
    deliver(ana.instance, said_of_maria(faces.url("1.jpg", "b")))

    assert not is_wanted()
    assert len(faces.fetched) == 1


def test_the_same_bytes_at_another_address_change_nothing(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = faces.served["/2.jpg"] = (200, face())
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()
    before, events = maria().photo_id, log.newest(ana.tenant.pk)
    deliver(ana.instance, said_of_maria(faces.url("2.jpg")))
    copy()

    assert len(faces.fetched) == 2
    assert maria().photo_id == before
    assert Attachment.objects.count() == 1
    assert log.newest(ana.tenant.pk) == events
    deliver(ana.instance, said_of_maria(faces.url("2.jpg", "b")))
    assert not is_wanted()


def test_another_face_takes_the_place_of_the_old_one_and_of_its_object(ana: Member, faces: Faces) -> None:
    faces.served |= {"/1.jpg": (200, face("red")), "/2.jpg": (200, face("green"))}
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()
    former = maria().photo
    assert former is not None
    deliver(ana.instance, said_of_maria(faces.url("2.jpg")))
    copy()

    assert maria().photo_id != former.pk
    assert not Attachment.objects.filter(pk=former.pk).exists()
    with pytest.raises(Missing):
        media_storage().stat(former.storage_key)


def test_the_last_good_face_stays_while_the_new_one_cannot_be_had(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (200, face())
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()
    former = maria().photo
    deliver(ana.instance, said_of_maria(faces.url("2.jpg")))
    copy()

    assert maria().photo == former
    assert stored(former)
    a_day_passes()
    faces.served["/2.jpg"] = (200, face("green"))
    deliver(ana.instance, upsert("P2"))
    copy()
    assert maria().photo != former


def test_a_host_that_is_away_is_tried_again(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (503, b"")
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    with pytest.raises(TryLater):
        copy()
    faces.served["/1.jpg"] = (200, face())
    copy()

    assert maria().photo is not None


def test_a_picture_that_came_meanwhile_wins_and_nothing_is_left_behind(
    ana: Member, faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces.served |= {"/1.jpg": (200, face("red")), "/2.jpg": (200, face("green"))}
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    kept: list[str] = []
    put: Callable[..., None] = pictures.portraits.put

    def put_and_be_overtaken(made: Any, key: str, media_hash: str) -> None:
        put(made, key, media_hash)
        kept.append(key)
        deliver(ana.instance, said_of_maria(faces.url("2.jpg")))

    with monkeypatch.context() as patch, pytest.raises(TryLater):
        patch.setattr(pictures.portraits, "put", put_and_be_overtaken)
        copy()
    assert Attachment.objects.count() == 0
    with pytest.raises(Missing):
        media_storage().stat(kept[0])
    copy()
    assert maria().photo_source == faces.url("2.jpg")


def test_outside_a_playground_a_picture_from_our_own_network_is_not_fetched(
    ana: Member, faces: Faces, settings: Any
) -> None:
    settings.SANDBOX = False
    faces.served["/1.jpg"] = (200, face())
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()

    assert faces.fetched == []
    assert maria().photo is None


@pytest.mark.parametrize(
    "body", [samples.jpeg(), face(size=(30, 900)), samples.saved(samples.picture(mode="LA"), "PNG")]
)
def test_whatever_shape_it_has_it_becomes_a_square(ana: Member, faces: Faces, body: bytes) -> None:
    faces.served["/1.jpg"] = (200, body)
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()

    assert Image.open(io.BytesIO(stored(maria().photo))).size == (200, 200)


def test_a_gateway_that_says_something_else_than_an_address_is_not_believed(faces: Faces, ana: Member) -> None:
    access = pictures.downloads.access_to(Instance.objects.get(pk=ana.instance.pk))
    for told in ("javascript:alert(1)", "file:///etc/passwd", "https://[", "x" * 5_000, 7, None):
        faces.told["1"] = told  # type: ignore[assignment]  # a gateway says anything
        assert evolution_send.picture_url(access, "1") == ""


def test_until_it_is_here_a_browser_is_shown_whatsapps_through_us(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (200, face())
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")), upsert("P2"))

    shown = ana.client.get("/api/chat/conversations/").json()["results"][0]
    assert shown["profile_pic_url"] == shown["contact"]["profile_pic_url"]
    assert shown["profile_pic_url"].startswith("/api/chat/media-proxy/?url=http%3A%2F%2F127.0.0.1")
    assert ana.client.get(shown["profile_pic_url"]).content == face()
    copy()
    after = ana.client.get("/api/chat/conversations/").json()["results"][0]["profile_pic_url"]
    assert after == f"/api/chat/attachments/{maria().photo_id}/download/"


def is_near(name: str) -> bool:
    async def look() -> bytes | None:
        shelf = media_cache().shelf.on_loop()
        try:
            return await shelf.get(name)
        finally:
            await shelf.close()

    return asyncio.run(look()) is not None


def test_a_face_that_was_replaced_is_not_near_any_more(ana: Member, faces: Faces) -> None:
    faces.served |= {"/1.jpg": (200, face("red")), "/2.jpg": (200, face("green"))}
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()
    former = maria().photo
    assert former is not None
    assert ana.client.get(f"/api/chat/attachments/{former.pk}/download/")["X-Cache"] == "HIT"
    assert is_near(key_of(former.media_hash))
    deliver(ana.instance, said_of_maria(faces.url("2.jpg")))
    copy()

    assert ana.client.get(f"/api/chat/attachments/{former.pk}/download/").status_code == 404
    assert not is_near(key_of(former.media_hash))


def test_of_a_person_who_is_erased_no_face_is_left_anywhere(ana: Member, faces: Faces) -> None:
    """The one that we keep, and the newer one that the proxy has shown meanwhile."""
    faces.served |= {"/1.jpg": (200, face()), "/2.jpg": (200, face("green"))}
    deliver(ana.instance, upsert("P1"), said_of_maria(faces.url("1.jpg")))
    copy()
    deliver(ana.instance, said_of_maria(faces.url("2.jpg")))
    ana.client.get(proxy.address_of(faces.url("2.jpg")))
    photo, shown = maria().photo, proxy.cache_name(faces.url("2.jpg"))
    assert photo is not None and is_near(shown)

    erasure.erase(erasure.of_contact(maria()))

    assert not is_near(shown) and not is_near(key_of(photo.media_hash))
    with pytest.raises(Missing):
        media_storage().stat(photo.storage_key)


@pytest.mark.parametrize("told", ["2.jpg", "1.jpg"])
def test_a_face_at_a_former_address_is_not_kept_near(ana: Member, faces: Faces, told: str) -> None:
    """Nobody knows that address any more, to have it forgotten with the person."""
    faces.served["/1.jpg"] = (200, face())
    former = faces.url("1.jpg")
    deliver(ana.instance, upsert("P1"), said_of_maria(former))
    ana.client.get(proxy.address_of(former))
    assert is_near(proxy.cache_name(former))
    a_day_passes()
    deliver(ana.instance, said_of_maria(faces.url(told, signature="b")))
    assert maria().photo_source != former
    assert not is_near(proxy.cache_name(former))


def test_a_face_that_the_gateway_knew_better_leaves_no_former_one_near(ana: Member, faces: Faces) -> None:
    former = faces.url("1.jpg")
    faces.served |= {"/1.jpg": (200, face()), "/2.jpg": (200, face("green"))}
    faces.told[MARIA.partition("@")[0]] = faces.url("2.jpg")
    deliver(ana.instance, upsert("P1"), said_of_maria(former))
    ana.client.get(proxy.address_of(former))
    faces.served["/1.jpg"] = (404, b"")
    copy()
    assert maria().photo_source == faces.url("2.jpg")
    assert not is_near(proxy.cache_name(former))


def test_a_face_is_forgotten_however_its_address_was_written(ana: Member, faces: Faces) -> None:
    faces.served["/1.jpg"] = (200, face())
    said = faces.url("1.jpg").replace("http:", "HTTP:") + "#big"
    deliver(ana.instance, upsert("P1"), said_of_maria(said))
    ana.client.get(proxy.address_of(said))
    shown = proxy.cache_name(proxy.judged(said))
    assert is_near(shown)
    erasure.erase(erasure.of_contact(maria()))
    assert not is_near(shown)


def test_what_the_proxy_has_shown_is_near_for_an_hour_at_most(ana: Member, faces: Faces) -> None:
    """It belongs to no row: nothing but time forgets it where the program's memory is the cache."""
    picture = proxy.Picture("image/jpeg", "0" * 64, b"x")
    assert proxy.packed(picture)[1] == 3600


def test_when_two_turn_out_to_be_one_person_one_face_is_left(ana: Member, faces: Faces) -> None:
    faces.served |= {"/1.jpg": (200, face("red")), "/2.jpg": (200, face("green"))}
    for number, address in enumerate((MARIA, MARIA_LID), 1):
        deliver(
            ana.instance, event("contacts.update", {"remoteJid": address, "profilePicUrl": faces.url(f"{number}.jpg")})
        )
    for contact in Contact.objects.all():
        pictures.copy(contact.pk)
    assert Attachment.objects.count() == 2

    deliver(ana.instance, upsert("P1", remoteJidAlt=MARIA_LID))

    assert [one.pk for one in Attachment.objects.all()] == [maria().photo_id]
    assert stored(maria().photo)
