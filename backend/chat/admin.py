"""What came in and what was said. A stored webhook can be understood again, one or many."""

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from backend.chat import erasure, work
from backend.chat.erasing_admin import ErasingAdmin
from backend.chat.erasure import Scope
from backend.chat.models import Contact, ContactAddress, Conversation, InboundEvent, Message
from backend.jobs import queue
from backend.lib.again import AgainAdmin, LookAdmin

BODY_SHOWN = 20_000
ERROR_SHOWN = 120


@admin.register(InboundEvent)
class InboundEventAdmin(AgainAdmin):
    again_label = "Process again"
    list_display = ("id", "event", "tenant", "instance", "received_at", "processed_at", "short_error")
    list_filter = (
        ("processed_at", admin.EmptyFieldListFilter),
        ("error", admin.EmptyFieldListFilter),
        "event",
        "tenant",
    )
    list_select_related = ("tenant", "instance")
    search_fields = ("error",)
    ordering = ("-id",)
    show_full_result_count = False
    look_fields = ("event", "tenant", "instance", "received_at", "processed_at", "error", "body_text")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[InboundEvent]":
        events: QuerySet[InboundEvent] = super().get_queryset(request)
        return events.defer("body")

    def again(self, rows: QuerySet[InboundEvent]) -> int:
        """Waiting once more, in their old place; rows that are already in the database make them no-ops."""
        with transaction.atomic():
            tenant_ids = set(rows.values_list("tenant_id", flat=True))
            count = rows.update(processed_at=None, error="")
            for tenant_id in sorted(tenant_ids):
                queue.enqueue(work.INBOX, tenant_id, tenant_id=tenant_id)
        return count

    @admin.display(description="error")
    def short_error(self, event: InboundEvent) -> str:
        return event.error[:ERROR_SHOWN]

    @admin.display(description="body")
    def body_text(self, event: InboundEvent) -> str:
        return bytes(event.body[:BODY_SHOWN]).decode(errors="replace")


class AddressInline(admin.TabularInline):
    model = ContactAddress
    extra = 0
    can_delete = False
    exclude = ("tenant",)


@admin.register(Contact)
class ContactAdmin(ErasingAdmin):
    list_display = ("name", "phone", "tenant", "is_group", "created_at")
    list_filter = ("is_group", "tenant")
    list_select_related = ("tenant",)
    search_fields = ("name", "phone", "addresses__address")
    show_full_result_count = False
    inlines = (AddressInline,)

    def scope_of(self, row: Contact) -> Scope:
        return erasure.of_contact(row)


@admin.register(Conversation)
class ConversationAdmin(ErasingAdmin):
    list_display = ("id", "contact", "tenant", "instance", "status", "assignee", "unread", "last_message_at")
    list_filter = ("status", "tenant")
    list_select_related = ("contact", "tenant", "instance", "assignee")
    search_fields = ("id", "contact__name", "contact__phone")
    ordering = ("-last_message_at",)
    show_full_result_count = False

    def scope_of(self, row: Conversation) -> Scope:
        return erasure.of_conversation(row)


@admin.register(Message)
class MessageAdmin(LookAdmin):
    list_display = ("id", "tenant", "conversation", "direction", "kind", "status", "error_code", "sent_at")
    list_filter = ("status", "direction", "kind", "error_code", "tenant")
    list_select_related = ("tenant", "conversation")
    search_fields = ("id", "provider_id", "client_id")
    ordering = ("-sent_at",)
    show_full_result_count = False
