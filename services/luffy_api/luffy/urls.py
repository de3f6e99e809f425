"""The service's addresses."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from course import sitemaps
from luffy.status_view import StatusView

API = "api/v1/"

urlpatterns = [
    path(f"{API}home/", include("home.urls")),
    path(f"{API}course/", include("course.urls")),
    path(f"{API}openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path(f"{API}docs/", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="docs"),
    path(f"{API}learning/", include("learning.urls")),
    path(f"{API}user/", include("accounts.urls")),
    path(f"{API}status/", StatusView.as_view(), name="status"),
    path(API, include("shop.urls")),
    path("robots.txt", sitemaps.robots, name="robots"),
    path("sitemap.xml", sitemaps.whole, name="sitemap"),
    path("sitemap-<str:section>.xml", sitemaps.section, name="sitemap-section"),
    # Before the administration's own, which answers everything else below its address.
    path("admin/language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
]

handler400 = "luffy.errors.bad_request"
handler403 = "luffy.errors.permission_denied"
handler404 = "luffy.errors.not_found"
handler500 = "luffy.errors.server_error"
