"""Accounts in the administration."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin_login import LimitedLoginForm
from accounts.models import User

admin.site.login_form = LimitedLoginForm


@admin.register(User)
class LuffyUserAdmin(UserAdmin):
    """Django's page for users, with the phone number, the name shown and the picture."""

    list_display = ("username", "display_name", "mobile", "email", "is_staff", "last_login")
    search_fields = ("username", "display_name", "mobile", "email", "first_name", "last_name")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Django's sections and one of ours; a user who is being made has but a name yet."""
        sections = super().get_fieldsets(request, obj)
        if obj is None:
            return sections
        ours = (_("On this site"), {"fields": ("display_name", "mobile", "icon")})
        return [*sections, ours]
