"""Which copies of a row's picture there are (`luffy.picture_copies`), and that there are some.

They are made once for each picture, after the commit that brings it. Which there are stands in the
row beside the picture, with the name of the picture that they were made of: `320,640:course/a.png`.
So a list of rows costs neither a query nor a look at the volume more, and a picture that was
changed by a release that knows nothing of copies has none until the next deploy.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import Storage
from django.db import models, transaction
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_save
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from luffy.cached_reads import CachedReads
from luffy.picture_copies import copies_on_volume, copy_name, write_copies
from luffy.pictures import NotAPicture, PictureTooLarge
from luffy.stored_files import delete_with_row

logger = logging.getLogger(__name__)

WIDE = (320, 640, 960, 1280)
"""Widths in pixels of what is shown up to the page's whole width: courses and banners."""
SMALL = (96, 192, 384)
"""Of faces."""

LONGEST = 160
"""Characters of the column: a picture's name has 100 at most."""


def sizes_column(field: str) -> str:
    """The name of the column that says which copies the picture in `field` has."""
    return f"{field}_sizes"


def sizes_field() -> "models.CharField[str, str]":
    """That column. The release before knows nothing of it, and goes on to add rows."""
    return models.CharField(
        max_length=LONGEST, blank=True, default="", db_default="", editable=False
    )


class PictureSizeSerializer(serializers.Serializer[Any]):
    """One width that a picture is there in."""

    url = serializers.CharField(help_text="WebP, from the root on.")
    width = serializers.IntegerField(min_value=1, help_text="In pixels.")


@extend_schema_field(PictureSizeSerializer(many=True))
class PictureSetField(serializers.Field[Any, Any, Any, Any]):
    """The copies of the picture in the field `picture` of the row `source`, small to large."""

    def __init__(self, picture: str, source: str = "*") -> None:
        super().__init__(read_only=True, source=source)
        self._picture = picture

    def to_representation(self, value: models.Model) -> list[dict[str, Any]]:
        """Addresses and widths; nothing where there is no copy."""
        return picture_set(value, self._picture)


def picture_set(row: models.Model, field: str) -> list[dict[str, Any]]:
    """The copies of the picture in `field` of `row`: `[{"url": …, "width": …}]`."""
    picture: FieldFile = getattr(row, field)
    name = picture.name or ""
    return [
        {"url": picture.storage.url(copy_name(name, width)), "width": width}
        for width in _widths(getattr(row, sizes_column(field)), name) or ()
    ]


def _widths(sizes: str, name: str) -> list[int] | None:
    """What the column says of the picture `name`; nothing where it speaks of another, or none."""
    widths, _colon, of = sizes.partition(":")
    if not name or of != name:
        return None
    return [int(width) for width in widths.split(",") if width]


@dataclass(frozen=True)
class SizedPicture:
    """A field with pictures that have copies."""

    model: type[models.Model]
    field: str
    widths: tuple[int, ...]
    reads: CachedReads

    @property
    def storage(self) -> Storage:
        """Where the pictures lie."""
        found: Storage = self.model._meta.get_field(self.field).storage  # type: ignore[union-attr]
        return found

    def rows_without(self) -> Iterator[tuple[int, str]]:
        """Ids of rows whose picture was not looked at yet, or has lost a copy, and its name."""
        rows = self.model._default_manager.exclude(**{self.field: ""}).order_by("pk")
        for key, name, sizes in rows.values_list("pk", self.field, sizes_column(self.field)):
            widths = _widths(sizes, name)
            if widths is None or not self._has_all(name, widths):
                yield key, name

    def make(self, key: int, name: str) -> str | None:
        """Make the copies of the row's picture; returns what its column says now.

        A picture that cannot be decoded stays as it is, and is not looked at again. Nothing comes
        back where the picture is missing, or the row has another one by now.

        Raises:
            OSError: a copy cannot be written.
        """
        told = f"{self.model._meta.label} {key}"
        try:
            widths = write_copies(self.storage, name, self.widths)
        except (NotAPicture, PictureTooLarge) as error:
            logger.warning("%s keeps its picture %s without copies: %r", told, name, error)
            widths = []
        except FileNotFoundError:
            logger.warning("%s has no file for its picture %s", told, name)
            return None
        sizes = f"{','.join(map(str, widths))}:{name}"
        rows = self.model._default_manager.filter(**{"pk": key, self.field: name})
        if not rows.update(**{sizes_column(self.field): sizes}):
            self._drop_unless_named(name)
            return None
        self.reads.invalidate()
        return sizes

    def _has_all(self, name: str, widths: list[int]) -> bool:
        return all(self.storage.exists(copy_name(name, width)) for width in widths)

    def _drop_unless_named(self, name: str) -> None:
        if not self.model._default_manager.filter(**{self.field: name}).exists():
            for each in copies_on_volume(self.storage, name):
                self.storage.delete(each)


_kept: dict[str, SizedPicture] = {}


def keep_sizes(
    model: type[models.Model], field: str, widths: tuple[int, ...], reads: CachedReads
) -> None:
    """Have each picture in `field` get its copies when its row is saved, and go with its row.

    `reads` are the answers that show them.
    """
    sized = SizedPicture(model, field, widths, reads)
    _kept[f"{model._meta.label}.{field}"] = sized

    def saved(instance: models.Model, raw: bool, **_signal: Any) -> None:
        name = getattr(instance, field).name
        if raw or not name or _widths(getattr(instance, sizes_column(field)), name) is not None:
            return

        def make() -> None:
            sizes = sized.make(instance.pk, name)
            if sizes is not None:
                # Or the next save of this very object would forget it.
                setattr(instance, sizes_column(field), sizes)

        # After the commit: a row that is not there leaves no files, and none is locked meanwhile.
        # What fails is logged, and made by the next deploy: the row itself is saved.
        transaction.on_commit(make, robust=True)

    uid = f"{model._meta.label}.{field}:sizes"
    # weak=False: nothing else holds this function
    post_save.connect(saved, sender=model, weak=False, dispatch_uid=uid)
    delete_with_row(model, field, beside=lambda name: copies_on_volume(sized.storage, name))


def make_missing(most_s: float) -> tuple[int, int]:
    """Make the copies of pictures that came before there were copies, for `most_s` seconds at most.

    Several at once do no harm. Returns how many pictures got theirs, and how many are left.

    Raises:
        OSError: a copy cannot be written.
    """
    end = time.monotonic() + most_s
    made = left = 0
    for sized in _kept.values():
        for key, name in list(sized.rows_without()):
            if time.monotonic() > end:
                left += 1
            elif sized.make(key, name) is not None:
                made += 1
    return made, left
