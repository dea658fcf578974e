"""An operator's pages: every list and row opens, what failed can be run again, what was stored understood again."""

import hashlib

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from backend.chat.models import Contact, Conversation, InboundEvent, Message
from backend.jobs.models import Job
from backend.media import retention
from backend.ops import demo
from backend.tenants.models import Tenant, User
from tests.cast import Member
from tests.inbound import deliver, upsert


@pytest.fixture
def operator(transactional_db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ops@example.com", "a good long password"))
    return client


def failed_job(subject: str, tenant: Tenant) -> Job:
    return Job.objects.create(
        tenant=tenant, kind="download_media", subject=subject, queue="media_download", failed=True,
        finished_at=timezone.now(), attempts=4, error="storage_unavailable: away",
    )  # fmt: skip


def stored_event(who: Member, body: bytes) -> InboundEvent:
    return InboundEvent.objects.create(
        tenant=who.tenant, instance=who.instance, event="messages.upsert", body=body,
        body_sha256=hashlib.sha256(body).digest(), processed_at=timezone.now(), error="not_understood: KeyError",
    )  # fmt: skip


def press(client: Client, page: str, *rows: int) -> int:
    data = {"action": "again_action", "_selected_action": [str(row) for row in rows]}
    return client.post(reverse(f"admin:{page}_changelist"), data).status_code


def open_jobs() -> set[tuple[str, str]]:
    return set(Job.objects.filter(finished_at__isnull=True).values_list("kind", "subject"))


def test_failed_jobs_are_wanted_again_many_at_once(operator: Client, ana: Member) -> None:
    first, second = failed_job("a", ana.tenant), failed_job("b", ana.tenant)

    press(operator, "jobs_job", first.pk, second.pk)

    assert open_jobs() == {("download_media", "a"), ("download_media", "b")}


def test_one_failed_job_is_wanted_again_from_its_page(operator: Client, ana: Member) -> None:
    job = failed_job("a", ana.tenant)

    operator.post(reverse("admin:jobs_job_change", args=[job.pk]), {"_again": "Run again"})

    assert open_jobs() == {("download_media", "a")}
    assert Job.objects.get(pk=job.pk).failed


def test_a_jobs_page_links_to_its_subject_and_tells_the_error(operator: Client, ana: Member) -> None:
    job = failed_job("0196f000-0000-7000-8000-000000000000", ana.tenant)

    page = operator.get(reverse("admin:jobs_job_change", args=[job.pk])).text

    assert reverse("admin:media_attachment_change", args=[job.subject]) in page
    assert job.error in page


def test_stored_webhooks_are_understood_again_many_at_once(operator: Client, ana: Member, carla: Member) -> None:
    events = [stored_event(ana, b"1"), stored_event(ana, b"2"), stored_event(carla, b"3")]

    press(operator, "chat_inboundevent", *(event.pk for event in events))

    assert not InboundEvent.objects.exclude(processed_at=None, error="").exists()
    assert open_jobs() == {("inbox", str(ana.tenant.pk)), ("inbox", str(carla.tenant.pk))}


def test_one_stored_webhook_is_understood_again_from_its_page(operator: Client, ana: Member) -> None:
    event = stored_event(ana, b'{"event": "messages.upsert"}')
    other = stored_event(ana, b"2")

    operator.post(reverse("admin:chat_inboundevent_change", args=[event.pk]), {"_again": "Process again"})

    assert InboundEvent.objects.get(pk=event.pk).processed_at is None
    assert InboundEvent.objects.get(pk=other.pk).processed_at is not None
    assert bytes(InboundEvent.objects.get(pk=event.pk).body) == b'{"event": "messages.upsert"}'


def test_every_page_opens(operator: Client, ana: Member, settings: Settings) -> None:
    settings.DEBUG = True
    demo.make()
    failed_job("a", ana.tenant)
    stored_event(ana, b"\xff{")
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert operator.get(reverse(f"{name}_changelist")).status_code == 200, model
        row = model._default_manager.first()
        if row is not None:
            assert operator.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200, page
    for addable in ("tenants_user", "tenants_tenant", "tenants_instance"):
        assert operator.get(reverse(f"admin:{addable}_add")).status_code == 200, addable


def test_a_numbers_key_is_never_shown_and_stays_when_left_empty(operator: Client, ana: Member) -> None:
    page = reverse("admin:tenants_instance_change", args=[ana.instance.pk])
    assert ana.instance.api_key not in operator.get(page).text
    fields = {
        "tenant": ana.tenant.pk,
        "provider": "evolution",
        "name": "renamed",
        "base_url": "http://127.0.0.1:9/",
        "api_key": "",
    }

    operator.post(page, fields)

    ana.instance.refresh_from_db()
    assert (ana.instance.name, ana.instance.api_key) == ("renamed", "acme-api-key")


def test_agents_have_no_admin(bruno: Member) -> None:
    assert bruno.browser().get(reverse("admin:jobs_job_changelist")).status_code == 302


# --- Erased for good ------------------------------------------------------------------------------------------------


@pytest.fixture
def storage(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("s3")


def erase(client: Client, page: str, *rows: object, **more: str):
    data = {"action": "erase_for_good", "_selected_action": [str(row) for row in rows]} | more
    return client.post(reverse(f"admin:{page}_changelist"), data)


def test_an_operator_sees_what_goes_before_it_goes(operator: Client, ana: Member, storage: None) -> None:
    deliver(ana.instance, upsert("ERASED1", "um segredo"))
    contact = Contact.objects.get()

    told = erase(operator, "chat_contact", contact.pk)
    assert told.status_code == 200 and "1 conversations, 1 messages" in told.content.decode()
    assert Contact.objects.exists()

    assert erase(operator, "chat_contact", contact.pk, confirmed="yes").status_code == 302
    assert not Contact.objects.exists() and not Message.objects.exists()


def test_of_a_conversation_the_contact_stays(operator: Client, ana: Member, storage: None) -> None:
    deliver(ana.instance, upsert("ERASED1", "um segredo"))
    erase(operator, "chat_conversation", Conversation.objects.get().pk, confirmed="yes")
    assert Contact.objects.exists() and not Conversation.objects.exists()


def test_who_may_only_look_may_not_erase(ana: Member) -> None:
    """Staff with every permission, and not a superuser."""
    deliver(ana.instance, upsert("ERASED1", "um segredo"))
    helper = User.objects.create_user("helper@example.com", "a good long password", is_staff=True)
    helper.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(helper)
    erase(client, "chat_contact", Contact.objects.get().pk, confirmed="yes")
    assert Contact.objects.exists()


def test_an_operator_says_how_long_files_are_kept(operator: Client, ana: Member) -> None:
    data = {"tenant": str(ana.tenant.pk), "kind": "video", "days": "0"}
    assert operator.post(reverse("admin:media_retentionrule_add"), data).status_code == 302
    assert retention.terms_of(ana.tenant.pk).days("video") == 0
    assert "for good" in operator.get(reverse("admin:media_retentionrule_changelist")).content.decode()
    assert operator.post(reverse("admin:media_retentionrule_add"), data).status_code == 200  # one rule for each kind
