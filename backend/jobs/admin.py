"""What failed for good, why, and "run again"."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html

from backend.jobs import queue
from backend.jobs.models import Job
from backend.lib.again import AgainAdmin

# Whose page shows the subject of a kind. Names only: this room does not know the others.
SUBJECT_PAGES = {
    "inbox": "tenants_tenant",
    "inbox_event": "chat_inboundevent",
    "download_media": "media_attachment",
    "profile_picture": "chat_contact",
}
ERROR_SHOWN = 120


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"
    CHOICES = {
        "failed": Q(failed=True),
        "open": Q(finished_at__isnull=True),
        "done": Q(finished_at__isnull=False, failed=False),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in self.CHOICES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        chosen = self.CHOICES.get(self.value() or "")
        return queryset.filter(chosen) if chosen is not None else queryset


@admin.register(Job)
class JobAdmin(AgainAdmin):
    list_display = ("id", "kind", "subject_link", "tenant", "state", "attempts", "last_error", "run_at", "finished_at")
    list_filter = (StateFilter, "queue", "kind")
    list_select_related = ("tenant",)
    search_fields = ("subject", "error")
    ordering = ("-id",)
    show_full_result_count = False
    look_fields = (
        "kind", "subject_link", "tenant", "queue", "state", "attempts", "wanted", "run_at", "leased_until", "leased_by",
        "error", "created_at", "finished_at",
    )  # fmt: skip

    def again(self, rows: QuerySet[Job]) -> int:
        """Only what is finished: an open job is due anyway."""
        return queue.run_again(list(rows.filter(finished_at__isnull=False)))

    @admin.display(description="subject", ordering="subject")
    def subject_link(self, job: Job) -> str:
        try:
            page = reverse(f"admin:{SUBJECT_PAGES[job.kind]}_change", args=[job.subject])
        except (KeyError, NoReverseMatch):
            return job.subject
        return format_html('<a href="{}">{}</a>', page, job.subject)

    @admin.display
    def state(self, job: Job) -> str:
        if job.finished_at:
            return "failed" if job.failed else "done"
        return "running" if job.leased_until and job.leased_until > timezone.now() else "open"

    @admin.display(description="last error")
    def last_error(self, job: Job) -> str:
        return job.error[:ERROR_SHOWN]
