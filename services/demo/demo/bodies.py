"""Forms that are posted: read up to a limit, whatever was announced."""

from starlette.requests import ClientDisconnect, Request

_FORM = "application/x-www-form-urlencoded"


class BadBodyError(ValueError):
    """The body is too long, no form, or does not arrive."""


async def read_form(request: Request, max_bytes: int) -> bytes:
    """The text of a form that was posted; empty where there is no body. Raises BadBodyError."""
    body = b""
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > max_bytes:
                raise BadBodyError(f"a form of at most {max_bytes} bytes")
    except ClientDisconnect as error:
        raise BadBodyError("a form that arrives whole") from error
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and media_type != _FORM:
        raise BadBodyError(f"a form ({_FORM})")
    return body
