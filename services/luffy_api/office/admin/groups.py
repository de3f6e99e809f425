"""Roles in the administration: to be looked at. What they may do is decided in `office.roles`."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from office.roles import ROLES

admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):
    """Groups. The roles are as `luffy migrate` keeps them; others are for superusers to make."""

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """A change of a role would be gone after the next migration."""
        if obj is not None and obj.name in ROLES:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """The same for a role that is deleted."""
        if obj is not None and obj.name in ROLES:
            return False
        return super().has_delete_permission(request, obj)
