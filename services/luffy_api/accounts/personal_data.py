"""All that the site knows of one person, to hand it over and to forget it.

Each app that keeps something of a person adds a part in its `AppConfig.ready`.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.avatars import delete_avatar
from accounts.models import User
from accounts.sessions import forget_all


@dataclass(frozen=True)
class Part:
    """What one app knows: `export` gives it as JSON can hold it, `forget` deletes or blurs it."""

    name: str
    export: Callable[[User], Any]
    forget: Callable[[User], None]


_parts: list[Part] = []


def add_part(part: Part) -> None:
    """Have `part` handed over and forgotten with all else.

    Raises:
        ValueError: there is one of this name.
    """
    if part.name in ("account", "logins", *(known.name for known in _parts)):
        raise ValueError(f"expected a new name for a part of personal data, found {part.name}")
    _parts.append(part)


def export(user: User) -> dict[str, Any]:
    """Everything of `user` that the site keeps, but the password's hash."""
    account = {
        "username": user.username,
        "name": user.display_name,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "mobile": user.mobile,
        "email": user.email,
        "icon": user.icon_url,
        "registered": user.date_joined.isoformat(),
        "last_login": user.last_login.isoformat() if user.last_login else None,
    }
    logins = [
        {
            "given": token.created_at.isoformat() if token.created_at else None,
            "expires": token.expires_at.isoformat(),
            "used": hasattr(token, "blacklistedtoken"),
        }
        for token in OutstandingToken.objects.filter(user=user)
        .select_related("blacklistedtoken")
        .order_by("pk")
    ]
    return {
        "account": account,
        "logins": logins,
        **{part.name: part.export(user) for part in _parts},
    }


def forget(user: User) -> None:
    """Forget the person, and keep a row that says nothing of them for what refers to it.

    All of it or, when something is raised, none of it.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        for part in _parts:
            part.forget(user)
        delete_avatar(user)
        forget_all(user)
        user.username = f"deleted_{secrets.token_hex(8)}"
        user.display_name = user.first_name = user.last_name = user.email = ""
        user.mobile = user.last_login = None
        user.is_active = user.is_staff = user.is_superuser = False
        user.set_unusable_password()
        user.groups.clear()
        user.user_permissions.clear()
        user.save()
