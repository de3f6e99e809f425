"""The envelope around answers that are not bare lists: `{"code": 100, "msg": …, "result": …}`."""

from typing import Any

from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

SUCCESS = 100


def success(message: str, result: Any) -> Response:
    """An answer that says that all went well."""
    return Response({"code": SUCCESS, "msg": message, "result": result})


def success_with(message: str, **fields: Any) -> Response:
    """The same with fields beside the message, as the original's login has them."""
    return Response({"code": SUCCESS, "msg": message, **fields})


def as_text(value: Any) -> bytes:
    """`value` as the text of an answer."""
    return bytes(JSONRenderer().render(value))


def with_text(fields: dict[str, Any], name: str, text: bytes) -> bytes:
    """An object of `fields`, and of `text` under `name` behind them."""
    return as_text(fields)[:-1] + b"," + as_text(name) + b":" + text + b"}"


def text_answer(text: bytes) -> HttpResponse:
    """An answer whose text is there already."""
    return HttpResponse(text, content_type="application/json")


def success_text(message: str, result: bytes) -> HttpResponse:
    """`success` with a result whose text is there already."""
    return text_answer(with_text({"code": SUCCESS, "msg": message}, "result", result))
