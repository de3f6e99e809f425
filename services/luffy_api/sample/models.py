"""Which sample rows were loaded."""

from django.db import models


class LoadedSample(models.Model):
    """A sample row that was offered once. It is never offered again: a sample that an editor
    changed, renamed or deleted stays as the editor left it.
    """

    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=128)

    class Meta:
        db_table = "luffy_loaded_sample"
        constraints = (models.UniqueConstraint(fields=("kind", "key"), name="luffy_one_sample"),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.key}"
