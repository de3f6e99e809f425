"""The front page as JSON."""

from rest_framework import serializers

from home.models import Banner


class BannerSerializer(serializers.ModelSerializer[Banner]):
    """A banner as a visitor gets it."""

    class Meta:
        model = Banner
        fields = ("title", "image", "link")
