"""The envelope around answers that are not bare lists: `{"code": 100, "msg": …, "result": …}`."""

from typing import Any

from rest_framework.response import Response

SUCCESS = 100


def success(message: str, result: Any) -> Response:
    """An answer that says that all went well."""
    return Response({"code": SUCCESS, "msg": message, "result": result})
