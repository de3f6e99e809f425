"""People and staff in the administration.

Nobody changes their own rights, in either direction. Owners decide who is of the staff and in which
role; what makes a superuser, only a superuser changes.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import personal_data
from accounts.models import User
from office import audit
from office.roles import ROLES, is_owner
from office.second_factor import devices

RIGHTS = ("is_active", "is_staff", "groups")
SUPERUSERS_RIGHTS = ("is_superuser", "user_permissions")


@admin.register(User)
class PeopleAdmin(UserAdmin, ModelAdmin):
    """Django's page for users, with what this site knows of them and who may change what."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = (
        "username",
        "display_name",
        "mobile",
        "email",
        "shown_roles",
        "two_factor",
        "last_login",
    )
    list_filter = ("is_staff", "is_active", "groups", "date_joined")
    search_fields = ("username", "display_name", "mobile", "email", "first_name", "last_name")
    ordering = ("-date_joined", "-id")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ("groups", "user_permissions")
    actions_detail = ("reset_two_factor",)  # type: ignore[assignment]
    # A count of all people beside each filter's count reads the table once more.
    show_full_result_count = False

    # --- what is seen -----------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """People with their roles, and whether they have a phone set up, in two queries."""
        phones = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        people: QuerySet[User] = super().get_queryset(request)
        return people.annotate(has_phone=Exists(phones)).prefetch_related("groups")

    @display(description=_("roles"))
    def shown_roles(self, user: User) -> str:
        """Superuser, the roles, or none."""
        names = [group.name for group in user.groups.all()]
        if user.is_superuser:
            names.insert(0, now_("superuser"))
        return ", ".join(names)

    @display(description=_("two-factor login"), boolean=True)
    def two_factor(self, user: User) -> bool | None:
        """Whether a phone is set up; of no matter for who is not of the staff."""
        return user.has_phone if user.is_staff else None  # type: ignore[attr-defined]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Django's sections and one of ours; a user who is being made has but a name yet."""
        if obj is None:
            return self.add_fieldsets
        return (
            (None, {"fields": ("username", "password")}),
            (_("On this site"), {"fields": ("display_name", "mobile", "email", "icon")}),
            (_("Name"), {"fields": ("last_name", "first_name")}),
            (_("Rights"), {"fields": (*RIGHTS, *SUPERUSERS_RIGHTS)}),
            (_("Dates"), {"fields": ("last_login", "date_joined")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """What the caller may see of this user and not change."""
        fields = [str(name) for name in super().get_readonly_fields(request, obj)]
        if obj is None:
            return fields
        if not is_owner(request.user) or obj.pk == request.user.pk:
            fields += RIGHTS
        if not request.user.is_superuser or obj.pk == request.user.pk:
            fields += SUPERUSERS_RIGHTS
        return fields

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> "ModelMultipleChoiceField[Model] | None":
        """An owner gives the roles. A group that a superuser made is not theirs to give."""
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        roles = db_field.name == "groups" and not request.user.is_superuser
        if roles and field is not None and field.queryset is not None:
            match = request.resolver_match
            user_id = match.kwargs.get("object_id") if match else None
            theirs = Q(name__in=ROLES) | Q(user__pk=user_id)
            field.queryset = field.queryset.filter(theirs).distinct()
        return field

    # --- what may be done -------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only owners change staff, and only superusers change superusers."""
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """The same, and nobody deletes themselves here."""
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or (_may_touch(request, obj) and obj.pk != request.user.pk)

    def get_deleted_objects(
        self, objs: QuerySet[User] | Sequence[User], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """What deleting means here: the person is forgotten, and what refers to them stays."""
        refused = [user for user in objs if not self.has_delete_permission(request, user)]
        shown = [
            now_(
                "%(name)s: name, phone, e-mail address, picture and logins are forgotten. "
                "Orders stay, without a name."
            )
            % {"name": user}
            for user in objs
        ]
        needed = {str(self.opts.verbose_name)} if refused else set()
        return shown, {str(self.opts.verbose_name_plural): len(shown)}, needed, []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Forget the person."""
        # Otherwise the trail would hold what is to be forgotten, as the values until now.
        with audit.unwatched():
            personal_data.forget(obj)
        obj.refresh_from_db()
        audit.note(obj, "account", "", "deleted")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Forget each of them."""
        for user in queryset:
            self.delete_model(request, user)

    # --- the second factor ------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Django's addresses, and that of the reset."""
        reset = self.admin_site.admin_view(self.reset_view)
        name = "accounts_user_reset_two_factor"
        return [path("<int:user_id>/reset-two-factor/", reset, name=name), *super().get_urls()]

    def has_reset_permission(self, request: HttpRequest, object_id: str | int) -> bool:
        """Whether the caller may reset this user's phone: whoever manages staff, another's."""
        user = User.objects.filter(pk=object_id).first()
        return user is not None and _may_reset(request, user)

    @action(
        description=_("Reset two-factor login"),
        url_path="reset-two-factor-start",
        permissions=["reset"],
    )
    def reset_two_factor(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The button on a user's page: it leads to a question."""
        return redirect("admin:accounts_user_reset_two_factor", object_id)

    def reset_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Ask, and then take phone and backup codes from somebody of the staff."""
        user = get_object_or_404(User, pk=user_id)
        if not _may_reset(request, user):
            raise PermissionDenied
        page = reverse("admin:accounts_user_change", args=(user.pk,))
        if request.method == "POST":
            if devices.remove(user):
                messages.success(
                    request, now_("Two-factor login is set up anew at the next login.")
                )
            else:
                messages.info(request, now_("Two-factor login was not set up."))
            return redirect(page)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": user,
            "title": now_("Reset two-factor login"),
            "page": page,
        }
        return TemplateResponse(request, "office/second_factor/reset.html", context)


def _may_touch(request: HttpRequest, user: User) -> bool:
    if user.is_superuser:
        return bool(request.user.is_superuser)
    return not user.is_staff or is_owner(request.user)


def _may_reset(request: HttpRequest, user: User) -> bool:
    # One's own is replaced with the phone in hand, on a page of its own.
    return is_owner(request.user) and _may_touch(request, user) and user.pk != request.user.pk
