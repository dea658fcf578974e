"""A file: where its bytes are, what is known of them, and how far they have come."""

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from backend.lib.ids import new_id
from backend.tenants.models import Tenant


def new_media_hash() -> str:
    """128 random bits: whoever holds it may read the file (the gateway does). At most 32 characters."""
    return secrets.token_urlsafe(16)


class Attachment(models.Model):
    """pending → processing → completed | failed;  failed → pending (retry);  completed → processing (object gone);
    any → expired, final. Moves are conditional updates whose count is checked."""

    class Status(models.TextChoices):
        PENDING = "pending"
        PROCESSING = "processing"
        COMPLETED = "completed"
        FAILED = "failed"
        EXPIRED = "expired"

    class Storage(models.TextChoices):
        S3 = "s3"
        LOCAL = "local"
        DATABASE = "database"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="attachments")
    file_name = models.CharField(max_length=255)
    file_type = models.CharField(max_length=100)
    size_bytes = models.BigIntegerField(default=0)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    storage_type = models.CharField(max_length=10, choices=Storage.choices)
    storage_key = models.CharField(max_length=500, blank=True, default="")
    media_hash = models.CharField(max_length=32, unique=True, default=new_media_hash)
    content_sha256 = models.CharField(max_length=64, blank=True, default="")
    thumbnail_key = models.CharField(max_length=500, blank=True, default="")
    renditions = models.JSONField(default=dict, blank=True, help_text="name → storage key")
    metadata = models.JSONField(default=dict, blank=True, help_text="the fields of wire.Metadata that are known")
    upload = models.JSONField(
        default=dict,
        blank=True,
        help_text="{key, mime, size, multipart_id?, part_bytes?, voice?} while it is sent to us",
    )
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    stored_at = models.DateTimeField(
        null=True, blank=True, help_text="when its bytes were first all here: retention counts from then"
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    pinned = models.BooleanField(default=False)
    held = models.BooleanField(
        default=False, help_text="its objects are tagged to outlive the bucket's rule: only the sweeper removes them"
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="completed_is_readable",
                condition=~Q(status="completed") | (~Q(storage_key="") & ~Q(content_sha256="") & Q(size_bytes__gt=0)),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(F("tenant"), F("status"), name="attachments_by_status"),
            models.Index(F("expires_at"), condition=Q(expires_at__isnull=False), name="attachments_to_expire"),
            models.Index(F("id"), condition=Q(status="expired") & ~Q(storage_key=""), name="attachments_to_clear"),
            # Two rows of a tenant may share one object: who else has these bytes, and who else refers to this key.
            models.Index(
                F("tenant"), F("content_sha256"), condition=~Q(content_sha256=""), name="attachments_by_content"
            ),
            models.Index(F("storage_key"), condition=~Q(storage_key=""), name="attachments_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.status})"


class RetentionRule(models.Model):
    """How long a tenant's files of one kind are kept, where that is not MEDIA_RETENTION_DAYS."""

    class Kind(models.TextChoices):
        ANY = "", "every kind that has no rule of its own"
        IMAGE = "image"
        STICKER = "sticker"
        VIDEO = "video"
        AUDIO = "audio"
        VOICE = "voice"
        DOCUMENT = "document"

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="retention_rules")
    kind = models.CharField(max_length=12, choices=Kind.choices, blank=True, default=Kind.ANY)
    days = models.PositiveIntegerField(help_text="0: kept for good")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "kind"], name="one_rule_per_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind or 'every kind'}: {self.days or 'no'} days"
