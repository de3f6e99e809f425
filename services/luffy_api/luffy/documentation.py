"""What the endpoints' descriptions share: the OpenAPI document is made of these."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from luffy.numbers import LARGEST_ID
from luffy.pages import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE


class PictureExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A picture's address is given from the root on: under whichever name the site is asked."""

    target_class = "rest_framework.serializers.ImageField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """As JSON Schema; null where there is no picture."""
        return {"type": "string", "format": "uri-reference", "nullable": True}


# Made by its fields' names: as a class, `errors` would be a serializer's own word.
ERROR = inline_serializer(
    "Error",
    {
        "code": serializers.IntegerField(help_text="The HTTP status."),
        "error": serializers.CharField(help_text="A word for programs."),
        "msg": serializers.CharField(help_text="For people, in the language of Accept-Language."),
        "errors": serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()),
            required=False,
            help_text="What is wrong with each field.",
        ),
        "request_id": serializers.CharField(help_text="Stands in the log, too."),
    },
)
"""Every error answer."""


def answers(body: Any, *errors: int) -> dict[int, Any]:
    """`body` with 200, and the error answers of `errors`; every endpoint may answer 503."""
    return {200: body, **dict.fromkeys((*errors, 503), ERROR)}


def enveloped(name: str, result: serializers.BaseSerializer[Any]) -> Any:
    """`result` in the envelope that `luffy.envelope.success` puts around it."""
    return inline_serializer(
        name,
        {
            "code": serializers.IntegerField(help_text="100: all went well."),
            "msg": serializers.CharField(),
            "result": result,
        },
    )


def paged(name: str, results: serializers.BaseSerializer[Any], **more: Any) -> Any:
    """A page of `results`, as `luffy.pages.Page.answer` gives it; `more` stands beside them."""
    return inline_serializer(
        name,
        {
            "count": serializers.IntegerField(help_text="How many there are on all pages."),
            "next": serializers.CharField(allow_null=True, help_text="The next page's address."),
            "previous": serializers.CharField(allow_null=True),
            "results": results,
            **more,
        },
    )


def number(
    name: str, description: str, *, required: bool = False, location: Any = OpenApiParameter.QUERY
) -> OpenApiParameter:
    """A whole number from 1 on."""
    shape = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
    return OpenApiParameter(name, shape, location, required=required, description=description)


def amount(name: str, description: str) -> OpenApiParameter:
    """A price or the like, with two places at most."""
    shape = {"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,2})?$"}
    return OpenApiParameter(name, shape, description=description)


def word(name: str, description: str, **shape: Any) -> OpenApiParameter:
    """A text; `shape` is JSON Schema's: `enum`, `maxLength` …"""
    return OpenApiParameter(name, {"type": "string", **shape}, description=description)


PAGE_PARAMETERS = [
    number("page", "From 1 on."),
    number("page_size", f"{DEFAULT_PAGE_SIZE} without it, {LARGEST_PAGE_SIZE} at most."),
]
