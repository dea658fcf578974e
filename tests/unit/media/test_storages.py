"""One contract, both storages. S3 is a real one: a forged or stale ticket must be refused by the store itself."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError

from backend.lib.errors import Conflict, Missing, Refused, TryLater
from backend.media import storages as media_storages
from backend.media.local import LocalMediaStorage, read_ticket
from backend.media.storages import Lifecycle, MediaStorage, check_key
from tests.ceph import Ceph
from tests.parts import EMBEDDED, WORKER

KEY = "chat/a/unfiled/1_photo.jpg"
BUCKET = f"storages-{WORKER}"
BODY = bytes(range(256)) * 1000


@pytest.fixture(params=["local"] if EMBEDDED else ["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStorage:
    if request.param == "local":
        return LocalMediaStorage(location=tmp_path / "media")
    found: MediaStorage = request.getfixturevalue("bucket")
    return found


def s3_storage(ceph: Ceph) -> MediaStorage:
    made: MediaStorage = media_storages.S3MediaStorage(
        bucket_name=BUCKET, endpoint_url=ceph.url, access_key=ceph.access_key, secret_key=ceph.secret_key
    )
    made.ensure_bucket()
    return made


@pytest.fixture(scope="module")
def bucket(s3: Ceph) -> MediaStorage:
    return s3_storage(s3)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(BODY)
    return path


def put(storage: MediaStorage, key: str, source: Path) -> str:
    storage.save_file(key, source, "image/jpeg")
    return key


def test_what_is_saved_is_read_back_whole(storage, source):
    put(storage, KEY, source)
    assert b"".join(storage.read_range(KEY)) == BODY
    assert storage.stat(KEY).size == len(BODY)


@pytest.mark.parametrize(
    ("start", "length"), [(0, 1), (0, 100_000), (255_999, 1), (100, 70_000), (255_000, None), (10, 0)]
)
def test_a_range_is_exactly_what_was_asked_for(storage, source, start, length):
    put(storage, KEY, source)
    expected = BODY[start:] if length is None else BODY[start : start + length]
    assert b"".join(storage.read_range(KEY, start, length)) == expected


def test_chunks_are_small(storage, source):
    put(storage, KEY, source)
    assert max(len(chunk) for chunk in storage.read_range(KEY)) <= 64 * 1024


def test_an_object_that_is_not_there_is_missing_at_once(storage):
    for ask in (storage.stat, storage.read_range):
        with pytest.raises(Missing) as raised:
            ask("chat/a/unfiled/nothing.jpg")
        assert raised.value.code == "object_gone"


def test_deleting_twice_is_no_error(storage, source):
    put(storage, KEY, source)
    storage.delete(KEY)
    storage.delete(KEY)
    with pytest.raises(Missing):
        storage.stat(KEY)


def test_a_link_left_in_the_spool_is_never_followed(storage, source, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(source)
    with pytest.raises((TryLater, OSError)):
        storage.save_file("chat/a/unfiled/2_link", link, "image/jpeg")
    with pytest.raises(Missing):
        storage.stat("chat/a/unfiled/2_link")


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/./b", ".hidden", "a/.x", "a\\b", "a b", "a\n", "é", "a" * 501],
)
def test_a_key_cannot_lead_out_of_its_place(storage, source, key):
    uses = (storage.stat, storage.read_range, storage.delete, check_key)
    for use in (*uses, lambda key: storage.save_file(key, source, "image/jpeg")):
        with pytest.raises(Refused) as raised:
            use(key)
        assert raised.value.code == "bad_key"


def test_django_hands_out_the_storage_that_the_settings_name(settings):
    named = media_storages.media_storage()
    assert type(named).__name__ in settings.STORAGES["media"]["BACKEND"]
    assert named.storage_type == settings.MEDIA_STORAGE


# --- In parts -------------------------------------------------------------------------------------------------------

PART = 5 * 1024 * 1024  # the least that S3 takes for all but the last


def put_part(storage: MediaStorage, key: str, parts_id: str, number: int, body: bytes) -> int:
    """As a browser does; the local storage's own path is walked by the view, whose two steps are taken here."""
    ticket = storage.part_ticket(key, parts_id, number, len(body))
    if isinstance(storage, LocalMediaStorage):
        storage.receive(read_ticket(ticket.url.rpartition("/")[2]), [body])
        return 200
    return httpx.put(ticket.url, content=body, headers=dict(ticket.headers), trust_env=False).status_code


def test_parts_are_joined_in_order_whatever_the_order_they_came_in(storage):
    key, bodies = "uploads/a/1_film.mp4", {1: b"a" * PART, 2: b"b" * PART, 3: b"c" * 7}
    parts_id = storage.begin_parts(key, "video/mp4")
    assert storage.parts(key, parts_id) == {}
    for number in (3, 1, 2):
        assert put_part(storage, key, parts_id, number, bodies[number]) == 200
    assert {number: part.size for number, part in storage.parts(key, parts_id).items()} == {1: PART, 2: PART, 3: 7}
    with pytest.raises(Missing):
        storage.stat(key)

    storage.join_parts(key, parts_id)

    assert b"".join(storage.read_range(key)) == b"".join(bodies[number] for number in (1, 2, 3))
    with pytest.raises(Missing):
        storage.parts(key, parts_id)


def test_a_part_that_comes_again_replaces_itself(storage):
    key = "uploads/a/2_film.mp4"
    parts_id = storage.begin_parts(key, "video/mp4")
    for body in (b"first", b"later"):
        put_part(storage, key, parts_id, 1, body)
    storage.join_parts(key, parts_id)
    assert b"".join(storage.read_range(key)) == b"later"


def test_what_is_dropped_is_gone(storage):
    key = "uploads/a/3_film.mp4"
    parts_id = storage.begin_parts(key, "video/mp4")
    put_part(storage, key, parts_id, 1, b"some")
    for _ in range(2):
        storage.drop_parts(key, parts_id)
    for ask in (storage.parts, storage.join_parts):
        with pytest.raises(Missing):
            ask(key, parts_id)


# --- Local ----------------------------------------------------------------------------------------------------------


def test_a_local_save_that_fails_leaves_nothing(tmp_path):
    storage = LocalMediaStorage(location=tmp_path / "media")
    with pytest.raises(TryLater):
        storage.save_file(KEY, tmp_path / "not there", "image/jpeg")
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


def test_a_local_ticket_gives_its_facts_back(tmp_path):
    ticket = LocalMediaStorage(location=tmp_path).upload_ticket(KEY, "image/jpeg", 42)
    assert ticket.url.startswith("/api/chat/uploads/")
    assert (ticket.method, ticket.headers) == ("PUT", {"Content-Type": "image/jpeg"})
    facts = read_ticket(ticket.url.rpartition("/")[2])
    assert (facts.key, facts.mime, facts.size) == (KEY, "image/jpeg", 42)


@pytest.mark.parametrize("chunks", [[b"1" * 41], [b"1" * 43], [], [b"1" * 40, b"2" * 40]])
def test_a_local_put_is_exactly_as_long_as_its_ticket_says(tmp_path, chunks):
    storage = LocalMediaStorage(location=tmp_path / "media")
    for ticket in (storage.upload_ticket(KEY, "image/jpeg", 42), storage.part_ticket(KEY, "parts", 1, 42)):
        with pytest.raises(Refused) as raised:
            storage.receive(read_ticket(ticket.url.rpartition("/")[2]), chunks)
        assert raised.value.code == "size_mismatch"
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


def test_a_local_ticket_is_refused_when_forged_or_old(tmp_path, monkeypatch):
    ticket = LocalMediaStorage(location=tmp_path).upload_ticket(KEY, "image/jpeg", 42).url.rpartition("/")[2]
    with pytest.raises(Refused) as raised:
        read_ticket("A" + ticket[1:] + "x")
    assert (raised.value.code, raised.value.status) == ("ticket_invalid", 403)
    later = time.time() + 301
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(Refused) as raised:
        read_ticket(ticket)
    assert (raised.value.code, raised.value.status) == ("ticket_expired", 403)


# --- S3 -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


def test_a_ticket_lets_exactly_its_file_in(bucket, browser):
    ticket = bucket.upload_ticket("chat/a/unfiled/up.jpg", "image/jpeg", 5)
    answer = browser.put(ticket.url, content=b"12345", headers=dict(ticket.headers))
    assert answer.status_code == 200
    found = bucket.stat("chat/a/unfiled/up.jpg")
    assert (found.size, found.mime) == (5, "image/jpeg")


def test_what_a_ticket_lets_in_is_marked_as_expiring(bucket, browser, s3):
    key = "uploads/a/tagged.jpg"
    ticket = bucket.upload_ticket(key, "image/jpeg", 5)
    for tag in ({}, {"x-amz-tagging": "expire=no"}):
        headers = {name: value for name, value in ticket.headers.items() if name != "x-amz-tagging"} | tag
        assert browser.put(ticket.url, content=b"12345", headers=headers).status_code == 403
    assert browser.put(ticket.url, content=b"12345", headers=dict(ticket.headers)).status_code == 200
    found = s3.client().get_object_tagging(Bucket=BUCKET, Key=key)
    assert found["TagSet"] == [{"Key": "expire", "Value": "yes"}]


@pytest.mark.parametrize(
    ("body", "mime"), [(b"123456", "image/jpeg"), (b"1234", "image/jpeg"), (b"", "image/jpeg"), (b"12345", "text/html")]
)
def test_a_ticket_refuses_another_length_or_type(bucket, browser, body, mime):
    ticket = bucket.upload_ticket("chat/a/unfiled/wrong.jpg", "image/jpeg", 5)
    assert browser.put(ticket.url, content=body, headers={**ticket.headers, "Content-Type": mime}).status_code == 403
    with pytest.raises(Missing):
        bucket.stat("chat/a/unfiled/wrong.jpg")


def test_a_ticket_is_good_for_its_key_and_for_putting_only(bucket, browser, source):
    put(bucket, "chat/a/unfiled/theirs.jpg", source)
    ticket = bucket.upload_ticket("chat/a/unfiled/mine.jpg", "image/jpeg", 5)
    headers = dict(ticket.headers)
    elsewhere = ticket.url.replace("mine.jpg", "theirs.jpg")
    assert browser.put(elsewhere, content=b"12345", headers=headers).status_code == 403
    assert browser.delete(elsewhere).status_code == 403
    assert browser.get(ticket.url).status_code == 403


def test_a_ticket_expires(bucket, browser, monkeypatch):
    monkeypatch.setattr("backend.media.s3.TICKET_SECONDS", 1)
    ticket = bucket.upload_ticket("chat/a/unfiled/late.jpg", "image/jpeg", 5)
    time.sleep(2.1)
    assert browser.put(ticket.url, content=b"12345", headers=dict(ticket.headers)).status_code == 403


def test_tickets_are_signed_for_the_address_that_browsers_know(s3, settings):
    settings.S3_PUBLIC_ENDPOINT_URL = "https://files.example.com"
    ticket = s3_storage(s3).upload_ticket(KEY, "image/jpeg", 5)
    parts = urlsplit(ticket.url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "files.example.com", f"/{BUCKET}/{KEY}")


def test_objects_are_private_even_if_an_upload_asks_otherwise(bucket, browser, s3, source):
    put(bucket, KEY, source)
    assert browser.get(f"{s3.url}/{BUCKET}/{KEY}").status_code == 403
    ticket = bucket.upload_ticket("chat/a/unfiled/public.jpg", "image/jpeg", 5)
    browser.put(ticket.url, content=b"12345", headers={**ticket.headers, "x-amz-acl": "public-read"})
    assert browser.get(f"{s3.url}/{BUCKET}/chat/a/unfiled/public.jpg").status_code == 403


def test_tags_are_kept(bucket, s3, source):
    bucket.save_file("chat/a/unfiled/tagged.jpg", source, "image/jpeg", tags={"retention": "30 days"})
    found = s3.client().get_object_tagging(Bucket=BUCKET, Key="chat/a/unfiled/tagged.jpg")
    assert found["TagSet"] == [{"Key": "retention", "Value": "30 days"}]


def test_a_wrong_bucket_does_not_look_like_lost_files(s3):
    storage = media_storages.S3MediaStorage(
        bucket_name="no-such-bucket", endpoint_url=s3.url, access_key=s3.access_key, secret_key=s3.secret_key
    )
    for ask in (storage.stat, storage.read_range):
        with pytest.raises(TryLater) as raised:
            ask(KEY)
        assert raised.value.code == "storage_unavailable"


def test_wrong_keys_and_an_absent_server_are_tried_later(s3, source):
    for endpoint, secret in ((s3.url, "wrong"), ("http://127.0.0.1:9", s3.secret_key)):
        storage = media_storages.S3MediaStorage(
            bucket_name=BUCKET, endpoint_url=endpoint, access_key=s3.access_key, secret_key=secret
        )
        with pytest.raises(TryLater) as raised:
            storage.save_file(KEY, source, "image/jpeg")
        assert raised.value.code == "storage_unavailable"


def test_the_bucket_may_be_there_already(bucket):
    bucket.ensure_bucket()
    bucket.ensure_bucket()


# --- Who may PUT from a browser -------------------------------------------------------------------------------------


def preflight(browser: httpx.Client, url: str, origin: str) -> str | None:
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type,x-amz-tagging"}
    answer = browser.options(url, headers={"Origin": origin, **asked})
    return answer.headers.get("Access-Control-Allow-Origin") if answer.status_code == 200 else None


@pytest.mark.parametrize(
    ("debug", "allowed"),
    [
        (False, {"https://chat.example.com"}),
        (True, {"https://chat.example.com", "http://localhost:8000", "http://127.0.0.1:5173"}),
    ],
)
def test_our_page_may_put_and_no_other(s3, browser, settings, debug, allowed):
    settings.DEBUG, settings.PUBLIC_BASE_URL = debug, "https://chat.example.com"
    url = s3_storage(s3).upload_ticket(KEY, "image/jpeg", 5).url
    origins = {"https://chat.example.com", "http://localhost:8000", "http://127.0.0.1:5173", "https://evil.example"}
    assert {origin for origin in origins if preflight(browser, url, origin) == origin} == allowed


def test_our_page_may_read_the_etag(s3, browser, settings):
    settings.DEBUG = True
    ticket = s3_storage(s3).upload_ticket("uploads/a/etag.jpg", "image/jpeg", 5)
    headers = {**ticket.headers, "Origin": "http://localhost:8000"}
    answer = browser.put(ticket.url, content=b"12345", headers=headers)
    assert answer.headers["ETag"]
    assert answer.headers["Access-Control-Expose-Headers"].lower() == "etag"


def test_an_operators_own_rules_stay(s3, settings):
    settings.PUBLIC_BASE_URL = "https://chat.example.com"
    theirs = {"ID": "theirs", "AllowedOrigins": ["https://other.example"], "AllowedMethods": ["GET"]}
    s3.client().put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [theirs]})
    for _ in range(2):
        s3_storage(s3)
    rules = s3.client().get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert sorted(rule["ID"] for rule in rules) == ["chat-uploads", "theirs"]


def test_the_page_may_connect_to_where_it_uploads(bucket, s3):
    assert bucket.upload_origin == s3.url


# --- Listed, tagged, and emptied by rule ----------------------------------------------------------------------------


def tags_of(ceph: Ceph, key: str) -> dict[str, str]:
    found = ceph.client().get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_a_listing_tells_every_object_below_a_prefix_and_no_other(storage, source):
    keys = ["listed/a/1_x", "listed/a/1_x_thumb.webp", "listed/a/b/2_y", "listed/ab/3_z"]
    for key in [*keys, "other/4"]:
        put(storage, key, source)

    assert sorted(one.key for one in storage.list_keys("listed/")) == keys
    assert [one.key for one in storage.list_keys("listed/a/b")] == ["listed/a/b/2_y"]
    assert list(storage.list_keys("listed/nothing/")) == []
    found = next(iter(storage.list_keys("listed/ab/")))
    assert found.size == len(BODY)
    assert abs((found.modified_at - storage.stat("listed/ab/3_z").modified_at).total_seconds()) < 1


def test_a_listing_longer_than_a_page_is_whole(bucket, tmp_path):
    small = tmp_path / "small"
    small.write_bytes(b"1")
    for number in range(1_050):
        bucket.save_file(f"many/{number}", small, "text/plain")

    assert len({one.key for one in bucket.list_keys("many/")}) == 1_050


def test_what_no_reader_sees_is_found_and_dropped(storage, source):
    parts_id = storage.begin_parts("uploads/a/1_big", "video/mp4")
    assert put_part(storage, "uploads/a/1_big", parts_id, 1, bytes(1024)) == 200

    found = [one for one in storage.unfinished() if parts_id in one.id]
    assert len(found) == 1 and found[0].begun_at.timestamp() <= time.time()
    storage.drop_unfinished(found[0])
    storage.drop_unfinished(found[0])
    assert not [one for one in storage.unfinished() if parts_id in one.id]
    assert not [one.key for one in storage.list_keys() if parts_id in one.key]


def test_a_file_whose_writer_died_is_no_object(tmp_path):
    storage = LocalMediaStorage(location=tmp_path)
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat" / ".incoming-1").write_bytes(b"half")

    assert list(storage.list_keys()) == []
    for one in storage.unfinished():
        storage.drop_unfinished(one)
    assert list((tmp_path / "chat").iterdir()) == []


def test_a_tag_takes_the_place_of_the_one_there_was(bucket, s3, source):
    bucket.save_file(KEY, source, "image/jpeg", tags={"expire": "yes"})
    assert bucket.set_tags(KEY, {"expire": "no"})
    assert tags_of(s3, KEY) == {"expire": "no"}


def test_what_is_not_there_cannot_be_tagged(storage):
    with pytest.raises(Missing) as raised:
        storage.set_tags("chat/a/unfiled/nothing.jpg", {"expire": "no"})
    assert raised.value.code == "object_gone"


@pytest.mark.parametrize(("code", "outcome"), [("NotImplemented", False), ("AccessDenied", TryLater)])
def test_no_tags_is_one_thing_and_no_leave_to_tag_another(bucket, source, monkeypatch, code, outcome):
    """A store that refuses to change the tag goes by the one that is there: the file must not be called kept."""
    bucket.save_file(KEY, source, "image/jpeg", tags={"expire": "yes"})

    def refuses(**_: object) -> None:
        raise ClientError({"Error": {"Code": code}}, "PutObjectTagging")

    monkeypatch.setattr(bucket.client, "put_object_tagging", refuses)
    if outcome is False:
        assert bucket.set_tags(KEY, {"expire": "no"}) is False
    else:
        with pytest.raises(outcome):
            bucket.set_tags(KEY, {"expire": "no"})


def terms(rule: dict) -> tuple[str, list[tuple[str, str]], int]:
    """Ceph gives `And` back without the word."""
    both = rule["Filter"].get("And", rule["Filter"])
    tags = both.get("Tags") or [both["Tag"]]
    return both["Prefix"], [(tag["Key"], tag["Value"]) for tag in tags], rule["Expiration"]["Days"]


def test_our_rules_come_and_go_and_theirs_stay(bucket, s3):
    client = s3.client()
    theirs = {
        "ID": "logs",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "a", "Value": "b"}]}},
        "Expiration": {"Days": 7},
    }
    assert bucket.lifecycle() == Lifecycle()
    client.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [theirs]})

    bucket.set_lifecycle(Lifecycle(expire_days=30, abort_days=2))
    bucket.set_lifecycle(Lifecycle(expire_days=90, abort_days=2))
    assert bucket.lifecycle() == Lifecycle(90, 2, others=1)
    rules = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    ours = next(rule for rule in rules if rule["ID"] == "chat-retention")
    assert terms(ours) == ("chat/", [("expire", "yes")], 90)
    assert terms(next(rule for rule in rules if rule["ID"] == "logs")) == terms(theirs)

    bucket.set_lifecycle(Lifecycle(expire_days=0, abort_days=2))
    assert bucket.lifecycle() == Lifecycle(0, 2, others=1)
    client.delete_bucket_lifecycle(Bucket=BUCKET)
    bucket.set_lifecycle(Lifecycle())
    assert bucket.lifecycle() == Lifecycle()


def test_a_rule_of_theirs_in_the_old_way_of_saying_stays_what_it_was(bucket, s3):
    client = s3.client()
    old = {"ID": "old", "Status": "Enabled", "Prefix": "old/", "Expiration": {"Days": 3}}
    client.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [old]})
    bucket.set_lifecycle(Lifecycle(expire_days=30, abort_days=2))
    rules = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    kept = next(rule for rule in rules if rule["ID"] == "old")
    assert (kept.get("Prefix") or kept["Filter"]["Prefix"], kept["Expiration"]["Days"]) == ("old/", 3)
    client.delete_bucket_lifecycle(Bucket=BUCKET)


A, B = {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}


@pytest.mark.parametrize(
    "conditions",
    [
        {"Filter": {"And": {"Prefix": "logs/", "Tags": [A, B]}}},
        {"Filter": {"And": {"Prefix": "logs/", "Tags": [A]}}},
        {"Filter": {"And": {"Tags": [A, B]}}},
        {"Filter": {"Tag": A}},
        {"Filter": {"Prefix": "logs/"}},
        {"Filter": {}},
    ],
)
def test_no_rule_of_theirs_comes_to_mean_something_else(bucket, s3, conditions):
    client = s3.client()

    def rules():
        found = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
        return [rule for rule in found if rule["ID"] == "theirs"]

    theirs = {"ID": "theirs", "Status": "Enabled", "Expiration": {"Days": 3}, **conditions}
    client.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [theirs]})
    before = rules()
    bucket.set_lifecycle(Lifecycle(expire_days=30, abort_days=2))
    assert rules() == before
    client.delete_bucket_lifecycle(Bucket=BUCKET)


@pytest.mark.parametrize(
    "conditions",
    [
        {"Prefix": "a/", "Filter": {"Prefix": "b/"}},
        {"Filter": {"Prefix": "a/", "And": {"Prefix": "b/", "Tags": [A, B]}}},
        {"Filter": {"SomethingNew": "1"}},
    ],
)
def test_a_rule_of_theirs_that_cannot_be_said_again_leaves_all_as_it_was(bucket, monkeypatch, conditions):
    theirs = {"ID": "theirs", "Status": "Enabled", "Expiration": {"Days": 3}, **conditions}
    written = []
    monkeypatch.setattr(bucket.client, "get_bucket_lifecycle_configuration", lambda **_: {"Rules": [theirs]})
    monkeypatch.setattr(bucket.client, "put_bucket_lifecycle_configuration", lambda **_: written.append(1))
    with pytest.raises(Conflict, match="theirs"):
        bucket.set_lifecycle(Lifecycle(expire_days=30, abort_days=2))
    assert not written


def test_from_what_size_on_their_rules_move_objects_stays_as_it_was(bucket, monkeypatch):
    """AWS takes it beside the rules, and its absence for a wish."""
    written = {}
    told = {"Rules": [], "TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}
    monkeypatch.setattr(bucket.client, "get_bucket_lifecycle_configuration", lambda **_: told)
    monkeypatch.setattr(bucket.client, "put_bucket_lifecycle_configuration", lambda **given: written.update(given))
    bucket.set_lifecycle(Lifecycle(expire_days=30, abort_days=2))
    assert written["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


def test_a_store_that_makes_another_rule_of_theirs_is_spoken_of(bucket, monkeypatch):
    both = {"ID": "theirs", "Status": "Enabled", "Expiration": {"Days": 3}, "Filter": {"And": {"Tags": [A, B]}}}
    answers = [{"Rules": [both]}, {"Rules": [both]}, {"Rules": [both | {"Filter": {"Tag": A}}]}]
    monkeypatch.setattr(bucket.client, "get_bucket_lifecycle_configuration", lambda **_: answers.pop(0))
    monkeypatch.setattr(bucket.client, "put_bucket_lifecycle_configuration", lambda **_: None)
    with pytest.raises(Conflict, match="not what they were"):
        bucket.set_lifecycle(Lifecycle(expire_days=30, abort_days=2))


def test_a_directory_has_no_rules(tmp_path):
    assert LocalMediaStorage(location=tmp_path).lifecycle() is None


def test_a_piece_comes_whole_and_at_once(storage, source):
    put(storage, KEY, source)
    assert storage.read_piece(KEY, 1000, 5000) == BODY[1000:6000]
    assert storage.read_piece(KEY, len(BODY) - 10, 10) == BODY[-10:]
    with pytest.raises(Missing):
        storage.read_piece("chat/a/unfiled/none", 0, 1)
