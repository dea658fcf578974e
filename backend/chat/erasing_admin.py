"""An admin list whose rows can be erased for good: first it is told what would go, then it goes."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from backend.chat import erasure
from backend.chat.erasure import Scope
from backend.lib.again import LookAdmin
from backend.lib.errors import ChatError


class ErasingAdmin(LookAdmin):
    """Only for superusers. Subclasses say what belongs to a row."""

    actions = ("erase_for_good",)

    def scope_of(self, row: Any) -> Scope:
        raise NotImplementedError

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    @admin.action(description="Erase for good (LGPD)", permissions=["erase"])
    def erase_for_good(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            plans = [(row, erasure.look(self.scope_of(row))) for row in queryset]
            context = {**self.admin_site.each_context(request), "title": "Erase for good", "plans": plans}
            return TemplateResponse(request, "admin/chat/erase.html", context)
        for row in queryset:
            self._erase(request, row)
        return None

    def _erase(self, request: HttpRequest, row: Any) -> None:
        try:
            found = erasure.erase(self.scope_of(row))
        except ChatError as error:
            self.message_user(request, f"Not erased: {error.code}. {error.detail}", messages.ERROR)
        else:
            left = (
                f" {found.waiting} webhooks are not understood yet: do it again in a minute." if found.waiting else ""
            )
            level = messages.WARNING if found.waiting else messages.SUCCESS
            self.message_user(request, f"Erased: {found.messages} messages, {found.files} files.{left}", level)
