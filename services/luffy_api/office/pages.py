"""What the administration has pages for."""

from django.contrib import admin
from django.db import models


def shown_models() -> set[type[models.Model]]:
    """The models that have a page, or stand on that of another."""
    pages = admin.site._registry
    within = {inline.model for page in pages.values() for inline in page.inlines}
    return set(pages) | within
