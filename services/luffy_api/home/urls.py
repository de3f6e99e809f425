"""Addresses below `home/`."""

from django.urls import path

from home.views import BannerView

urlpatterns = [path("banner/", BannerView.as_view(), name="banner")]
