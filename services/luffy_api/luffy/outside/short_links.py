"""Asks the short-link service (services/shortlink) for the short link to a page of this site."""

import json
from typing import Any

from luffy.environment import ShortLinkSettings
from luffy.outside.circuit import Circuit
from luffy.outside.client import Answer, OutsideClient
from luffy.outside.failures import BadAnswerError, RefusedError

LONGEST = 255
"""Characters of a short link: as many as a course's column has."""

_MADE = (200, 201)
_NOT_THIS_URL = 400

short_links_circuit = Circuit(failures=3, open_s=30)
short_links_client = OutsideClient(
    "short links", short_links_circuit, connect_timeout_s=2, read_timeout_s=4
)


def make_link(settings: ShortLinkSettings, url: str) -> str:
    """The short link to `url`: the same one each time.

    Raises:
        RefusedError: the service shortens no such address; `code` names what it refused.
        NotReachedError, CircuitOpenError, NoAnswerError, BadAnswerError: there is none now.
    """
    answer = short_links_client.call(
        "POST",
        f"{settings.url}/api/links/",
        check=_check,
        document={"url": url},
        account=(settings.account, settings.password),
    )
    return _short_url(answer)


def _check(answer: Answer) -> None:
    if answer.status == _NOT_THIS_URL:
        # Printable and short, whoever wrote it: it goes into the log.
        raise RefusedError(ascii(_field(answer, "name"))[1:41])
    if answer.status not in _MADE:
        raise BadAnswerError(f"HTTP {answer.status}")
    _short_url(answer)


def _short_url(answer: Answer) -> str:
    url = _field(answer, "short_url")
    if not url.startswith(("http://", "https://")) or not url.isprintable() or len(url) > LONGEST:
        raise BadAnswerError("a short link that is no address")
    return url


def _field(answer: Answer, name: str) -> str:
    try:
        document: Any = json.loads(answer.body)
        return str(document[name])
    except (ValueError, KeyError, TypeError):
        raise BadAnswerError(f"HTTP {answer.status} without the JSON field {name}") from None
