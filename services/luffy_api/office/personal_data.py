"""What the administration knows of a person."""

from typing import Any

from django.contrib.admin.models import LogEntry as HistoryEntry
from django.contrib.contenttypes.models import ContentType

from accounts.models import User
from office import audit
from office.second_factor import devices


def export(user: User) -> dict[str, Any]:
    """Whether they have a second factor, and what of their account the staff changed."""
    entries = audit.of_person(user).order_by("pk")
    return {
        "two_factor_login": devices.has_phone(user),
        "backup_codes_left": devices.backup_codes_left(user),
        "changed_by_staff": [
            {"when": entry.timestamp.isoformat(), "changes": entry.changes} for entry in entries
        ],
    }


def forget(user: User) -> None:
    """Delete the second factor, and what the audit trail says of the person.

    That somebody of the staff changed the account stays, and so does what the person did as staff.
    """
    devices.remove(user)
    for entry in audit.of_person(user):
        entry.object_repr = audit.HIDDEN
        entry.changes = {field: [audit.HIDDEN] * 2 for field in entry.changes or {}}
        entry.serialized_data = None
        entry.save(update_fields=["object_repr", "changes", "serialized_data"])
    history = HistoryEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    )
    history.update(object_repr=audit.HIDDEN)
