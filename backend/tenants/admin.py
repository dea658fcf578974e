"""Companies, their people and their WhatsApp numbers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.http import HttpRequest

from backend.tenants.models import ApiToken, Instance, Membership, Tenant, User

admin.site.site_header = "ALREA Sense Chat"
admin.site.site_title = "ALREA Sense Chat"
admin.site.index_title = "Administration"
admin.site.unregister(Group)


class NewPersonForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


class PersonForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)
    exclude = ("created_at",)


@admin.register(User)
class PersonAdmin(UserAdmin):
    form = PersonForm
    add_form = NewPersonForm
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)
    readonly_fields = ("last_login", "date_joined")


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    exclude = ("created_at",)
    inlines = (MembershipInline,)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """To see and to take back; `manage.py api_token` makes them."""

    list_display = ("label", "user", "tenant", "created_at")
    list_filter = ("tenant",)
    list_select_related = ("user", "tenant")
    fields = readonly_fields = ("label", "user", "tenant", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class InstanceForm(forms.ModelForm):
    """The gateway's key is written, never shown: left empty it stays."""

    base_url = forms.URLField(
        max_length=500, assume_scheme="https", help_text="The gateway's address; it may be a private one"
    )
    api_key = forms.CharField(required=False, widget=forms.PasswordInput, help_text="Left empty it stays as it is")

    class Meta:
        model = Instance
        fields = ("tenant", "provider", "name", "base_url", "api_key", "address")

    def clean_api_key(self) -> Any:
        return self.cleaned_data["api_key"] or self.instance.api_key


@admin.register(Instance)
class InstanceAdmin(admin.ModelAdmin):
    form = InstanceForm
    list_display = ("name", "tenant", "provider", "state", "state_since", "base_url")
    list_filter = ("state", "provider", "tenant")
    list_select_related = ("tenant",)
    search_fields = ("name", "address", "tenant__name")
    readonly_fields = ("state", "state_since", "webhook_path")

    @admin.display(description="webhook path")
    def webhook_path(self, instance: Instance) -> str:
        """To be put into the gateway behind this program's address. Whoever knows it may deliver."""
        return f"/api/webhooks/evolution/{instance.secret}" if not instance._state.adding else "after saving"
