"""Files as rows: what is known of each, and why one failed. Their bytes are shown to nobody here."""

from django.contrib import admin

from backend.lib.again import LookAdmin
from backend.media.models import Attachment


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
