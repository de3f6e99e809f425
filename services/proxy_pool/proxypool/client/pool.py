"""The pool's API as the client needs it: a handful of proxies, and reports."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests
from requests import exceptions

from proxypool.client.errors import PoolRefusedError, PoolUnavailableError
from proxypool.client.feedback import Report

_TIMEOUT_S = (3.05, 10.0)  # to connect, and between two pieces of an answer
_OUR_FAULT = frozenset(
    (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
    )
)


class Pool:
    """One pool, by the address of its API."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str = "",
        auth: tuple[str, str] | None = None,
        verify: bool | str = True,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = requests.Session()
        # The pool is asked directly, whatever proxies the environment names.
        self._http.trust_env = False
        self._http.auth = auth
        self._http.verify = verify
        self._http.headers["Accept"] = "application/json"
        if api_key:
            self._http.headers["X-API-Key"] = api_key

    def some(self, filters: Mapping[str, str], count: int) -> list[dict[str, Any]]:
        """At most `count` random proxies' records.

        Raises PoolUnavailableError or PoolRefusedError.
        """
        query = {**filters, "count": str(count)}
        answer = self._call("GET", "/api/v2/proxies", params=query)
        try:
            items: list[dict[str, Any]] = answer.json()["items"]
            if not all(isinstance(item["proxy"], str) for item in items):
                raise TypeError("a record without a proxy")
        except (ValueError, KeyError, TypeError) as error:
            message = f"{self.url}: expected the API of a proxy pool; found another answer"
            raise PoolUnavailableError(
                f"{message}. What to do: give the address of its API, such as http://HOST:5010",
                response=answer,
            ) from error
        return items

    def report(self, report: Report) -> None:
        """Say how a proxy did. Raises PoolUnavailableError or PoolRefusedError."""
        path = f"/api/v2/proxies/{quote(report.proxy, safe='')}/report"
        self._call("POST", path, json=report.content())

    def close(self) -> None:
        """Close the connections to the pool."""
        self._http.close()

    def _call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        try:
            answer = self._http.request(
                method, self.url + path, timeout=_TIMEOUT_S, allow_redirects=False, **arguments
            )
        except exceptions.RequestException as error:
            raise PoolUnavailableError(
                f"{self.url} does not answer: {error}", request=error.request
            ) from error
        if answer.status_code in _OUR_FAULT:
            raise PoolRefusedError(f"{self.url}: {said(answer)}", response=answer)
        # A proxy that is gone meanwhile is no news to the caller.
        if answer.status_code >= 300 and answer.status_code != HTTPStatus.NOT_FOUND:
            raise PoolUnavailableError(f"{self.url}: {said(answer)}", response=answer)
        return answer


def said(answer: requests.Response) -> str:
    """The pool's own words about what is wrong, or the status where it has none."""
    try:
        said = answer.json()
        return (
            f"{said['name']}: expected {said['expected']}; found {said['found']}. "
            f"What to do: {said['what_to_do']}"
        )
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code} {answer.reason}"
