"""Requests through the pool's gateway: it chooses the proxies, and tries others where one fails."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from weakref import WeakKeyDictionary

from requests import Response, exceptions
from requests.models import PreparedRequest
from requests.utils import rewind_body

from proxypool.client.errors import (
    AllProxiesFailedError,
    Attempt,
    NoProxyError,
    PoolRefusedError,
    PoolUnavailableError,
    SocksSupportError,
)
from proxypool.client.filters import Filters, with_user
from proxypool.client.pool import said
from proxypool.client.repeating import (
    NETWORK_ERRORS,
    Timeout,
    can_repeat,
    chain,
    is_rewindable,
    reason_of,
)
from proxypool.client.sending import UPSTREAM_HEADER, ProxyAdapter
from proxypool.client.stock import has_socks

_TUNNEL_STATUS = re.compile(r"Tunnel connection failed: (\d{3})")
_NO_UPSTREAM = HTTPStatus.SERVICE_UNAVAILABLE


class GatewayAdapter(ProxyAdapter):
    """Sends everything to one gateway, whose user name carries the filters."""

    def __init__(
        self,
        url: str,
        filters: Filters,
        auth: tuple[str, str] | None,
        session: str,
        *,
        attempts: int,
        timeout_s: tuple[float, float],
    ) -> None:
        super().__init__()
        if url.startswith("socks") and not has_socks():
            raise SocksSupportError
        account, secret = auth or ("", "")
        self._url = with_user(url, filters.user_name(account, session), secret)
        self._place = url.rpartition("@")[2].rpartition("/")[2]
        self._sticky = bool(session)
        self._attempts = attempts
        self._timeout_s = timeout_s
        self._served: WeakKeyDictionary[Response, str] = WeakKeyDictionary()

    def proxy_of(self, answer: Response) -> str | None:
        """The proxy that an answer of ours came through, where the gateway said so."""
        return self._served.get(answer)

    def send(  # type: ignore[override]  # the base names its parameters one by one
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Timeout = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Send through the gateway. `proxies`, which the environment may name, is unused.

        Raises what RotatingAdapter.send does.
        """
        request.headers.pop("Proxy-Authorization", None)
        if not self._sticky:
            # A tunnel that is kept open would keep to its proxy.
            request.headers["Connection"] = "close"
        options: dict[str, Any] = {
            "stream": stream,
            "timeout": self._timeout_s if timeout is None else timeout,
            "verify": verify,
            "cert": cert,
            "proxies": {"http": self._url, "https": self._url},
        }
        attempts: list[Attempt] = []
        while True:
            try:
                answer = super().send(request, **options)
                if not stream:
                    _ = answer.content
            except NETWORK_ERRORS as error:
                attempts.append(self._failed(request, error))
                if not can_repeat(request, sent=self.progress.sent):
                    raise
                if len(attempts) == self._attempts:
                    raise AllProxiesFailedError(tuple(attempts), request=request) from error
                if self.progress.sent and is_rewindable(request):
                    rewind_body(request)
                continue
            return self._checked(request, answer)

    def _failed(self, request: PreparedRequest, error: exceptions.RequestException) -> Attempt:
        """One more attempt in vain, or what the gateway itself says, raised."""
        if not self.progress.reached_proxy:
            raise PoolUnavailableError(
                f"the gateway {self._place} does not answer: {reason_of(error)}", request=request
            ) from error
        text = " ".join(str(link) for link in chain(error))
        refused = _TUNNEL_STATUS.search(text)
        if refused is not None:
            status = int(refused.group(1))
            raise self._gateways_error(request, status, f"status {status}", None) from error
        return Attempt(self._place, reason_of(error), error)

    def _checked(self, request: PreparedRequest, answer: Response) -> Response:
        if not (str(request.url).lower().startswith("http:") and self._url.startswith("http")):
            # Each header is the site's: what the gateway has to say, it said before the tunnel.
            opener = self.progress.tunnel_upstream
            if opener:
                answer.headers[UPSTREAM_HEADER] = self._served[answer] = opener
            return answer
        upstream = answer.headers.get(UPSTREAM_HEADER)
        if upstream:
            self._served[answer] = upstream
        elif answer.status_code >= HTTPStatus.BAD_REQUEST:
            # It marks what it passes on: this is its own.
            raise self._gateways_error(request, answer.status_code, said(answer), answer)
        return answer

    def _gateways_error(
        self, request: PreparedRequest, status: int, words: str, answer: Response | None
    ) -> exceptions.RequestException:
        message = f"the gateway {self._place}: {words}"
        if status == _NO_UPSTREAM:
            # It says so of itself too, but to whom it opens a tunnel it cannot say more.
            away = answer is not None and _field(answer, "name") != "upstream"
            kind = PoolUnavailableError if away else NoProxyError
            return kind(message, request=request, response=answer)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            tried = _attempts(answer) or (Attempt(self._place, "tunnel_refused"),)
            return AllProxiesFailedError(tried, request=request, response=answer)
        return PoolRefusedError(message, request=request, response=answer)


def _field(answer: Response, name: str) -> Any:
    try:
        return answer.json()[name]
    except (ValueError, KeyError, TypeError):
        return None


def _attempts(answer: Response | None) -> tuple[Attempt, ...]:
    """The attempts that the gateway tells of."""
    told = None if answer is None else _field(answer, "attempts")
    if not isinstance(told, list):
        return ()
    return tuple(Attempt(str(one.get("upstream")), str(one.get("reason"))) for one in told)
