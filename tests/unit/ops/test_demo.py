"""The demo data: complete, printable again, harmless in production."""

import json
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db.models import Model
from pytest_django import Settings

from backend.chat.models import Conversation, Message
from backend.ops import demo
from backend.tenants.models import ApiToken, Instance, Membership, Tenant, User, hash_token
from tests.cast import Member

pytestmark = pytest.mark.django_db
ROWS: tuple[type[Model], ...] = (Tenant, User, Membership, ApiToken, Instance, Conversation, Message)


@pytest.fixture(autouse=True)
def _development(settings: Settings) -> None:
    settings.DEBUG = True


def printed(*arguments: str) -> dict[str, object]:
    out = StringIO()
    call_command("demo", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


def snapshot() -> list[object]:
    return [sorted(map(str, kind._default_manager.values_list())) for kind in ROWS]


def test_the_second_time_prints_the_same_and_changes_nothing() -> None:
    first, rows = printed(), snapshot()

    assert printed() == first
    assert snapshot() == rows


def test_the_printed_logins_work() -> None:
    made = demo.make()

    for company in (made.acme, made.other):
        for user in company.users:
            assert authenticate(username=user.email, password=user.password)
            assert ApiToken.objects.get(hash=hash_token(user.api_token)).tenant_id.__str__() == company.tenant_id


def test_the_printed_webhook_is_the_instances() -> None:
    made = printed("--url", "http://127.0.0.1:9999")

    secret = str(made["webhook_url"]).removeprefix("http://127.0.0.1:9999/api/webhooks/evolution/")
    assert Instance.objects.get(secret=secret).base_url == "http://127.0.0.1:9999/sandbox"


def test_another_sandbox_is_wired_without_new_rows() -> None:
    printed()
    printed("--sandbox-url", "http://127.0.0.1:7777")

    assert set(Instance.objects.values_list("base_url", flat=True)) == {"http://127.0.0.1:7777"}
    assert Instance.objects.count() == 2


def test_a_new_secret_key_gives_new_logins_that_work(settings: Settings) -> None:
    old = demo.make().acme.users[0]
    settings.SECRET_KEY = "another secret altogether"

    new = demo.make().acme.users[0]

    assert new.password != old.password
    assert authenticate(username=new.email, password=new.password)
    assert not ApiToken.objects.filter(hash=hash_token(old.api_token)).exists()


def test_production_refuses(settings: Settings) -> None:
    settings.DEBUG = False

    with pytest.raises(CommandError, match="DEBUG=1"):
        printed()
    assert not User.objects.exists()


def test_an_api_token_is_printed_once_and_stored_hashed(bruno: Member) -> None:
    out = StringIO()
    call_command("api_token", "acme", bruno.user.email, stdout=out)

    assert ApiToken.objects.get(hash=hash_token(out.getvalue().strip())).user == bruno.user


def test_a_stranger_gets_no_api_token(ana: Member, carla: Member) -> None:
    with pytest.raises(CommandError, match="nobody"):
        call_command("api_token", "acme", carla.user.email)
