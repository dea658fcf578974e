"""Files as rows: what is known of each, and why one failed. Their bytes are shown to nobody here."""

from django.contrib import admin

from backend.lib.again import LookAdmin
from backend.media.models import Attachment, RetentionRule


@admin.register(Attachment)
class AttachmentAdmin(LookAdmin):
    list_display = (
        "file_name",
        "tenant",
        "file_type",
        "size_bytes",
        "status",
        "error_code",
        "storage_type",
        "created_at",
    )
    list_filter = ("status", "storage_type", "error_code", "tenant")
    list_select_related = ("tenant",)
    search_fields = ("id", "file_name", "storage_key", "content_sha256")
    ordering = ("-created_at",)
    show_full_result_count = False
    exclude = ("media_hash",)  # a capability: whoever holds it may read the file


@admin.register(RetentionRule)
class RetentionRuleAdmin(admin.ModelAdmin):
    """A change counts for the files that are here, too, with the next hourly housekeeping."""

    list_display = ("tenant", "kind_shown", "days_shown")
    list_filter = ("tenant", "kind")
    list_select_related = ("tenant",)
    autocomplete_fields = ("tenant",)

    @admin.display(description="kind", ordering="kind")
    def kind_shown(self, rule: RetentionRule) -> str:
        return rule.get_kind_display()

    @admin.display(description="days", ordering="days")
    def days_shown(self, rule: RetentionRule) -> str:
        return str(rule.days) if rule.days else "for good"
