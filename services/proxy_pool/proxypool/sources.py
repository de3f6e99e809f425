"""Sources: YAML files that say which lists are crawled, how often, and how they are read."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import jmespath
import re2
import yaml
from jmespath.exceptions import JMESPathError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from proxypool.problems import ConfigurationError, Problem


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _selector(text: str) -> str:
    try:
        LexborHTMLParser("<p></p>").css(text)
    except (SelectolaxError, ValueError) as error:
        raise ValueError(f"not a CSS selector: {error}") from error
    return text


class TextParser(_Strict):
    """Every `ip:port` in the text."""

    type: Literal["text"]


class RegexParser(_Strict):
    """A pattern (RE2 syntax) with the groups `host` and `port`, or the one group `address`."""

    type: Literal["regex"]
    pattern: str = Field(max_length=2000)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            groups = set(re2.compile(pattern).groupindex)
        except re2.error as error:
            raise ValueError(f"not a pattern of RE2: {error}") from error
        if not ({"host", "port"} <= groups or "address" in groups):
            raise ValueError("no groups (?P<host>…) and (?P<port>…), nor (?P<address>…)")
        return pattern


class CssParser(_Strict):
    """Rows of an HTML page: a selector for the rows, in each one for the host and the port.

    Without `host` and `port` every `ip:port` in the row's text is taken.
    """

    type: Literal["css"]
    rows: str
    host: str | None = None
    port: str | None = None

    @field_validator("rows", "host", "port")
    @classmethod
    def _selects(cls, selector: str | None) -> str | None:
        return selector if selector is None else _selector(selector)

    @model_validator(mode="after")
    def _both(self) -> "CssParser":
        if (self.host is None) != (self.port is None):
            raise ValueError("give both host and port, or neither")
        return self


class JsonParser(_Strict):
    """A path (JMESPath) to a list of `"ip:port"`, of `[ip, port]`, or of objects."""

    type: Literal["json"]
    path: str
    host: str = "ip"
    """The host's field, where the list holds objects."""
    port: str = "port"

    @field_validator("path")
    @classmethod
    def _compiles(cls, path: str) -> str:
        try:
            jmespath.compile(path)
        except JMESPathError as error:
            raise ValueError(f"not a JMESPath: {error}") from error
        return path


Parser = Annotated[TextParser | RegexParser | CssParser | JsonParser, Field(discriminator="type")]


class Pages(_Strict):
    """The numbers that stand for `{page}` in the URLs, both ends included."""

    first: int = Field(ge=0, le=100_000)
    last: int = Field(ge=0, le=100_000)

    @model_validator(mode="after")
    def _ordered(self) -> "Pages":
        if not 0 <= self.last - self.first < 200:
            raise ValueError("last must lie between first and first + 199")
        return self


class Source(_Strict):
    """One site that lists proxies."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    enabled: bool = True
    urls: list[str] = Field(min_length=1, max_length=200)
    pages: Pages | None = None
    interval_s: float = Field(ge=5, le=30 * 86400)
    timeout_s: float = Field(default=20.0, gt=0, le=600)
    """For one page, from connecting to its last byte."""
    max_bytes: int = Field(default=2_000_000, ge=1, le=64_000_000)
    """For one page, after it is decompressed."""
    max_addresses: int = Field(default=20_000, ge=1, le=1_000_000)
    """For one crawl; what comes after is left out."""
    parser: Parser

    @field_validator("urls")
    @classmethod
    def _http(cls, urls: list[str]) -> list[str]:
        for url in urls:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{url!r} is not an http:// or https:// address")
        return urls

    @model_validator(mode="after")
    def _paged(self) -> "Source":
        paged = any("{page}" in url for url in self.urls)
        if paged != (self.pages is not None):
            raise ValueError("give pages if, and only if, a URL holds {page}")
        return self

    def page_urls(self) -> list[str]:
        """The URLs of all pages, in order."""
        if self.pages is None:
            return list(self.urls)
        numbers = range(self.pages.first, self.pages.last + 1)
        return [url.replace("{page}", str(number)) for number in numbers for url in self.urls]


def load_sources(folder: Path) -> list[Source]:
    """Read all `*.yaml` and `*.yml` in `folder`; a file holds one source or a list of them.

    Sources with `enabled: false` are checked and left out. Raises ConfigurationError with every
    problem of every file at once.
    """
    problems: list[Problem] = []
    sources: dict[str, Source] = {}
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    if not paths:
        advice = "put a source file there (README.md, Sources)"
        problems.append(Problem(f"SOURCES_DIR={folder}", "at least one *.yaml", "none", advice))
    for path in paths:
        for index, entry in enumerate(_entries(path, problems)):
            place = f"{path.name}[{index}]"
            try:
                source = Source.model_validate(entry)
            except ValidationError as error:
                problems.extend(_problems(place, error))
                continue
            if source.name in sources:
                advice = "give it another name"
                problems.append(
                    Problem(f"{place}.name", "a name of its own", repr(source.name), advice)
                )
            sources[source.name] = source
    if problems:
        raise ConfigurationError(problems)
    return [source for source in sources.values() if source.enabled]


def _entries(path: Path, problems: list[Problem]) -> list[Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        found = " ".join(str(error).split())
        problems.append(Problem(path.name, "a readable YAML file", found, "correct the file"))
        return []
    return content if isinstance(content, list) else [content]


def _problems(place: str, error: ValidationError) -> list[Problem]:
    found = []
    for detail in error.errors():
        field = ".".join(str(part) for part in detail["loc"])
        name = f"{place}.{field}" if field else place
        value = " ".join(repr(detail["input"]).split())[:120]
        if detail["type"] == "missing":
            value = "nothing"
        found.append(Problem(name, detail["msg"], value, "see README.md, Sources"))
    return found
