"""The front page's endpoints."""

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from home.reads import banners
from luffy.envelope import success


class BannerView(APIView):
    """`GET home/banner/`."""

    def get(self, request: Request) -> Response:
        """The banners: a list of title, image and link."""
        return success(_("OK"), banners())
