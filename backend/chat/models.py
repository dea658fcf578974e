"""People, conversations and messages, and the webhooks they came from."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from backend.lib.ids import new_id
from backend.media.models import Attachment
from backend.tenants.models import Instance, Tenant, User


class InboundEvent(models.Model):
    """A webhook as it was received, kept 7 days. `body` is the bytes, only a top-level `apikey` blanked.

    `processed_at` is set when it was understood or never can be; `error` then says why not (a stable code first).
    With `error` and no `processed_at` it is being tried again, alone, by a job of its own.
    """

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="inbound_events", db_index=False)
    instance = models.ForeignKey(Instance, models.CASCADE, related_name="inbound_events", db_index=False)
    event = models.CharField(max_length=60, blank=True, default="")
    body_sha256 = models.BinaryField(max_length=32)
    body = models.BinaryField()
    received_at = models.DateTimeField(default=timezone.now)
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["instance", "body_sha256"], name="one_row_per_delivery"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(F("tenant"), F("id"), condition=Q(processed_at__isnull=True), name="inbound_waiting"),
            models.Index(F("received_at"), name="inbound_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event or 'webhook'} #{self.pk}"


class Contact(models.Model):
    """A customer or a group: one person, however many addresses."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=255, blank=True, default="")
    phone = models.CharField(max_length=32, blank=True, default="", help_text="Digits; empty when only a LID is known")
    is_group = models.BooleanField(default=False)
    photo = models.ForeignKey(Attachment, models.SET_NULL, null=True, blank=True, related_name="+")
    photo_source = models.TextField(blank=True, default="", help_text="The address WhatsApp last gave for the picture")
    photo_asked_at = models.DateTimeField(
        null=True, blank=True, help_text="When a picture that we do not have was last asked for"
    )
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name or "contact"


class ContactAddress(models.Model):
    """One of a contact's names at WhatsApp: a phone with or without the Brazilian ninth digit, an @lid, an @g.us."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="addresses")
    address = models.CharField(max_length=160)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "address"], name="one_contact_per_address"),
        ]

    def __str__(self) -> str:
        return self.address


class Conversation(models.Model):
    """What is said between one of our numbers and one contact, until it is resolved."""

    class Status(models.TextChoices):
        OPEN = "open"
        PENDING = "pending"
        RESOLVED = "resolved"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="conversations")
    instance = models.ForeignKey(Instance, models.CASCADE, related_name="conversations")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="conversations")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    assignee = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    last_message = models.ForeignKey("Message", models.SET_NULL, null=True, blank=True, related_name="+")
    last_message_at = models.DateTimeField(null=True, blank=True)
    unread = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["instance", "contact"], condition=~Q(status="resolved"), name="one_open_conversation"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(F("tenant"), F("last_message_at").desc(), F("id").desc(), name="conversations_newest"),
        ]

    def __str__(self) -> str:
        return f"conversation {self.pk}"


class Message(models.Model):
    """One message. What WhatsApp says of it later only ever moves it forward."""

    class Direction(models.TextChoices):
        INCOMING = "incoming"
        OUTGOING = "outgoing"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="messages")
    instance = models.ForeignKey(Instance, models.CASCADE, related_name="messages", db_index=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages", db_index=False)
    direction = models.CharField(max_length=8, choices=Direction.choices)
    kind = models.CharField(max_length=12)
    status = models.CharField(max_length=10)
    text = models.TextField(blank=True, default="")
    attachment = models.ForeignKey(Attachment, models.SET_NULL, null=True, blank=True, related_name="messages")
    provider_id = models.CharField(max_length=120, blank=True, default="")
    client_id = models.CharField(max_length=64, blank=True, default="")
    author = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    sender_name = models.CharField(max_length=255, blank=True, default="", help_text="In a group: who wrote this")
    sender_phone = models.CharField(max_length=32, blank=True, default="")
    quoted = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    quote = models.JSONField(null=True, blank=True, help_text="{provider_id, kind, text} as the payload told it")
    reactions = models.JSONField(default=list, blank=True, help_text="[{emoji, by, address, at}], one per address")
    data = models.JSONField(default=dict, blank=True, help_text="what only this kind has")
    source = models.TextField(
        blank=True, default="", help_text="The provider's message without its bytes, to fetch the file again"
    )
    sent_at = models.DateTimeField()
    ready_at = models.DateTimeField(
        null=True, blank=True, help_text="When all of it was here: the order in which an agent's messages leave"
    )
    handed_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last handed to the gateway, whatever became of it"
    )
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_detail = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["instance", "provider_id"], condition=~Q(provider_id=""), name="one_message_per_provider_id"
            ),
            models.UniqueConstraint(
                fields=["conversation", "client_id"], condition=~Q(client_id=""), name="one_message_per_client_id"
            ),
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(status="sending"), name="one_hand_over_at_a_time"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(F("conversation"), F("sent_at").desc(), F("id").desc(), name="messages_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.kind} {self.pk}"


class Parked(models.Model):
    """News of a message that we do not know yet (a receipt, an edit, a deletion, a reaction), kept until it comes."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+")
    instance = models.ForeignKey(Instance, models.CASCADE, related_name="+", db_index=False)
    provider_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=12)
    content = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(F("instance"), F("provider_id"), name="parked_by_message"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.provider_id}"


class ErasedId(models.Model):
    """One of WhatsApp's ids that went with an erasure: the gateway still has it, and it must not be read back."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    digest = models.BinaryField(max_length=32)
    erased_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "digest"], name="erased_once"),
        ]

    def __str__(self) -> str:
        return f"erased {self.erased_at:%Y-%m-%d}"
