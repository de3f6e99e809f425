"""What is known of a person's learning."""

from typing import Any

from accounts.models import User
from learning.models import Enrolment


def export(user: User) -> list[dict[str, Any]]:
    """The courses that somebody takes or took."""
    rows = Enrolment.objects.filter(user=user).select_related("course").order_by("pk")
    return [
        {
            "course": row.course.name,
            "why": row.source,
            "began": row.began.isoformat(),
            "ended": row.ended.isoformat() if row.ended else None,
        }
        for row in rows
    ]


def forget(user: User) -> None:
    """Delete the enrolments of somebody who left; courses keep their number of students."""
    Enrolment.objects.filter(user=user).delete()
