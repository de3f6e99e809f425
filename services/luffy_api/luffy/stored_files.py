"""Deletes a file from the volume once no row names it any more."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import models, transaction
from django.db.models.signals import post_delete, post_save, pre_save


def delete_with_row(
    model: type[models.Model], field: str, beside: Callable[[str], Iterable[str]] = lambda _name: ()
) -> None:
    """Delete the file of `field` after the commit that deletes its row or gives it another file.

    Sample rows share files, so one that another row names stays. `beside` names the files that go
    with a file.
    """
    rows = model._default_manager

    def drop(name: str) -> None:
        def unless_named() -> None:
            if name and not rows.filter(**{field: name}).exists():
                storage = model._meta.get_field(field).storage  # type: ignore[union-attr]
                for each in (name, *beside(name)):
                    storage.delete(each)

        transaction.on_commit(unless_named)

    def deleted(instance: models.Model, **_signal: Any) -> None:
        drop(getattr(instance, field).name)

    def before(instance: models.Model, raw: bool, **_signal: Any) -> None:
        if instance.pk and not raw:
            known = rows.filter(pk=instance.pk).values_list(field, flat=True).first()
            instance.__dict__[f"_{field}_before"] = known

    def saved(instance: models.Model, **_signal: Any) -> None:
        known = instance.__dict__.pop(f"_{field}_before", None)
        if known and known != getattr(instance, field).name:
            drop(known)

    uid = f"{model._meta.label}.{field}"
    # weak=False: nothing else holds these functions
    post_delete.connect(deleted, sender=model, weak=False, dispatch_uid=f"{uid}:deleted")
    pre_save.connect(before, sender=model, weak=False, dispatch_uid=f"{uid}:before")
    post_save.connect(saved, sender=model, weak=False, dispatch_uid=f"{uid}:saved")
