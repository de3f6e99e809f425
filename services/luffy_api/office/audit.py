"""Who of the staff changed what, when, from which value to which.

django-auditlog writes it down, within the transaction of the change. What visitors and tasks do is
not of interest here, so it is written down only while `watching`: requests to the administration,
and commands of an operator. Bulk updates send no signals, so they leave no trace: actions of the
administration save row by row.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from auditlog.signals import pre_log
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.signals import m2m_changed, pre_save
from django.utils import timezone

from accounts.models import User
from office.pages import shown_models

logger = logging.getLogger(__name__)

HIDDEN = "••••••"
# Field names that hold, or may hold, what lets somebody in. Their change is written down, their
# value is not.
_SECRET_WORDS = ("password", "secret", "token", "private_key", "api_key")
# Written by every save, and told by the entry itself.
_NOT_OF_INTEREST = ("updated_time", "last_login")
_AT_ONCE = 1000

_watching: ContextVar[bool] = ContextVar("office_audit_watching", default=False)
_actor: ContextVar[AbstractBaseUser | None] = ContextVar("office_audit_actor", default=None)
_address: ContextVar[str | None] = ContextVar("office_audit_address", default=None)


@contextmanager
def watching(actor: AbstractBaseUser | None, address: str | None = None) -> Iterator[None]:
    """Write down what is changed within, as done by `actor` from `address`.

    Without an actor it is the operator, on the command line.
    """
    tokens = (_watching.set(True), _actor.set(actor), _address.set(address))
    try:
        yield
    finally:
        _watching.reset(tokens[0])
        _actor.reset(tokens[1])
        _address.reset(tokens[2])


@contextmanager
def unwatched() -> Iterator[None]:
    """Write nothing down of what is changed within: it is to be forgotten."""
    token = _watching.set(False)
    try:
        yield
    finally:
        _watching.reset(token)


def watch_models() -> None:
    """Have every model that has a place in the administration written down."""
    for model in shown_models():
        if model is not LogEntry and not auditlog.contains(model):
            names = [field.name for field in model._meta.get_fields()]
            auditlog.register(
                model,
                exclude_fields=[name for name in names if name in _NOT_OF_INTEREST],
                mask_fields=[name for name in names if _is_secret(name)],
                mask_callable="office.audit.hidden",
            )
            for relation in model._meta.many_to_many:
                _watch_relation(model, relation.name)
    pre_log.connect(_is_watching, dispatch_uid="office.audit")
    pre_save.connect(_sign, sender=LogEntry, dispatch_uid="office.audit")


def hidden(_value: str) -> str:
    """What is written down instead of a secret, or of a part of it."""
    return HIDDEN


def note(row: models.Model, what: str, before: str, after: str) -> None:
    """Write down a change that is none of a field, such as of a second factor."""
    if not _watching.get():
        return
    LogEntry.objects.log_create(row, action=LogEntry.Action.UPDATE, changes={what: [before, after]})


def prune(keep_days: int) -> int:
    """Delete entries older than `keep_days`, and tell how many they were."""
    too_old = timezone.now() - timedelta(days=keep_days)
    deleted = 0
    # In parts: one statement over a year's rows would hold its locks for long.
    while ids := list(
        LogEntry.objects.filter(timestamp__lt=too_old).values_list("pk", flat=True)[:_AT_ONCE]
    ):
        deleted += LogEntry.objects.filter(pk__in=ids).delete()[0]
    return deleted


def of_person(user: User) -> "models.QuerySet[LogEntry]":
    """The entries about a person's own account."""
    content_type = ContentType.objects.get_for_model(User)
    return LogEntry.objects.filter(content_type=content_type, object_id=user.pk)


def _is_secret(name: str) -> bool:
    return any(word in name for word in _SECRET_WORDS)


def _watch_relation(model: type[models.Model], name: str) -> None:
    """Write down what is added to a relation to many, and what is taken from it.

    The library's own receiver asks nobody whether it should, and takes a relation that was cleared
    for one that held everything.
    """

    def changed(instance: Any, action: str, reverse: bool, **signal: Any) -> None:
        if reverse or not _watching.get():
            return
        if action == "pre_clear":
            rows = getattr(instance, name).all()
        elif action in ("post_add", "post_remove"):
            rows = signal["model"]._base_manager.filter(pk__in=signal["pk_set"])
        else:
            return
        if rows:
            operation = "add" if action == "post_add" else "delete"
            LogEntry.objects.log_m2m_changes(rows, instance, operation, name)

    m2m_changed.connect(
        changed,
        sender=getattr(model, name).through,
        weak=False,  # nothing else holds this function
        dispatch_uid=f"office.audit:{model._meta.label}.{name}",
    )


def _is_watching(**_signal: Any) -> bool:
    return _watching.get()


def _sign(instance: LogEntry, **_signal: Any) -> None:
    """Add who did it, by name as well: the name stays when the account is gone."""
    if not instance._state.adding:
        return
    actor = _actor.get()
    if isinstance(actor, User):
        instance.actor = actor
    instance.remote_addr = _address.get()
    name = actor.get_username() if actor is not None else ""
    instance.additional_data = {"actor": name} | (instance.additional_data or {})
