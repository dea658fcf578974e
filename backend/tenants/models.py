"""Who is asking, and through which WhatsApp number."""

import hashlib
import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from backend.lib.ids import new_id

TOKEN_BYTES = 32


class UserManager(BaseUserManager["User"]):
    """People are known by their e-mail address; there is no user name."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A person; what they may see is said by their memberships."""

    username = None  # type: ignore[assignment]  # AbstractUser's field goes: the e-mail address is the name
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # the inherited manager creates by user name

    @property
    def name(self) -> str:
        return self.get_full_name() or self.email.partition("@")[0]


class Tenant(models.Model):
    """A company. Every row that belongs to one says so."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """This person works here."""

    class Role(models.TextChoices):
        OWNER = "owner"
        AGENT = "agent"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.AGENT)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="one_membership_per_person")]

    def __str__(self) -> str:
        return f"{self.user} · {self.tenant}"


def hash_token(token: str) -> str:
    """Tokens have 256 random bits: one SHA-256 is as good as a slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class ApiToken(models.Model):
    """A program's key to one tenant, in the name of a person. Only its hash is stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="api_tokens")
    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    hash = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.label or 'token'} of {self.user}"


def new_secret() -> str:
    """What identifies an instance in its webhook URL: 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class Instance(models.Model):
    """A WhatsApp number, as the gateway knows it. `secret` names it in the webhook URL; a body's own claims do not."""

    class State(models.TextChoices):
        OPEN = "open"
        CONNECTING = "connecting"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="instances")
    provider = models.CharField(max_length=20, default="evolution")
    name = models.CharField(max_length=120, help_text="The instance's name at the gateway")
    base_url = models.URLField(max_length=500, help_text="The gateway's address; a private one is allowed here")
    api_key = models.CharField(max_length=255, blank=True)
    secret = models.CharField(max_length=64, unique=True, default=new_secret)
    address = models.CharField(max_length=120, blank=True, help_text="Our own number at WhatsApp, once it is known")
    state = models.CharField(max_length=12, choices=State.choices, default=State.CLOSED)
    state_since = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    gateway_version = models.CharField(max_length=40, blank=True, editable=False, help_text="As the gateway says it")
    read_back_to = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The newest message that was seen in the gateway's own records"
    )
    silent_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Connected, and quieter than it usually is at this hour"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "provider", "name"], name="one_instance_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.tenant})"
