"""Logging in and being somebody: sessions with CSRF for browsers, tokens for programs."""

import json

import pytest
from django.test import Client

from backend.tenants import access
from backend.tenants.models import ApiToken, Membership
from tests.cast import PASSWORD, Member, company
from tests.visitor import Visitor


def log_in(client: Client, email: str, password: str = PASSWORD):
    client.get("/api/me/")
    return client.post(
        "/api/auth/login/",
        json.dumps({"email": email, "password": password}),
        content_type="application/json",
        headers={"X-CSRFToken": client.cookies["csrftoken"].value},
    )


def test_a_person_logs_in_and_is_somebody(ana: Member) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = log_in(browser, " ANA@acme.example ")

    assert answer.status_code == 200
    me = browser.get("/api/me/").json()
    assert me == answer.json()
    assert (me["user"]["name"], me["tenant"]["name"], me["tenant"]["role"]) == ("Ana", "Acme", "owner")
    assert [instance["name"] for instance in me["instances"]] == ["acme-01"]
    assert me["limits"]["image"]["max_bytes"] == 10 * 1024 * 1024
    assert "image/heic" in me["limits"]["image"]["types"]


def test_a_wrong_password_and_an_unknown_person_are_told_alike(ana: Member) -> None:
    answers = [log_in(Client(), "ana@acme.example", "wrong"), log_in(Client(), "nobody@acme.example")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(401, "invalid_credentials")] * 2


def test_a_login_without_the_csrf_token_is_refused(ana: Member) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post(
        "/api/auth/login/", json.dumps({"email": ana.user.email, "password": PASSWORD}), content_type="application/json"
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_too_many_attempts_are_held_off(ana: Member) -> None:
    codes = [log_in(Client(), ana.user.email, "wrong").json()["code"] for _ in range(11)]

    assert codes == ["invalid_credentials"] * 10 + ["too_many_attempts"]


def test_who_logged_out_is_nobody(ana: Member) -> None:
    browser = ana.browser()
    assert browser.post("/api/auth/logout/").status_code == 204
    answer = browser.get("/api/me/")

    assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in")


def test_nobody_is_told_so_and_given_the_csrf_cookie(db: None) -> None:
    answer = Client().get("/api/me/")

    assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.cookies["csrftoken"].value


def test_a_change_by_session_needs_the_csrf_token_and_one_by_token_does_not(ana: Member) -> None:
    path = "/api/chat/conversations/00000000-0000-7000-8000-000000000000/read/"
    by_session = ana.browser(enforce_csrf_checks=True).post(path)
    by_token = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {ana.token}"}).post(path)

    assert (by_session.status_code, by_session.json()["code"]) == (403, "csrf_failed")
    assert (by_token.status_code, by_token.json()["code"]) == (404, "no_such_conversation")


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Basic YTpi", "nonsense"])
def test_a_bad_token_decides_alone_even_beside_a_good_session(ana: Member, header: str) -> None:
    browser = ana.browser(enforce_csrf_checks=True)
    for answer in (
        browser.get("/api/me/", headers={"Authorization": header}),
        browser.post("/api/chat/conversations/x/read/", headers={"Authorization": header}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_a_token_ends_with_the_membership_and_with_the_person(ana: Member, bruno: Member) -> None:
    Membership.objects.filter(user=ana.user).delete()
    bruno.user.is_active = False
    bruno.user.save()

    assert [member.client.get("/api/me/").status_code for member in (ana, bruno)] == [401, 401]


def test_a_session_ends_with_the_last_membership(ana: Member) -> None:
    browser = ana.browser()
    Membership.objects.filter(user=ana.user).delete()

    assert browser.get("/api/me/").status_code == 401


def test_a_person_of_two_companies_names_the_one_they_mean(ana: Member, carla: Member) -> None:
    Membership.objects.create(tenant=carla.tenant, user=ana.user, role=Membership.Role.AGENT)
    browser = ana.browser()

    assert browser.get("/api/me/").json()["tenant"]["name"] == "Acme"
    there = browser.get("/api/me/", headers={"X-Tenant": str(carla.tenant.pk)}).json()
    assert (there["tenant"]["name"], there["tenant"]["role"]) == ("Globex", "agent")
    assert {tenant["name"] for tenant in there["tenants"]} == {"Acme", "Globex"}


@pytest.mark.parametrize("wanted", ["stranger", "nonsense"])
def test_another_companys_name_is_not_found(ana: Member, carla: Member, wanted: str) -> None:
    tenant = str(carla.tenant.pk) if wanted == "stranger" else wanted
    answer = ana.client.get("/api/me/", headers={"X-Tenant": tenant})

    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_tenant")


def test_only_the_tokens_hash_is_stored(ana: Member) -> None:
    assert not ApiToken.objects.filter(hash=ana.token).exists()
    assert company("Other")[1].secret != ana.instance.secret


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/nope", 404, "not_found"),
        ("get", "/api/auth/login/", 405, "method_not_allowed"),
        ("post", "/api/auth/login", 404, "not_found"),
    ],
)
def test_whatever_refuses_below_api_says_so_as_a_problem(
    ana: Member, method: str, path: str, status: int, code: str
) -> None:
    answer = getattr(ana.client, method)(path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_the_operators_door_counts_attempts_too(ana: Member) -> None:
    browser = Client()
    for _ in range(10):
        browser.post("/admin/login/", {"username": ana.user.email, "password": "wrong"})
    answer = log_in(Client(), ana.user.email)

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")


def test_without_a_cache_people_can_still_log_in(ana: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def __getattr__(self, name: str):
            raise ConnectionError("no redis")

    monkeypatch.setattr("backend.tenants.throttle.cache", Away())

    assert log_in(Client(), ana.user.email).status_code == 200


def test_cookies_that_are_not_ours_do_no_harm(ana: Member) -> None:
    browser = ana.browser()
    session = browser.cookies["sessionid"].value
    headers = {b"cookie": f'prefs={{"a":1}}; _ga=x y; sessionid={session}'.encode()}

    assert access.caller_of(headers).user == ana.user


def test_a_nul_in_a_login_is_a_refusal_and_no_fault_of_ours(ana: Member) -> None:
    answers = [log_in(Client(), "a\x00@acme.example"), log_in(Client(), ana.user.email, "x\x00")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "invalid")] * 2


def test_a_nul_in_a_session_cookie_is_nobody_and_no_fault_of_ours(db: None) -> None:
    answer = Client().get("/api/me/", headers={"Cookie": 'sessionid="\\000aaaaaaaaaaaa"'})

    assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in")


@pytest.mark.parametrize("shape", ["%00", "a%00b", "%2e%2e%2fsecret", "x" * 500, "\u00e9"])
def test_a_hash_of_a_wrong_shape_names_nothing(db: None, shape: str) -> None:
    assert Visitor().get(f"/media/{shape}").status_code == 404
