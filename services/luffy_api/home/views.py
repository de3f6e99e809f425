"""The front page's endpoints."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from home.reads import banners
from home.serializers import BannerSerializer
from luffy.documentation import answers, enveloped
from luffy.envelope import success_text


class BannerView(APIView):
    """`GET home/banner/`."""

    @extend_schema(
        operation_id="list_banners",
        tags=["home"],
        summary="The banners of the front page",
        responses=answers(enveloped("Banners", BannerSerializer(many=True))),
    )
    def get(self, request: Request) -> HttpResponse:
        """The banners: a list of title, image and link."""
        return success_text(_("OK"), banners())
