"""The audit trail in the administration: to be read, by owners, and changed by nobody."""

from typing import Any

from auditlog.models import LogEntry
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db.models import BooleanField, ForeignKey, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

admin.site.unregister(LogEntry)

# Changes that are none of a field: `office.audit.note`.
_NOTED = {
    "two_factor_login": _("two-factor login"),
    "backup_codes": _("backup codes"),
    "account": _("account"),
}


@admin.register(LogEntry)
class TrailAdmin(ModelAdmin):
    """Who changed what, when, from which value to which."""

    list_display = ("timestamp", "who", "action", "what", "which", "fields_changed")
    list_filter = ("timestamp", "action", "content_type")
    list_select_related = ("content_type", "actor")
    list_display_links = ("timestamp",)
    search_fields = ("object_repr", "additional_data__actor")
    search_help_text = _("A name of the staff, or of what was changed")
    ordering = ("-timestamp", "-id")
    fields = ("timestamp", "who", "remote_addr", "action", "what", "which", "from_and_to")
    readonly_fields = fields
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Entries come from changes alone."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        """Not even a superuser's."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        """They go when they are too old: `office.tasks`."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogEntry]:
        """Without what the list does not show, which may be long."""
        return super().get_queryset(request).defer("serialized_data")

    @display(description=_("who"), ordering="actor")
    def who(self, entry: LogEntry) -> str:
        """The name at that time; nobody is the operator, on the command line."""
        name = (entry.additional_data or {}).get("actor", "")
        return name or now_("operator")

    @display(description=_("what"), ordering="content_type")
    def what(self, entry: LogEntry) -> str:
        """The kind of row."""
        model = entry.content_type.model_class()
        return str(model._meta.verbose_name) if model else entry.content_type.model

    @display(description=_("which"))
    def which(self, entry: LogEntry) -> str:
        """What the row was called, and its number."""
        return f"{entry.object_repr} ({entry.object_pk})"

    @display(description=_("changed"))
    def fields_changed(self, entry: LogEntry) -> str:
        """The names of the fields."""
        names = [_label(_field(entry, name), name) for name in entry.changes or {}]
        shown = ", ".join(names[:5])
        return f"{shown} …" if len(names) > 5 else shown

    @display(description=_("from and to"))
    def from_and_to(self, entry: LogEntry) -> SafeString:
        """A table of the fields with their values before and after."""
        rows = []
        for name, change in sorted((entry.changes or {}).items()):
            field = _field(entry, name)
            rows.append((_label(field, name), *_values(field, change)))
        body = format_html_join("", "<tr><th scope='row'>{}</th><td>{}</td><td>{}</td></tr>", rows)
        return format_html(
            "<table class='office-changes'><thead><tr><th scope='col'>{}</th>"
            "<th scope='col'>{}</th><th scope='col'>{}</th></tr></thead>"
            "<tbody>{}</tbody></table>",
            now_("field"),
            now_("from"),
            now_("to"),
            body,
        )


def _field(entry: LogEntry, name: str) -> Any:
    """The field of this name, or nothing: it is of `office.audit.note`, or gone since."""
    model = entry.content_type.model_class()
    if model is None or name in _NOTED:
        return None
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _label(field: Any, name: str) -> str:
    if name in _NOTED:
        return str(_NOTED[name])
    return str(getattr(field, "verbose_name", name))


def _values(field: Any, change: Any) -> tuple[str, str]:
    """The values before and after, of a field or of a relation to many."""
    if isinstance(change, dict):
        names = ", ".join(change.get("objects", ()))
        return (names, "") if change.get("operation") == "delete" else ("", names)
    before, after = change
    return _shown(field, before), _shown(field, after)


def _shown(field: Any, value: Any) -> str:
    """A value as people read it: choices by their names, and rows by theirs while they exist."""
    text = str(value)
    if value is None or text == "None":
        return ""
    for key, name in getattr(field, "flatchoices", ()):
        if str(key) == text:
            return str(name)
    if isinstance(field, BooleanField):
        return now_("Yes") if text == "True" else now_("No")
    if isinstance(field, ForeignKey) and text.isdecimal():
        model = field.remote_field.model
        row = model._base_manager.filter(pk=text).first()
        return f"{row} ({text})" if row is not None else text
    return text
