"""HTML that editors write, cleaned on its way into the database."""

from typing import TYPE_CHECKING, Any

import nh3
from django.db import models

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em",
    "figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li",
    "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead",
    "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_SCHEMES = {"http", "https", "mailto"}

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField  # which takes no parameters when it runs


def clean_html(text: str) -> str:
    """`text` without anything that could run, frame, track by style, or leave the page by script.

    Links open without telling where they were, and without a handle on our page.
    """
    return nh3.clean(
        text,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        clean_content_tags={"script", "style"},
        link_rel="noopener noreferrer nofollow",
    )


class HtmlField(_TextField):
    """Text that is HTML. However it is saved, it is cleaned first."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """What is stored; the instance has it too."""
        cleaned = clean_html(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, cleaned)
        return cleaned

    def get_prep_value(self, value: Any) -> Any:
        """For bulk updates too, which call no `pre_save`."""
        prepared = super().get_prep_value(value)
        return clean_html(prepared) if isinstance(prepared, str) else prepared
