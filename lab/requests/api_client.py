"""An API that has no SDK: a small typed client, with pages, errors, timeouts and retries.

没有 SDK 的 API：自己写一个小而有类型的客户端，处理分页、错误、超时与重试。
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import requests
from addresses import expect, read_addresses
from retries import RETRY, retrying_session


class ApiError(Exception):
    """The API said no. `word` is for programs, the message for people."""

    def __init__(self, status: int, word: str, message: str, request_id: str) -> None:
        super().__init__(f"{status} {word}: {message}")
        self.status = status
        self.word = word
        self.request_id = request_id  # what the operator finds its log lines by


class ApiUnavailableError(Exception):
    """There was no answer, or none that this client understands: try later."""


# What Python raises where an answer is JSON, and not the JSON that was expected.
OTHER_SHAPE = (KeyError, TypeError, ValueError, ArithmeticError)


@dataclass(frozen=True)
class Course:
    """A course, as far as this program needs it: a field that the API adds breaks nothing."""

    id: int
    name: str
    price: Decimal  # a text in the JSON: as a float, money would not add up

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Course:
        """From a row of the API. Raises one of OTHER_SHAPE where it is another one."""
        return cls(int(row["id"]), str(row["name"]), Decimal(row["price"]))


class CourseApi:
    """The catalogue of the course site. Raises ApiError and ApiUnavailableError, nothing else."""

    def __init__(self, base_url: str, language: str = "en") -> None:
        self._base_url = base_url
        self._session = retrying_session(RETRY)
        self._session.headers.update({"Accept": "application/json", "Accept-Language": language})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.close()

    def courses(self, page_size: int = 50, **filters: str) -> Iterator[Course]:
        """All that fit, page by page: a page is asked for when it is needed."""
        page = 1
        while True:
            query = {**filters, "page": str(page), "page_size": str(page_size)}
            courses, is_last = self._page(self._get("course/actual/", query))
            yield from courses
            if is_last:
                return
            page += 1  # not the URL in `next`: the server may know itself by another name

    def course(self, id_: int) -> Course:
        """One course."""
        found = self._get(f"course/actual/{id_}/", {})
        with understood("a course"):
            return Course.read(found)

    def _get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            answer = self._session.get(self._base_url + path, params=query, timeout=(2, 10))
            content = answer.json()
        # Beside its own, requests lets through what a URL raises that a redirect leads to, a number
        # of too many digits (ValueError), and JSON that is nested too deep.
        except (requests.RequestException, ValueError, RecursionError) as error:
            raise ApiUnavailableError(f"{path}: {type(error).__name__}") from error
        if not isinstance(content, dict):
            raise ApiUnavailableError(f"{path}: expected an object; found another JSON")
        if answer.ok:
            return content
        word, message, request_id = (
            str(content.get(name) or "") for name in ("error", "msg", "request_id")
        )
        raise ApiError(answer.status_code, word, message, request_id)

    @staticmethod
    def _page(found: Mapping[str, Any]) -> tuple[list[Course], bool]:
        with understood("a page of courses"):
            return [Course.read(row) for row in found["results"]], not found["next"]


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Raises ApiUnavailableError where what was found has another shape."""
    try:
        yield
    except OTHER_SHAPE as error:
        raise ApiUnavailableError(f"{what} of another shape: {error!r}") from error


def main() -> None:
    """What a shop window needs, and how the API says no."""
    at = read_addresses(__doc__)
    do = "run scripts/up, or give the bundle's address by --host and --api-port"
    expect(at.api("course/actual/"), '"results"', do)
    with CourseApi(at.api("")) as api:
        for course in api.courses(page_size=2, ordering="price", max_price="100"):
            print(f"{course.price:>7} {course.name}")
        total = sum(course.price for course in api.courses())
        print(f"{total:>7} for all of them")
        for ask in (lambda: api.course(999_999), lambda: list(api.courses(min_price="cheap"))):
            try:
                ask()
            except ApiError as error:
                print(f"ApiError: {error}, request id given: {bool(error.request_id)}")
    try:
        with CourseApi(at.lab("/broken/json?")) as broken:
            broken.course(1)
    except ApiUnavailableError as error:
        print("ApiUnavailableError:", error)


if __name__ == "__main__":
    main()
