"""Who plays in the tests: Ana owns Acme, Bruno works there, Carla is of another company and must see nothing of it."""

from dataclasses import dataclass

from backend.tenants.models import ApiToken, Instance, Membership, Tenant, User, hash_token
from tests.visitor import Visitor

PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a company. `client` speaks HTTP with their token; `instance` is their company's WhatsApp number."""

    user: User
    tenant: Tenant
    role: str
    token: str
    client: Visitor
    instance: Instance

    def browser(self, *, enforce_csrf_checks: bool = False) -> Visitor:
        """A client with a session instead of a token."""
        client = Visitor(enforce_csrf_checks=enforce_csrf_checks)
        client.force_login(self.user)
        return client


def company(name: str) -> tuple[Tenant, Instance]:
    """A tenant with one WhatsApp number, whose webhook secret is `{slug}-secret`."""
    slug = name.lower()
    tenant = Tenant.objects.create(name=name, slug=slug)
    instance = Instance.objects.create(
        tenant=tenant,
        name=f"{slug}-01",
        base_url="http://127.0.0.1:9/gateway",  # nothing listens on 9: a test that calls it says where instead
        api_key=f"{slug}-api-key",
        secret=f"{slug}-secret",
        state=Instance.State.OPEN,
    )
    return tenant, instance


def hire(name: str, role: Membership.Role, tenant: Tenant, instance: Instance) -> Member:
    """Make `name` a member of the company, with a password and a token."""
    user = User.objects.create_user(f"{name.lower()}@{tenant.slug}.example", PASSWORD, first_name=name)
    Membership.objects.create(tenant=tenant, user=user, role=role)
    token = f"token-of-{name.lower()}"
    ApiToken.objects.create(tenant=tenant, user=user, hash=hash_token(token), label="tests")
    client = Visitor(headers={"Authorization": f"Bearer {token}"})
    return Member(user, tenant, role.value, token, client, instance)
