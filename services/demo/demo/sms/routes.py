"""The SMS provider's address, and the inbox for people and tests."""

import logging
import uuid
from dataclasses import asdict
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from demo.bodies import BadBodyError, read_form
from demo.page_headers import HEADERS
from demo.settings import Settings
from demo.sms.provider import Provider
from demo.sms.refusals import RefusedError, bad_request

log = logging.getLogger(__name__)

_MAX_BYTES = 64 * 1024
_MAX_PARAMETERS = 100
_MAX_SHOWN = 1000
_HOST_ID = "demo"


class Sms:
    """The SMS provider and its inbox."""

    def __init__(self, settings: Settings, templates: Jinja2Templates) -> None:
        self._settings = settings
        self._templates = templates
        self._provider = Provider(settings)

    def routes(self) -> list[Route]:
        """`/sms/…`."""
        return [
            Route("/sms/", self.send, methods=["GET", "POST"]),
            Route("/sms/inbox/", self.show),
        ]

    async def send(self, request: Request) -> Response:
        """SendSms. Codes and numbers are never logged."""
        request_id = str(uuid.uuid4()).upper()
        try:
            values = await _read_values(request)
            answer = self._provider.answer(request.method, values)
        except RefusedError as error:
            # The message of a wrong signature repeats what was sent, with the code in it.
            log.info("an SMS is refused: %d %s", error.status, error.code)
            told = {"Message": error.message, "RequestId": request_id, "Code": error.code}
            if error.is_gateways:
                told["HostId"] = _HOST_ID
            return JSONResponse(told, error.status)
        log.info("an SMS is sent: %s", answer["BizId"])
        return JSONResponse({**answer, "RequestId": request_id})

    async def show(self, request: Request) -> Response:
        """The messages, all or to one `?phone=`; with `?format=json` for tests."""
        phone = request.query_params.get("phone", "")
        messages = self._provider.inbox.read(phone)
        if request.query_params.get("format") == "json":
            told = [asdict(message) for message in messages]
            return JSONResponse({"total": len(told), "messages": told}, headers=HEADERS)
        context = {
            "messages": messages[:_MAX_SHOWN],
            "phone": phone,
            "has_secret": bool(self._settings.sms_access_key_secret),
        }
        return self._templates.TemplateResponse(request, "inbox.html", context, headers=HEADERS)


async def _read_values(request: Request) -> dict[str, str]:
    """The parameters of a request, from its query and its form. Raises RefusedError."""
    query = request.scope["query_string"]
    values: dict[str, str] = {}
    try:
        body = await read_form(request, _MAX_BYTES)
        if len(query) > _MAX_BYTES:
            raise BadBodyError(f"at most {_MAX_BYTES} bytes")
        for text in (query, body):
            for name, value in parse_qsl(
                text.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MAX_PARAMETERS,
            ):
                if name in values:
                    raise BadBodyError(f"{name[:40]} once")
                values[name] = value
    except UnicodeDecodeError as error:
        raise bad_request("InvalidParameter", "expected UTF-8, percent-encoded") from error
    except ValueError as error:
        raise bad_request("InvalidParameter", f"expected {error}") from error
    return values
