"""How a source's pages are read: the parsers that a YAML file can name."""

from typing import Annotated, Literal

import jmespath
import re2
from jmespath.exceptions import JMESPathError
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

Decode = Literal["base64", "percent"]

_GROUPS = frozenset(("host", "port", "address", "protocol", "username", "password"))


class Strict(BaseModel):
    """A model that takes no field that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TextParser(Strict):
    """Every address in the text."""

    type: Literal["text"]
    decode: Decode | None = None
    """How the whole page is encoded."""

    @property
    def host_alone(self) -> bool:
        """Whether it finds hosts whose port must come from the source."""
        return False


class RegexParser(Strict):
    """A pattern (RE2 syntax) with the groups `host` and `port`, or the one group `address`.

    The groups `protocol`, `username` and `password` may stand beside them.
    """

    type: Literal["regex"]
    pattern: str = Field(max_length=2000)
    decode: Decode | None = None
    """How hosts, ports and addresses are encoded."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            groups = set(re2.compile(pattern).groupindex)
        except re2.error as error:
            raise ValueError(f"not a pattern of RE2: {error}") from error
        if not groups & {"host", "address"}:
            raise ValueError("no groups (?P<host>…) and (?P<port>…), nor (?P<address>…)")
        if unknown := groups - _GROUPS:
            raise ValueError(f"groups {', '.join(sorted(unknown))}: none of {sorted(_GROUPS)}")
        return pattern

    @property
    def host_alone(self) -> bool:
        """Whether it finds hosts whose port must come from the source."""
        return not {"port", "address"} & set(re2.compile(self.pattern).groupindex)


class CssParser(Strict):
    """Rows of an HTML page: a selector for the rows, and in each one for what it says.

    `td.ip` takes the element's text, `td::attr(data-ip)` an attribute, `::attr(data-ip)` the
    row's own. Without `host` and `address` every address in the row's text is taken.
    """

    type: Literal["css"]
    rows: str
    host: str | None = None
    port: str | None = None
    address: str | None = None
    protocol: str | None = None
    username: str | None = None
    password: str | None = None
    decode: Decode | None = None
    """How hosts, ports and addresses are encoded; a cell's script is looked into."""

    @field_validator("rows", "host", "port", "address", "protocol", "username", "password")
    @classmethod
    def _selects(cls, selector: str | None) -> str | None:
        if selector is not None:
            element, _ = split_attribute(selector)
            try:
                LexborHTMLParser("<p></p>").css(element or "p")
            except (SelectolaxError, ValueError) as error:
                raise ValueError(f"not a CSS selector: {error}") from error
        return selector

    @model_validator(mode="after")
    def _whole(self) -> "CssParser":
        if self.host is None and self.port is not None:
            raise ValueError("give both host and port, or neither")
        if self.host is not None and self.address is not None:
            raise ValueError("give host and port, or address, not both")
        return self

    @property
    def host_alone(self) -> bool:
        """Whether it finds hosts whose port must come from the source."""
        return self.host is not None and self.port is None


def split_attribute(selector: str) -> tuple[str, str]:
    """The selector of the element, and the attribute's name or "" for its text."""
    element, found, rest = selector.partition("::attr(")
    return element.strip(), rest.rstrip().removesuffix(")").strip() if found else ""


class JsonParser(Strict):
    """A path (JMESPath) to a list of `"ip:port"`, of `[ip, port]`, or of objects."""

    type: Literal["json"]
    path: str
    host: str = "ip"
    """The host's field, where the list holds objects; this and the others may be paths too."""
    port: str = "port"
    address: str | None = None
    """The field of `"ip:port"` or a URL, in place of host and port."""
    protocol: str | None = None
    """Its value may be a list: then the first that is known counts."""
    username: str | None = None
    password: str | None = None
    decode: Decode | None = None
    """How hosts, ports and addresses are encoded."""

    @field_validator("path", "host", "port", "address", "protocol", "username", "password")
    @classmethod
    def _compiles(cls, path: str | None) -> str | None:
        if path is not None:
            try:
                jmespath.compile(path)
            except JMESPathError as error:
                raise ValueError(f"not a JMESPath: {error}") from error
        return path

    @property
    def host_alone(self) -> bool:
        """Whether it finds hosts whose port must come from the source."""
        return False


Parser = Annotated[TextParser | RegexParser | CssParser | JsonParser, Field(discriminator="type")]
