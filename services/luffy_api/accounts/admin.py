"""Accounts in the administration."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User


@admin.register(User)
class LuffyUserAdmin(UserAdmin):
    """Django's page for users, with the phone number and the picture."""

    list_display = ("username", "mobile", "email", "is_active", "is_staff", "last_login")
    search_fields = ("username", "mobile", "email", "first_name", "last_name")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Django's sections and one of ours; a user who is being made has but a name yet."""
        sections = super().get_fieldsets(request, obj)
        if obj is None:
            return sections
        return [*sections, (_("On this site"), {"fields": ("mobile", "icon")})]
