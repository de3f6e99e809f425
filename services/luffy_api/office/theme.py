"""What the theme asks of us: our stylesheet, and the links of one's own account."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from office.second_factor.state import is_verified


def stylesheet(_request: HttpRequest) -> str:
    """The address of the styles that are ours."""
    return static("office/office.css")


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """The links below one's own name."""
    links = [
        {"title": _("Change password"), "link": reverse("admin:password_change")},
        {"title": _("Two-factor login"), "link": reverse("admin:second_factor_phone")},
    ]
    if is_verified(request):
        links.append({"title": _("Backup codes"), "link": reverse("admin:backup_codes")})
    return links
