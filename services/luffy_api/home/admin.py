"""The front page in the administration."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from home.models import Banner


@admin.register(Banner)
class BannerAdmin(ModelAdmin):
    """Banners, in the order in which they are shown."""

    fields = ("title", "image", "link", "info", "orders", "is_show", "is_delete")
    list_display = ("title", "link", "orders", "is_show", "is_delete", "updated_time")
    list_editable = ("orders", "is_show")
    list_filter = ("is_show", "is_delete")
    search_fields = ("title", "info")
