"""The front page's answers, cached."""

from home.models import Banner
from home.serializers import BannerSerializer
from luffy.cached_reads import CachedReads
from luffy.envelope import as_text

home_reads = CachedReads("home")


def banners() -> bytes:
    """The banners that are shown, in their order: a list, as text."""
    return home_reads.get("banners", _build_banners)


def refresh_banners() -> None:
    """Build the banners anew before the cached ones run out.

    Raises:
        RedisError: when they could not be stored.
    """
    home_reads.refresh("banners", _build_banners)


def _build_banners() -> bytes:
    # Without a request in its context the serializer gives addresses from the root on: the same
    # whichever name the site was asked under.
    return as_text(BannerSerializer(Banner.objects.shown(), many=True).data)
