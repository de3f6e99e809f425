"""The front page as JSON."""

from rest_framework import serializers

from home.models import Banner
from luffy.picture_sizes import PictureSetField


class BannerSerializer(serializers.ModelSerializer[Banner]):
    """A banner as a visitor gets it."""

    image_set = PictureSetField("image")

    class Meta:
        model = Banner
        fields = ("title", "image", "image_set", "link")
