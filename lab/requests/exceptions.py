"""Every exception of requests: what provokes it, and what it is a kind of.

requests 的全部异常：怎样触发，以及它们的继承关系。
"""

from __future__ import annotations

import os
import socket
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
from addresses import Addresses, lab_addresses
from requests import exceptions
from requests.adapters import HTTPAdapter
from retries import retrying_session
from timeouts import TotalTimeoutError, at_most, nobody_accepts
from urllib3.util import Retry

TIMEOUT_S = (1, 5)
Way = tuple[str, Callable[[], Any]]


class NamedAdapter(HTTPAdapter):
    """Asks the server for another name than the URL's (SNI), and verifies it by that one."""

    def __init__(self, name: str) -> None:
        self._name = name
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Give the name to each connection."""
        super().init_poolmanager(*arguments, **options, server_hostname=self._name)


def get(url: str, **options: Any) -> requests.Response:
    """requests.get with a timeout: without one it may wait for ever."""
    return requests.get(url, timeout=options.pop("timeout", TIMEOUT_S), **options)


def expired(url: str, ca: str) -> requests.Response:
    """Ask for the name whose certificate has expired."""
    with requests.Session() as session:
        session.mount("https://", NamedAdapter("expired.test"))
        return session.get(url, verify=ca, timeout=TIMEOUT_S)


def read_twice(url: str) -> None:
    """The stream of an answer is there once."""
    with get(url, stream=True) as answer:
        for _ in range(2):
            list(answer.iter_content(100))


def post_pipe(url: str) -> None:
    """A redirect wants a body again that cannot be read from its start again."""
    reading, writing = os.pipe()
    os.write(writing, b"once")
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123  a descriptor has no path
        requests.post(url, data=pipe, timeout=TIMEOUT_S)


def retry(url: str) -> None:
    """Try again until patience is at its end."""
    with retrying_session(Retry(total=1, status_forcelist=[503])) as session:
        session.get(f"{url}?key={uuid.uuid4().hex}", timeout=TIMEOUT_S)


def ways(at: Addresses, closed: int, dead: str, ca: str) -> Iterator[Way]:
    """What can go wrong, in words, and how to have it go wrong."""
    lab, tls = at.lab, at.lab_tls("/seen/connection")
    proxy = {"http": f"http://127.0.0.1:{closed}"}
    yield "a port where nobody listens", lambda: get(f"http://127.0.0.1:{closed}/")
    yield "a name that does not exist", lambda: get("http://no-such-name.invalid/")
    yield "closed without an answer", lambda: get(lab("/broken/hang-up"))
    yield "an answer that is not HTTP", lambda: get(lab("/broken/status-line"))
    yield "too many headers", lambda: get(lab("/broken/many-headers"))
    yield "silence within a body", lambda: get(lab("/silence/half"), timeout=(5, 0.3))
    yield "a proxy that is not there", lambda: get("http://x.example/", proxies=proxy)
    yield "a certificate of nobody we know", lambda: get(tls)
    yield "a certificate for another name", lambda: get(tls, verify=ca)
    yield "a certificate that has expired", lambda: expired(tls, ca)
    yield "a host that never accepts", lambda: get(dead, timeout=(0.3, 5))
    yield "a server that never answers", lambda: get(lab("/silence/never"), timeout=(5, 0.3))
    yield "raise_for_status(), 400 to 599", lambda: get(lab("/nothing")).raise_for_status()
    yield "a redirect loop", lambda: get(lab("/redirects/loop"))
    yield "no http:// in front", lambda: get("shop.example/")
    yield "neither http nor https", lambda: get("ftp://ftp.example/")
    yield "a redirect to such a scheme", lambda: get(lab("/redirects/other-scheme"))
    yield "no host in it", lambda: get("http://")
    yield "a line's end in a header", lambda: get(lab("/"), headers={"X-Name": "a\r\nX-Admin: b"})
    yield "a proxy's URL without a host", lambda: get(lab("/"), proxies={"http": "http://:8080"})
    yield "a broken chunk", lambda: get(lab("/broken/chunk"))
    yield "a body shorter than announced", lambda: get(lab("/broken/short"))
    yield "gzip that is none", lambda: get(lab("/broken/compression"))
    yield "a stream read twice", lambda: read_twice(lab("/"))
    yield "one failure more than retries", lambda: retry(lab("/flaky"))
    yield "a 307, and a body from a pipe", lambda: post_pipe(lab("/redirects/same-again"))
    yield "NaN in json=", lambda: requests.post(lab("/"), json={"a": float("nan")}, timeout=5)
    yield "half an object, .json()", lambda: get(lab("/broken/json")).json()


def show(kind: type[Exception], provoked: dict[type[Exception], list[str]], depth: int) -> None:
    """Print an exception with what provoked it, and those that are kinds of it below."""
    others = [base.__name__ for base in kind.__bases__[1:] if base.__module__ == kind.__module__]
    name = "  " * depth + kind.__name__ + (f" (and {others[0]})" if others else "")
    lines = provoked.get(kind) or ["" if kind.__subclasses__() else "(nothing raises it any more)"]
    for line in lines:
        print(f"{name:<34}{line}".rstrip())
        name = ""
    for below in kind.__subclasses__():
        # One with two parents stands below the first.
        if below.__module__ == exceptions.__name__ and below.__bases__[0] is kind:
            show(below, provoked, depth + 1)


def dripping(url: str) -> None:
    """A byte comes before the silence is too long, and then another one, as long as it pleases."""
    try:
        with at_most(1):
            get(url, timeout=(5, 0.3))
    except TotalTimeoutError:
        print("  a body that drips, read=0.3: none yet after 1.0 s, and waited for all the same")
    else:
        raise SystemExit("a body that drips: expected to be waited for; found its end")


def main() -> None:
    """Provoke all of them, and show them as a tree."""
    at = lab_addresses(__doc__)
    provoked: dict[type[Exception], list[str]] = defaultdict(list)
    with (
        socket.socket() as bound,
        tempfile.TemporaryDirectory() as folder,
        nobody_accepts() as dead,
    ):
        bound.bind(("127.0.0.1", 0))  # and never listens: its port stays closed
        ca = Path(folder) / "ca.pem"
        ca.write_bytes(get(at.lab("/ca.pem")).content)
        for way, provoke in ways(at, bound.getsockname()[1], dead, str(ca)):
            try:
                provoke()
            except exceptions.RequestException as error:
                provoked[type(error)].append(way)
            else:
                raise SystemExit(f"{way}: expected an exception; found none")
    show(exceptions.RequestException, provoked, 0)
    print("\nNo exception, and wrong all the same:")
    print("  status", get(at.lab("/nothing")).status_code, "without raise_for_status()")
    dripping(at.lab("/silence/dripping-body"))
    answer = get(at.lab("/broken/charset"))
    print("  .text in the encoding that the server told:", answer.text.strip())
    answer.encoding = "gb18030"
    print('  after answer.encoding = "gb18030":', answer.text.strip())


if __name__ == "__main__":
    main()
