"""The filters of a query, read in one place for all routes and turned into a `Query`."""

from typing import Annotated, Any
from urllib.parse import parse_qs

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from proxypool.api import patterns
from proxypool.api.errors import RefusedError, problem_of, shown
from proxypool.problems import Problem
from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query

_MAX_FIELDS = 100


def _split(value: Any) -> Any:
    """`protocol=http,socks5` is the same as `protocol=http&protocol=socks5`."""
    if not isinstance(value, list):
        return value
    return [part.strip() for text in value for part in str(text).split(",") if part.strip()]


def _without_as(value: Any) -> Any:
    return value[2:] if isinstance(value, str) and value[:2].upper() == "AS" else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class Filters(BaseModel):
    """Conditions, all of which must hold. What is left out or empty asks for nothing."""

    protocol: Annotated[list[Protocol], BeforeValidator(_split)] = Field(
        default=[],
        max_length=20,
        description="Speaks at least one of these; several as a comma list or repeated.",
        examples=[["socks5"]],
    )
    https: bool | None = Field(
        default=None, description="Carries verified TLS to the judge.", examples=[True]
    )
    anonymity: Anonymity | None = Field(
        default=None, description="Hides at least this much.", examples=["elite"]
    )
    country: Annotated[str, BeforeValidator(_upper)] = Field(
        default="",
        pattern=patterns.COUNTRY_OR_NONE,
        description="The exit's country, ISO 3166-1 alpha-2.",
        examples=["CN"],
    )
    asn: Annotated[int, BeforeValidator(_without_as)] = Field(
        default=0,
        ge=0,
        le=4294967295,
        description="The number of the exit's autonomous system; 0 for any.",
        examples=[64500],
    )
    source: str = Field(
        default="",
        pattern=patterns.SOURCE_OR_NONE,
        description="The name of a source that lists it.",
        examples=["api"],
    )
    target: str = Field(
        default="",
        pattern=patterns.WORD_OR_NONE,
        description="The name of a target that it works for.",
        examples=["shop"],
    )
    max_latency_ms: int = Field(
        default=0, ge=0, le=3_600_000, description="At most; 0 for any.", examples=[800]
    )
    min_score: float = Field(
        default=0.0,
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="At least.",
        examples=[50],
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value not in ("", [""])}

    def query(self) -> Query:
        """The same for the store."""
        return Query(
            protocols=tuple(dict.fromkeys(self.protocol)),
            https=self.https,
            anonymity=self.anonymity,
            country=self.country,
            asn=self.asn,
            source=self.source,
            target=self.target,
            max_latency_ms=self.max_latency_ms,
            min_score=self.min_score,
        )


def fields_of(text: str) -> dict[str, list[str]]:
    """A query's values by name. Raises RefusedError for one with absurdly many."""
    if not text:
        return {}
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        problem = Problem("query", f"at most {_MAX_FIELDS} values", "more", "leave some out")
        raise RefusedError(problem) from error


def single(fields: dict[str, list[str]], name: str) -> str | None:
    """The one value of `name`, or None. Raises RefusedError where there are several."""
    values = fields.get(name)
    if values is None:
        return None
    if len(values) > 1:
        raise RefusedError(Problem(name, "one value", "several", f"give {name} once"))
    return values[0]


def read_known(fields: dict[str, list[str]]) -> Filters:
    """The filters among `fields`, for the reference's routes: other names pass unread.

    Raises RefusedError for a bad or repeated one.
    """
    given = {
        name: fields.get(name) if name == "protocol" else single(fields, name)
        for name in Filters.model_fields
        if name in fields
    }
    try:
        return Filters.model_validate(given)
    except ValidationError as error:
        raise RefusedError(problem_of(error, "query")) from error


def refuse_unknown(text: str, allowed: frozenset[str]) -> None:
    """Refuse what `/api/v2/` does not know: names not in `allowed`, and repeated ones."""
    fields = fields_of(text)
    for name in fields:
        if name not in allowed:
            expected = f"one of {', '.join(sorted(allowed))}" if allowed else "no query"
            raise RefusedError(Problem("query", expected, shown(name), "leave it out"))
        if name != "protocol":
            single(fields, name)
