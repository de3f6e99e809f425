"""What the staff may do: three roles, kept as groups of Django's.

`luffy migrate` makes them and gives them exactly the rights that stand here, so a right that was
added by hand is gone after it. Groups of other names are left alone.
"""

import logging
from typing import Any

from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.contrib.auth.models import Group, Permission
from django.db import models

from office.pages import shown_models

logger = logging.getLogger(__name__)

OWNER = "owner"
EDITOR = "editor"
SUPPORT = "support"
ROLES = (OWNER, EDITOR, SUPPORT)

Right = tuple[str, str]
"""An app's label and a permission's code name."""

CATALOGUE_APPS = frozenset(("home", "course"))

FIGURES: Right = ("office", "view_figures")

# What only a superuser does: to decide what a role may do is to decide what oneself may do.
SUPERUSERS_ALONE = frozenset(
    (app, f"{action}_{model}")
    for app, model in (("auth", "group"), ("auditlog", "logentry"))
    for action in ("add", "change", "delete")
)
SUPPORTS_RIGHTS = frozenset(
    (
        ("accounts", "view_user"),
        ("shop", "view_order"),
        ("shop", "view_orderdetail"),
        ("shop", "view_payment"),
        ("shop", "view_refund"),
        ("shop", "view_coupon"),
        ("learning", "view_enrolment"),
        ("learning", "view_certificate"),
        # To hide what people wrote; its words are no field of the form.
        ("learning", "view_review"),
        ("learning", "change_review"),
        ("learning", "view_question"),
        ("learning", "change_question"),
        ("learning", "view_answer"),
        ("learning", "change_answer"),
        # To answer questions, which is done on the site.
        ("learning", "add_answer"),
        ("shop", "refund_order"),
    )
)


def is_owner(user: Any) -> bool:
    """Whether `user` manages staff: an owner, or a superuser."""
    if not user.is_active:
        return False
    return bool(user.is_superuser or user.groups.filter(name=OWNER).exists())


def rights() -> dict[str, set[Right]]:
    """The rights of each role, as the administration's pages of today need them."""
    every = {right for model in shown_models() for right in _rights_on(model)}
    return {
        OWNER: every - SUPERUSERS_ALONE | {FIGURES},
        EDITOR: {right for right in every if right[0] in CATALOGUE_APPS},
        SUPPORT: set(SUPPORTS_RIGHTS),
    }


def keep_roles(apps: Apps = global_apps, **_signal: Any) -> None:
    """Make the roles, and bring their rights to what stands here. A second run changes nothing.

    After each migration, of whatever part: rights on what is not there yet come with it.
    """
    if not {"group", "permission"} <= set(apps.all_models["auth"]):
        return
    for name, wanted in rights().items():
        group, made = Group.objects.get_or_create(name=name)
        permissions = _permissions(wanted)
        if set(group.permissions.all()) != permissions:
            group.permissions.set(permissions)
            logger.info("the role %s was %s", name, "made" if made else "brought up to date")


def _rights_on(model: type[models.Model]) -> set[Right]:
    options = model._meta
    actions = [f"{action}_{options.model_name}" for action in options.default_permissions]
    own = [codename for codename, _name in options.permissions]
    return {(options.app_label, codename) for codename in (*actions, *own)}


def _permissions(wanted: set[Right]) -> set[Permission]:
    apps = {app for app, _codename in wanted}
    found = {
        (permission.content_type.app_label, permission.codename): permission
        for permission in Permission.objects.filter(
            content_type__app_label__in=apps
        ).select_related("content_type")
    }
    if missing := wanted - set(found):
        logger.warning("no permission in the database yet for %s", sorted(missing))
    return {found[right] for right in wanted & set(found)}
