"""Carla must see nothing of Acme, and nobody must see anything. An address without its case here fails."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

from asgi_workers.files import ROUTES
from backend.chat.models import Conversation, Message
from backend.gateways import evolution_send
from backend.media.models import Attachment
from backend.media.storages import media_storage
from tests.cast import Member
from tests.inbound import deliver, upsert
from tests.visitor import Visitor

PUBLIC = "answers anybody, and says nothing of a tenant"
THING = "is somebody's: 404 for a stranger, 401 for nobody"
LIST = "shows only the reader's own: 401 for nobody"
SECRET = "is for whoever holds the secret in its address: refused with any other"
STAFF = "for operators: a log-in page for everybody else"

SURFACE: dict[str, tuple[str, str]] = {
    # address → (what it is, the method to try)
    "api/health/": (PUBLIC, "get"),
    "api/health/live/": (PUBLIC, "get"),
    "api/health/ready/": (PUBLIC, "get"),
    "metrics": (PUBLIC, "get"),
    "api/openapi.json": (PUBLIC, "get"),
    "api/docs": (PUBLIC, "get"),
    "api/": (PUBLIC, "get"),
    "api/auth/login/": (PUBLIC, "post"),
    "api/auth/logout/": (PUBLIC, "post"),
    "api/me/": (LIST, "get"),
    "api/events/": (LIST, "get"),
    "api/chat/conversations/": (LIST, "get"),
    "api/chat/conversations/{conversation_id}/": (THING, "get patch"),
    "api/chat/conversations/{conversation_id}/read/": (THING, "post"),
    "api/chat/attachments/{attachment_id}/": (THING, "get"),
    "api/chat/attachments/{attachment_id}/retry/": (THING, "post"),
    "api/chat/attachments/{attachment_id}/pin/": (THING, "post"),
    "api/chat/attachments/{attachment_id}/download/": (THING, "get head"),
    "api/chat/attachments/{attachment_id}/thumbnail/": (THING, "get head"),
    "api/chat/attachments/{attachment_id}/renditions/{name}": (THING, "get head"),
    "api/chat/conversations/{conversation_id}/messages/": (THING, "get post"),
    "api/chat/messages/{message_id}/": (THING, "patch delete"),
    "api/chat/messages/{message_id}/retry/": (THING, "post"),
    "api/chat/messages/{message_id}/cancel/": (THING, "post"),
    "api/chat/messages/{message_id}/ask-again/": (THING, "post"),
    "api/chat/messages/{message_id}/reaction/": (THING, "put"),
    "api/chat/get-upload-url/": (THING, "post"),
    "api/chat/attachments/{attachment_id}/parts/": (THING, "post"),
    "api/chat/upload-complete/": (THING, "post"),
    "api/chat/upload-media/": (THING, "post"),
    "api/chat/uploads/{ticket}": (SECRET, "put"),
    "media/{media_hash}": (SECRET, "get head"),
    "api/chat/media-proxy/": (PUBLIC, "get head"),
    "api/media/proxy/": (PUBLIC, "get head"),
    "admin/": (STAFF, "get"),
    "^(?!api/|static/|media/|ws/|sandbox/)[^.]*$": (PUBLIC, "get"),
}


@dataclass(frozen=True)
class Acme:
    """What there is to see."""

    conversation: Conversation
    message: Message
    attachment: Attachment

    def path(self, address: str) -> str:
        ids = {"conversation_id": self.conversation.pk, "attachment_id": self.attachment.pk}
        ids |= {"message_id": self.message.pk, "name": "jpeg", "ticket": "guessed", "media_hash": "guessed"}
        return "/" + address.format(**ids)

    def body(self) -> dict[str, object]:
        """Enough for every address that is sent something."""
        ids = {"conversation_id": str(self.conversation.pk), "attachment_id": str(self.attachment.pk)}
        file = {"file_name": "x.jpg", "file_type": "image/jpeg", "file_size": 1, "numbers": [1]}
        words = {"client_id": "x", "text": "x", "emoji": "", "pinned": True, "email": "a@b.example", "password": "x"}
        return {**ids, **file, **words}

    def secrets(self) -> list[str]:
        """What must stand in no answer to a stranger."""
        return [str(self.conversation.pk), str(self.message.pk), str(self.attachment.pk), "segredo da Acme"]


@pytest.fixture
def acme_data(ana: Member, tmp_path: Path, s3: object) -> Acme:
    deliver(ana.instance, upsert("ISOLATION1", "segredo da Acme"))
    conversation, message = Conversation.objects.get(), Message.objects.get()
    key = f"chat/{ana.tenant.pk}/{conversation.pk}/file.jpg"
    file = tmp_path / "file.jpg"
    file.write_bytes(b"\xff\xd8\xff bytes of Acme")
    media_storage().save_file(key, file, "image/jpeg")
    attachment = Attachment.objects.create(
        tenant=ana.tenant,
        file_name="file.jpg",
        file_type="image/jpeg",
        size_bytes=file.stat().st_size,
        status="completed",
        storage_type=media_storage().storage_type,
        storage_key=key,
        thumbnail_key=key,
        renditions={"jpeg": key},
        content_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
    )
    message.attachment = attachment
    message.save()
    return Acme(conversation, message, attachment)


def addresses(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Every address of the program, `{name}` for what varies; the admin's own pages count as one."""
    for pattern in resolver.url_patterns:
        address = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLPattern) or address == "admin/":
            yield address
        else:
            yield from addresses(pattern, address)


def ask(client: Visitor, method: str, address: str, acme: Acme):
    path = "/" if address.startswith("^") else acme.path(address)
    if method in {"get", "head"}:
        return getattr(client, method)(path, query_params={"after": "0"} if path == "/api/events/" else None)
    if path == "/api/chat/upload-media/":
        return client.post(path, acme.body() | {"file": SimpleUploadedFile("x.jpg", b"x", "image/jpeg")})
    return getattr(client, method)(path, json.dumps(acme.body()), content_type="application/json")


def test_every_address_has_its_case() -> None:
    assert {*addresses(get_resolver()), *ROUTES} == set(SURFACE)


def cases(*kinds: str) -> list[tuple[str, str]]:
    return [
        (method, address) for address, (kind, methods) in SURFACE.items() if kind in kinds for method in methods.split()
    ]


@pytest.mark.parametrize(("method", "address"), cases(THING))
def test_the_owner_may(
    acme_data: Acme, ana: Member, method: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the tests below would prove nothing."""
    monkeypatch.setattr(evolution_send, "react", lambda *_: None)  # there is no gateway here
    answer = ask(ana.client, method, address, acme_data)

    assert answer.status_code in {200, 201, 202, 206, 409, 422}, answer.content


@pytest.mark.parametrize(("method", "address"), cases(THING))
def test_a_strangers_thing_is_not_there(acme_data: Acme, carla: Member, method: str, address: str) -> None:
    for client in (carla.client, carla.browser()):
        answer = ask(client, method, address, acme_data)
        assert answer.status_code == 404
        assert not any(secret in answer.content.decode() for secret in acme_data.secrets())


@pytest.mark.parametrize(("method", "address"), cases(THING, LIST))
def test_nobody_is_asked_who_they_are(acme_data: Acme, method: str, address: str) -> None:
    for client in (Visitor(), Visitor(headers={"Authorization": "Bearer nonsense"})):
        answer = ask(client, method, address, acme_data)
        assert answer.status_code == 401


@pytest.mark.parametrize(("method", "address"), cases(LIST, PUBLIC, STAFF))
def test_what_shows_many_things_shows_none_of_another_company(
    acme_data: Acme, carla: Member, method: str, address: str
) -> None:
    answer = ask(carla.client, method, address, acme_data)

    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert not any(secret in body.decode() for secret in acme_data.secrets())


@pytest.mark.parametrize(("method", "address"), cases(SECRET))
def test_a_guess_opens_nothing(acme_data: Acme, ana: Member, method: str, address: str) -> None:
    for client in (Visitor(), ana.client):
        assert ask(client, method, address, acme_data).status_code in {403, 404}


def test_naming_another_company_helps_nobody(acme_data: Acme, ana: Member, carla: Member) -> None:
    for _, address in cases(LIST):
        answer = carla.client.get(acme_data.path(address), {"after": 0}, headers={"X-Tenant": str(ana.tenant.pk)})
        assert answer.status_code == 404


def test_an_agent_is_no_operator(bruno: Member) -> None:
    answer = bruno.browser().get("/admin/")

    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/")


def test_every_row_that_belongs_to_a_tenant_says_so() -> None:
    of_everybody = {"tenants.user", "tenants.tenant"}
    ours = [model for label in ("tenants", "realtime", "jobs", "media", "chat") for model in models_of(label)]
    silent = {
        model._meta.label_lower
        for model in ours
        if "tenant" not in {f.name for f in model._meta.get_fields() if f.concrete}
    }

    assert silent == of_everybody


def models_of(label: str) -> list[type[Model]]:
    return [model for model in apps.get_app_config(label).get_models() if not model._meta.auto_created]


def test_every_storage_key_begins_with_its_tenant(acme_data: Acme) -> None:
    for attachment in Attachment.objects.all():
        for key in filter(None, [attachment.storage_key, attachment.thumbnail_key, *attachment.renditions.values()]):
            assert key.split("/")[1] == str(attachment.tenant_id)
