"""The envelope around answers that are not bare lists: `{"code": 100, "msg": …, "result": …}`."""

from typing import Any

from rest_framework.response import Response

SUCCESS = 100


def success(message: str, result: Any) -> Response:
    """An answer that says that all went well."""
    return Response({"code": SUCCESS, "msg": message, "result": result})


def success_with(message: str, **fields: Any) -> Response:
    """The same with fields beside the message, as the original's login has them."""
    return Response({"code": SUCCESS, "msg": message, **fields})
