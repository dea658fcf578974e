"""An admin page that only looks, and has one thing to do: wish the same again, for one row or for many."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString


class LookAdmin(admin.ModelAdmin):
    """Rows that the program writes and people only read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AgainAdmin(admin.ModelAdmin):
    """Subclasses say what `again` does with the rows; its label is on the list's action and on the row's button."""

    again_label = "Run again"
    look_fields: tuple[str, ...] = ()
    actions = ("again_action",)

    def again(self, rows: QuerySet[Any]) -> int:
        """Wish them again; returns how many it was done for."""
        raise NotImplementedError

    @admin.action(description="Run the selected ones again", permissions=["change"])
    def again_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._do(request, queryset)

    @admin.display(description="")
    def again_button(self, row: Model) -> SafeString:
        return format_html('<input type="submit" name="_again" value="{}">', self.again_label)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return (*self.look_fields, "again_button")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return (*self.look_fields, "again_button")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        nothing_to_save = {"show_save": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **nothing_to_save})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Nothing on the page can be edited: pressing its button must not write the row."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return super().log_change(request, obj, self.again_label)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if "_again" in request.POST:
            self._do(request, self.get_queryset(request).filter(pk=obj.pk))
        return self.response_post_save_change(request, obj)

    def _do(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        count = self.again(rows)
        self.message_user(request, f"{self.again_label}: {count}.", messages.SUCCESS if count else messages.WARNING)
