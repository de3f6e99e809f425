"""The front page's answers, cached."""

from typing import Any

from home.models import Banner
from home.serializers import BannerSerializer
from luffy.cached_reads import CachedReads

home_reads = CachedReads("home")


def banners() -> list[dict[str, Any]]:
    """The banners that are shown, in their order."""
    return list(home_reads.get("banners", _build_banners))


def refresh_banners() -> None:
    """Build the banners anew before the cached ones run out.

    Raises:
        RedisError: when they could not be stored.
    """
    home_reads.refresh("banners", _build_banners)


def _build_banners() -> list[Any]:
    # Without a request in its context the serializer gives addresses from the root on: the same
    # whichever name the site was asked under.
    return list(BannerSerializer(Banner.objects.shown(), many=True).data)
