"""One request through one proxy after another until one carries it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from weakref import WeakKeyDictionary

from requests import Response, exceptions
from requests.models import PreparedRequest
from requests.utils import rewind_body

from proxypool.client.errors import AllProxiesFailedError, Attempt, NoProxyError
from proxypool.client.feedback import Feedback, Report
from proxypool.client.repeating import (
    NETWORK_ERRORS,
    Timeout,
    can_repeat,
    is_rewindable,
    reason_of,
)
from proxypool.client.sending import UPSTREAM_HEADER, ProxyAdapter
from proxypool.client.stock import Offer, Stock

_PERHAPS_THE_PROXY = frozenset((HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT))


@dataclass(frozen=True, slots=True)
class Success:
    """An answer that came through a proxy."""

    answer: Response
    latency_ms: int


@dataclass(frozen=True, slots=True)
class Failure:
    """How an attempt failed."""

    offer: Offer
    reason: str
    certain: bool
    """It is the proxy's own doing, whatever the destination is."""
    sent: bool
    """The destination may have got the request."""
    error: exceptions.RequestException | None = None
    answer: Response | None = None
    """An answer that may be the destination's own."""


class RotatingAdapter(ProxyAdapter):
    """Takes a proxy of the stock for each request, and another one where that fails.

    A failure that may be the destination's is held against a proxy only when another one got an
    answer: a site that is down must not empty the pool.
    """

    def __init__(
        self,
        stock: Stock,
        feedback: Feedback | None,
        *,
        attempts: int,
        timeout_s: tuple[float, float],
        target: str = "",
    ) -> None:
        super().__init__()
        self._stock = stock
        self._feedback = feedback
        self._attempts = attempts
        self._timeout_s = timeout_s
        self._target = target
        self._served: WeakKeyDictionary[Response, Offer] = WeakKeyDictionary()

    def proxy_of(self, answer: Response) -> str | None:
        """The proxy, by its name in the pool, that an answer of ours came through."""
        offer = self._served.get(answer)
        return None if offer is None else offer.proxy

    def send(  # type: ignore[override]  # the base names its parameters one by one
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Timeout = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Send through the pool. `proxies`, which requests takes from the environment, is unused.

        Raises NoProxyError, AllProxiesFailedError, PoolUnavailableError, PoolRefusedError, and
        what requests raises where the request may have arrived and must not be repeated.
        """
        # Set by requests on redirects for the proxy that the environment names.
        request.headers.pop("Proxy-Authorization", None)
        options: dict[str, Any] = {
            "stream": stream,
            "timeout": self._timeout_s if timeout is None else timeout,
            "verify": verify,
            "cert": cert,
        }
        failures: list[Failure] = []
        while len(failures) < self._attempts:
            tried = {failure.offer.proxy for failure in failures}
            offer = self._stock.next(request.url or "", tried)
            if offer is None:
                break
            outcome = self._attempt(request, offer, options)
            if isinstance(outcome, Success):
                self._succeeded(outcome, offer, failures)
                return outcome.answer
            failures.append(outcome)
            self._failed(outcome)
            if not can_repeat(request, sent=outcome.sent):
                return _only(outcome)
            if self.progress.sent and is_rewindable(request):
                rewind_body(request)
        return _best_of(request, failures)

    def _attempt(
        self, request: PreparedRequest, offer: Offer, options: dict[str, Any]
    ) -> Success | Failure:
        started = time.monotonic()
        try:
            answer = super().send(
                request, proxies={"http": offer.url, "https": offer.url}, **options
            )
            latency_ms = round((time.monotonic() - started) * 1000)
            if not options["stream"]:
                _ = answer.content  # a proxy that breaks off in the middle is one that failed
        except NETWORK_ERRORS as error:
            reason = reason_of(error)
            alone = not self.progress.reached_proxy and not offer.url.startswith("socks")
            certain = alone or reason == "auth_required"
            return Failure(offer, reason, certain, self.progress.sent, error)
        if answer.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            answer.close()
            return Failure(offer, "auth_required", certain=True, sent=False)
        answer.headers[UPSTREAM_HEADER] = offer.place
        self._served[answer] = offer
        if answer.status_code in _PERHAPS_THE_PROXY:
            return Failure(offer, "bad_status", certain=False, sent=True, answer=answer)
        return Success(answer, latency_ms)

    def _succeeded(self, success: Success, offer: Offer, failures: list[Failure]) -> None:
        self._report(Report(offer.proxy, True, success.latency_ms, target=self._target))
        for failure in failures:
            if failure.answer is not None:
                failure.answer.close()
            if not failure.certain:  # those that are, are reported
                self._report_bad(failure)

    def _failed(self, failure: Failure) -> None:
        self._stock.rest(failure.offer)
        if failure.certain:
            self._report_bad(failure)

    def _report_bad(self, failure: Failure) -> None:
        proxy, reason = failure.offer.proxy, failure.reason
        self._report(Report(proxy, False, reason=reason, target=self._target))

    def _report(self, report: Report) -> None:
        if self._feedback is not None:
            self._feedback.put(report)


def _only(failure: Failure) -> Response:
    """The answer as it is, or the error, of a request that must not be sent again."""
    if failure.answer is not None:
        return failure.answer
    if failure.error is None:
        raise RuntimeError("an attempt without an answer has an error")
    place = failure.offer.place
    failure.error.add_note(f"The request may have arrived through {place}: it was not repeated.")
    raise failure.error


def _best_of(request: PreparedRequest, failures: list[Failure]) -> Response:
    """What the caller gets where no proxy carried the request."""
    if not failures:
        raise NoProxyError(
            f"{request.url}: expected a proxy that fits the filters; found none in the pool. "
            "What to do: widen the filters, or see `proxypool stats`",
            request=request,
        )
    answers = [failure.answer for failure in failures if failure.answer is not None]
    for answer in answers[:-1]:
        answer.close()
    if answers:
        return answers[-1]
    last = failures[-1].error
    if last is not None and all(f.reason == "tls_broken" for f in failures):
        raise last  # several proxies do not break the same certificate: it is the site's
    attempts = tuple(Attempt(f.offer.place, f.reason, f.error) for f in failures)
    raise AllProxiesFailedError(attempts, request=request) from last
