"""Connects saved rows with the cached answers that show them."""

from typing import Any

from django.db import models, transaction
from django.db.models.signals import post_delete, post_save

from luffy.cached_reads import CachedReads


def drop_on_change(reads: CachedReads, *shown_models: type[models.Model]) -> None:
    """Invalidate `reads` whenever a row of `shown_models` is saved or deleted.

    It happens after the commit: earlier, a reader could store the old rows again. Bulk updates
    send no signals; whoever uses one calls `reads.invalidate()`.
    """

    def changed(**_signal: Any) -> None:
        transaction.on_commit(reads.invalidate)

    for model in shown_models:
        uid = f"{model._meta.label}:{id(reads)}"
        # weak=False: nothing else holds this function
        post_save.connect(changed, sender=model, weak=False, dispatch_uid=uid)
        post_delete.connect(changed, sender=model, weak=False, dispatch_uid=uid)
