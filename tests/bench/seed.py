"""`python -m tests.bench.seed COUNT SANDBOX_URL`: companies in the database that the environment names, as JSON."""

import json
import os
import sys

import django


def main(count: int, sandbox_url: str) -> None:
    from backend.tenants.models import ApiToken, Instance, Membership, Tenant, User, hash_token

    made = []
    for number in range(1, count + 1):
        tenant = Tenant.objects.create(name=f"Company {number}", slug=f"company-{number}")
        user = User.objects.create_user(f"person@{tenant.slug}.example", None, first_name="Ana")
        Membership.objects.create(tenant=tenant, user=user, role=Membership.Role.OWNER)
        token = f"token-of-{tenant.slug}"
        ApiToken.objects.create(tenant=tenant, user=user, hash=hash_token(token), label="bench")
        instance = Instance.objects.create(
            tenant=tenant,
            provider="sandbox",
            name=f"number-{number}",
            base_url=sandbox_url,
            api_key=f"key-{number}",
            secret=f"secret-of-{tenant.slug}",
            state=Instance.State.CONNECTING,
        )
        made.append(
            {
                "tenant_id": str(tenant.pk),
                "instance_id": str(instance.pk),
                "instance": instance.name,
                "api_key": instance.api_key,
                "secret": instance.secret,
                "token": token,
            }
        )
    sys.stdout.write(json.dumps(made))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "backend.settings"
    django.setup()
    main(int(sys.argv[1]), sys.argv[2])
