"""The demo: two companies to log in to, and a simulated WhatsApp number each. Made again, it changes nothing.

Passwords, tokens and webhook secrets are HMACs of SECRET_KEY and the name they belong to, so they can be printed again
at any time while the rows hold only their hashes. Whoever knows SECRET_KEY knows them: hence never without DEBUG.
"""

import base64
import hashlib
import hmac
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from backend.chat.models import Contact, ContactAddress, Conversation, Message
from backend.lib.errors import Refused
from backend.ops.demo_story import STORY, Line, Talk
from backend.tenants.models import ApiToken, Instance, Membership, Tenant, User, hash_token

ROLE = Membership.Role


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A login, as plain as it must be to be typed in."""

    name: str
    email: str
    password: str
    api_token: str
    role: str


@dataclass(frozen=True, slots=True)
class DemoCompany:
    """A tenant, where its gateway delivers, and its people."""

    tenant: str
    tenant_id: str
    instance: str
    webhook_url: str
    users: tuple[DemoUser, ...]


@dataclass(frozen=True, slots=True)
class Demo:
    """Everything that a person or a script needs to begin."""

    url: str
    sandbox_url: str
    acme: DemoCompany
    other: DemoCompany

    def as_json(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "sandbox_url": self.sandbox_url,
            **asdict(self.acme),
            "other_tenant": asdict(self.other),
        }

    def as_text(self) -> str:
        people = [
            f"  {company.tenant:<20} {user.role:<6} {user.email:<22} {user.password}"
            for company in (self.acme, self.other)
            for user in company.users
        ]
        return "\n".join(
            [
                f"Chat      {self.url}/",
                f"Phone     {self.sandbox_url}/",
                f"Webhook   {self.acme.webhook_url}",
                "Logins",
                *people,
            ]
        )


def make(*, url: str = "", sandbox_url: str = "") -> Demo:
    """The demo's rows, made where they are missing; the numbers are wired to `sandbox_url`. Quick when all is there.

    `url` is where this program is reached, `sandbox_url` where the simulated gateway is: by default at /sandbox of it.
    Raises Refused `demo_needs_debug` in production.
    """
    if not settings.DEBUG:
        raise Refused(
            "demo_needs_debug", "the demo's passwords are derived from SECRET_KEY: set DEBUG=1, or make users"
        )
    url = (url or settings.PUBLIC_BASE_URL or f"http://127.0.0.1:{settings.PORT}").rstrip("/")
    sandbox_url = (sandbox_url or f"{url}/sandbox").rstrip("/")
    with transaction.atomic():
        acme = _company("Clínica Acme", "acme", "clinica-01", sandbox_url, url)
        acme = replace(acme, users=(_user("Ana", ROLE.OWNER, "acme"), _user("Bruno", ROLE.AGENT, "acme")))
        other = _company("Globex Odontologia", "globex", "globex-01", sandbox_url, url)
        other = replace(other, users=(_user("Carla", ROLE.OWNER, "globex"),))
        _tell_the_story()
    return Demo(url, sandbox_url, acme, other)


def derived(purpose: str, name: str, *, characters: int) -> str:
    """The secret of `name` for `purpose`: the same for the same SECRET_KEY, 5 bits a character."""
    key = settings.SECRET_KEY.encode()
    digest = hmac.digest(key, f"demo {purpose}:{name}".encode(), hashlib.sha256)
    return base64.b32encode(digest).decode().lower()[:characters]


def _company(name: str, slug: str, number: str, sandbox_url: str, url: str) -> DemoCompany:
    tenant, _ = Tenant.objects.get_or_create(slug=slug, defaults={"name": name})
    secret = derived("webhook", number, characters=43)
    wiring = {"base_url": sandbox_url, "secret": secret, "api_key": derived("gateway", number, characters=32)}
    instance, is_new = Instance.objects.get_or_create(
        tenant=tenant,
        provider="sandbox",
        name=number,
        defaults={**wiring, "state": Instance.State.OPEN},
    )
    if not is_new and any(getattr(instance, field) != value for field, value in wiring.items()):
        Instance.objects.filter(pk=instance.pk).update(**wiring)
    return DemoCompany(name, str(tenant.pk), number, f"{url}/api/webhooks/evolution/{secret}", ())


def _user(name: str, role: Membership.Role, slug: str) -> DemoUser:
    tenant = Tenant.objects.get(slug=slug)
    email = f"{name.lower()}@{slug}.example"
    password, token = derived("password", email, characters=16), derived("token", email, characters=43)
    is_operator = slug == "acme" and role == ROLE.OWNER
    operator = {"is_staff": is_operator, "is_superuser": is_operator}
    user, _ = User.objects.get_or_create(email=email, defaults={"first_name": name, **operator})
    if not ApiToken.objects.filter(user=user, tenant=tenant, hash=hash_token(token)).exists():
        # New, or SECRET_KEY has changed: the token's hash tells without the price of checking a password.
        ApiToken.objects.filter(user=user, tenant=tenant, label="demo").delete()
        ApiToken.objects.create(user=user, tenant=tenant, hash=hash_token(token), label="demo")
        user.set_password(password)
        user.save(update_fields=["password"])
    Membership.objects.get_or_create(tenant=tenant, user=user, defaults={"role": role})
    return DemoUser(name, email, password, token, role.value)


def _tell_the_story() -> None:
    instance = Instance.objects.select_related("tenant").get(name="clinica-01", tenant__slug="acme", provider="sandbox")
    if Conversation.objects.filter(instance=instance).exists():
        return
    people = {user.first_name.lower(): user for user in User.objects.filter(email__endswith="@acme.example")}
    for talk in STORY:
        _tell(talk, instance, people)


def _tell(talk: Talk, instance: Instance, people: dict[str, User]) -> None:
    tenant = instance.tenant
    contact = Contact.objects.create(tenant=tenant, name=talk.name, phone=talk.phone)
    ContactAddress.objects.create(tenant=tenant, contact=contact, address=talk.phone)
    conversation = Conversation.objects.create(
        tenant=tenant,
        instance=instance,
        contact=contact,
        status=talk.status,
        assignee=people.get(talk.assignee),
        unread=talk.unread,
    )
    last = [_say(line, talk, conversation, people) for line in talk.lines][-1]
    conversation.last_message, conversation.last_message_at = last, last.sent_at
    conversation.save(update_fields=["last_message", "last_message_at"])


def _say(line: Line, talk: Talk, conversation: Conversation, people: dict[str, User]) -> Message:
    author = people.get(line.speaker)
    sent_at = timezone.now() - timedelta(minutes=line.minutes_ago)
    return Message.objects.create(
        tenant=conversation.tenant,
        instance=conversation.instance,
        conversation=conversation,
        direction=Message.Direction.OUTGOING if author else Message.Direction.INCOMING,
        kind="text",
        status="read" if author else "received",
        text=line.text,
        author=author,
        provider_id=f"DEMO{talk.phone}{line.minutes_ago:05d}",
        sent_at=sent_at,
        created_at=sent_at,
    )
