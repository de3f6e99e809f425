"""The administration's site: the theme's, with a second step after the password."""

from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from office.login_form import LoginForm
from office.second_factor.state import gave_password, is_done
from office.second_factor.views import SecondFactorPages


class OfficeSite(UnfoldAdminSite):
    """Django's administration for staff who passed both steps of the login."""

    index_title = _("Overview")
    index_template = "office/index.html"
    login_form = LoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the caller may see any page at all."""
        return gave_password(request) and is_done(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The second step's pages, and all others."""
        return [*SecondFactorPages(self).urls, *super().get_urls()]

    @method_decorator(never_cache)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The password; whoever gave it already goes on to the second step."""
        if gave_password(request) and not is_done(request):
            wanted = request.GET.get(REDIRECT_FIELD_NAME, reverse(f"{self.name}:index"))
            return redirect_to_login(wanted, reverse(f"{self.name}:second_factor"))
        return super().login(request, extra_context)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The overview, with figures for those who may see them."""
        from office.overview import overview

        return super().index(request, {**overview(request), **(extra_context or {})})

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The pages whose names hold a word, of those that the caller may see.

        The theme's own keeps what it found in the cache, where it outlives the right to see it.
        """
        word = request.GET.get("s", "").strip().lower()
        if not word:
            return HttpResponse()
        results = self._search_apps(self.get_app_list(request), word)
        page = Paginator(results, len(results) or 1)
        context = {
            "search_term": word,
            "page_obj": page,
            "results": page.page(1),
            "page_counter": 0,
            "execution_time": 0,
            "command_show_history": False,
        }
        template = "unfold/helpers/command_results.html"
        return TemplateResponse(request, template, context, headers={"HX-Trigger": "search"})
