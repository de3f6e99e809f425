"""A source: one list of proxies, as a YAML file describes it."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from proxypool.address import BadAddressError
from proxypool.candidate import Candidate
from proxypool.listing import Defaults, expiry_of, protocol_of, read_entry
from proxypool.parsers import Parser, Strict
from proxypool.protocol import Protocol

SECRET_MARK = "{auth}"  # noqa: S105  where the secret goes, not the secret
"""Stands in a URL or a header for what `auth_file` holds."""

_KINDS = ("urls", "proxies", "file", "plugin")
_SECRET_HEADERS = frozenset(("authorization", "proxy-authorization", "cookie", "x-api-key"))
_SECRET_QUERY = re.compile(
    r"[?&](?:api_?key|access_?key|key|(?:access_?)?token|secret|password|passwd|pwd|sign(?:ature)?)"
    r"=(?!\{auth\})[^&]",
    re.IGNORECASE,
)
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_LONGEST_CRAWL_S = 600.0
_READING_S = 15.0
"""What a crawl's pages may take to be read, beside being fetched."""


def _protocol(value: object) -> object:
    if value is None or isinstance(value, Protocol):
        return value
    if isinstance(value, str) and (known := protocol_of(value)) is not None:
        return known
    raise ValueError("not one of http, connect (or https), socks4, socks4a, socks5")


_Named = Annotated[Protocol | None, BeforeValidator(_protocol)]
_Expiry = Annotated[float, BeforeValidator(expiry_of)]
"""Unix time; YAML gives it as a time such as 2026-12-31T00:00:00Z."""


class Pages(Strict):
    """The numbers that stand for `{page}` in the URLs, both ends included."""

    first: int = Field(ge=0, le=100_000)
    last: int = Field(ge=0, le=100_000)

    @model_validator(mode="after")
    def _ordered(self) -> "Pages":
        if not 0 <= self.last - self.first < 200:
            raise ValueError("last must lie between first and first + 199")
        return self


class OwnProxy(Strict):
    """One of a user's own proxies; YAML may give it as a text alone."""

    proxy: str = Field(min_length=1, max_length=2000, repr=False)
    protocol: _Named = None
    expires: _Expiry = 0.0

    @model_validator(mode="before")
    @classmethod
    def _text(cls, entry: Any) -> Any:
        return {"proxy": entry} if isinstance(entry, str) else entry


class Source(Strict):
    """One list of proxies: pages of a site (`urls`), a user's own ones (`proxies`, or `file`), or
    whatever a Python plug-in finds (`plugin`).
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    enabled: bool = True
    own: bool | None = None
    """Whether its proxies are the user's alone. If not said: of `proxies`, `file`, `auth_file`."""
    protocol: _Named = None
    """What its proxies are said to speak, where an entry does not say it."""
    expires: _Expiry = 0.0
    """Unix time when all of its proxies end; 0: never."""
    ports: tuple[int, ...] = Field(default=(), max_length=16)
    """The ports of addresses and networks that are listed without one."""
    host_names: bool = False
    """Whether `host.name:port` in a text is a proxy."""

    urls: list[str] = Field(default=[], max_length=200)
    pages: Pages | None = None
    headers: dict[str, str] = Field(default={}, max_length=20)
    auth_file: Path | None = None
    """The file of a secret: goes where `{auth}` stands, else into the header Authorization."""
    proxies: list[OwnProxy] = Field(default=[], max_length=100_000, repr=False)
    file: Path | None = None
    plugin: Path | None = None

    interval_s: float = Field(default=900.0, ge=5, le=30 * 86400)
    timeout_s: float = Field(default=20.0, gt=0, le=600)
    """For one page, from connecting to its last byte; for a plug-in's whole run."""
    deadline_s: float | None = Field(default=None, gt=0, le=3600)
    """For a whole crawl."""
    max_bytes: int = Field(default=2_000_000, ge=1, le=64_000_000)
    """For one page, after it is decompressed."""
    max_addresses: int = Field(default=20_000, ge=1, le=1_000_000)
    """For one crawl; what comes after is left out."""
    parser: Parser | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, entry: Any) -> Any:
        """`url: …` for one of `urls`, `port: …` for one of `ports`."""
        if not isinstance(entry, dict):
            return entry
        entry = dict(entry)
        for one, many in (("url", "urls"), ("port", "ports")):
            if one in entry:
                if many in entry:
                    raise ValueError(f"give {one} or {many}, not both")
                entry[many] = [entry.pop(one)]
        return entry

    @field_validator("ports")
    @classmethod
    def _in_range(cls, ports: tuple[int, ...]) -> tuple[int, ...]:
        if not all(0 < port < 65536 for port in ports):
            raise ValueError("a port is between 1 and 65535")
        return ports

    @field_validator("urls")
    @classmethod
    def _http(cls, urls: list[str]) -> list[str]:
        for url in urls:
            parts = urlsplit(url)
            if parts.username is not None:
                raise ValueError("credentials in a URL: put them into auth_file")
            if _SECRET_QUERY.search(url):
                raise ValueError("a key in a URL: put it into auth_file, and {auth} in its place")
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{url!r} is not an http:// or https:// address")
            if SECRET_MARK in parts.netloc:
                raise ValueError(f"{url!r}: the secret must not choose the host")
        return urls

    @field_validator("headers")
    @classmethod
    def _harmless(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER.fullmatch(name):
                raise ValueError(f"{name[:64]!r} is not a header's name")
            if any(ord(character) < 32 for character in value):
                raise ValueError(f"{name}: control characters in its value")
            if name.lower() in _SECRET_HEADERS and SECRET_MARK not in value:
                raise ValueError(f"{name} from a file: put it into auth_file, and {{auth}} here")
        return headers

    @field_validator("file", "auth_file", "plugin")
    @classmethod
    def _beside(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        """Paths are relative to the YAML file's folder."""
        if path is None:
            return None
        if info.field_name == "plugin" and (path.name != str(path) or path.suffix != ".py"):
            raise ValueError("not the name of a .py file beside this file")
        folder: Path = (info.context or {}).get("folder", Path())
        return folder / path

    @model_validator(mode="after")
    def _one_kind(self) -> "Source":
        given = [kind for kind in _KINDS if getattr(self, kind)]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"give exactly one of {', '.join(_KINDS)}; given: {found}")
        paged = any("{page}" in url for url in self.urls)
        if paged != (self.pages is not None):
            raise ValueError("give pages if, and only if, a URL holds {page}")
        if (self.parser is None) == bool(self.urls):
            raise ValueError("give parser if, and only if, there are urls")
        if self.parser is not None and self.parser.host_alone and not self.ports:
            raise ValueError("give both host and port, or neither; or the ports of the source")
        marked = any(SECRET_MARK in text for text in (*self.urls, *self.headers.values()))
        if marked and self.auth_file is None:
            raise ValueError("{auth} stands for what auth_file holds: give auth_file")
        if not self.urls and (self.headers or self.auth_file):
            raise ValueError("headers and auth_file go with urls")
        return self

    @model_validator(mode="after")
    def _own(self) -> "Source":
        for number, entry in enumerate(self.proxies):
            try:
                next(self._entry(entry), None)
            except BadAddressError as error:
                # The error is of this field, though it is the whole source that is looked at.
                place = {"field": f"proxies.{number}", "error": str(error)}
                raise PydanticCustomError("proxy", "{error}", place) from None
        return self

    @property
    def kind(self) -> str:
        """What it is made of: urls, proxies, file or plugin."""
        return next(kind for kind in _KINDS if getattr(self, kind))

    @property
    def private(self) -> bool:
        """Whether its proxies are the user's alone, and not the public's."""
        if self.own is not None:
            return self.own
        return bool(self.proxies or self.file or self.auth_file)

    @property
    def defaults(self) -> Defaults:
        """What it says of all its entries."""
        return Defaults(self.protocol, self.expires, self.host_names, self.ports)

    @property
    def crawl_deadline_s(self) -> float:
        """For a whole crawl: `deadline_s`, or as long as all pages may take, at most 10 minutes."""
        if self.deadline_s is not None:
            return self.deadline_s
        if not self.urls:
            return self.timeout_s
        fetching_s = min(self.page_count * self.timeout_s, _LONGEST_CRAWL_S)
        return max(self.timeout_s, fetching_s) + _READING_S

    @property
    def page_count(self) -> int:
        """How many pages a crawl reads at most."""
        pages = self.pages.last - self.pages.first + 1 if self.pages else 1
        return max(1, len(self.urls) * pages)

    def page_urls(self) -> list[str]:
        """The URLs of all pages, in order."""
        if self.pages is None:
            return list(self.urls)
        numbers = range(self.pages.first, self.pages.last + 1)
        return [url.replace("{page}", str(number)) for number in numbers for url in self.urls]

    def own_candidates(self) -> list[Candidate]:
        """The proxies that it names itself."""
        listed = (found for entry in self.proxies for found in self._entry(entry))
        return list(islice(listed, self.max_addresses))

    def _entry(self, entry: OwnProxy) -> Iterator[Candidate]:
        said = Defaults(
            entry.protocol or self.protocol,
            entry.expires or self.expires,
            self.host_names,
            self.ports,
        )
        return read_entry(entry.proxy, said)
