"""Retries with back-off: which requests are sent again, how long between, and when to stop.

重试与退避：哪些请求会重发、间隔多久、何时停止。
"""

from __future__ import annotations

import logging
import time
import uuid

import requests
from addresses import lab_addresses
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


def retrying_session(retry: Retry) -> requests.Session:
    """A session that tries again as `retry` says; plain requests.get never does."""
    session = requests.Session()
    for prefix in ("http://", "https://"):
        session.mount(prefix, HTTPAdapter(max_retries=retry))
    return session


RETRY = Retry(
    total=3,
    # Waits 0, then 0.2 s, 0.4 s, 0.8 s …, at most backoff_max. backoff_jitter adds chance, so that
    # a thousand clients of a server that comes back do not come back all at once.
    backoff_factor=0.1,
    backoff_max=5,
    # 429 and 503 say "later", 502 and 504 are a proxy's. 500 is a mistake that will happen again.
    status_forcelist=[429, 502, 503, 504],
    # The default: methods that may arrive twice without harm (RFC 9110, 9.2.2). No POST, no PATCH.
    allowed_methods=Retry.DEFAULT_ALLOWED_METHODS,
    respect_retry_after_header=True,
)


def show(session: requests.Session, method: str, url: str) -> None:
    """Send one request, and print what came of it and of those before it."""
    started = time.monotonic()
    try:
        answer = session.request(method, url, timeout=(1, 2))
        before = answer.raw.retries.history if answer.raw.retries else ()
        tried = [str(one.status or one.error) for one in before]
        ended = ", ".join([*tried, str(answer.status_code)])
    except requests.RequestException as error:
        ended = type(error).__name__
    path = url.partition("/flaky")[2].partition("&")[2] or url.rpartition("/")[2]
    print(f"{method:<5} {path:<26} {ended:<30} {time.monotonic() - started:.1f} s")


def main() -> None:
    """Ask for what fails a number of times and then works."""
    at = lab_addresses(__doc__)
    # It warns at each retry after an error, with the URL, which may hold what is secret.
    logging.getLogger("urllib3").setLevel(logging.ERROR)

    def flaky(query: str) -> str:
        # The lab counts by the key, so each run of this program needs keys of its own.
        return at.lab(f"/flaky?key={uuid.uuid4().hex}&{query}")

    with requests.Session() as plain, retrying_session(RETRY) as session:
        show(plain, "GET", flaky("failures=2"))
        show(session, "GET", flaky("failures=2"))
        # What Retry-After asks for comes before what back-off would wait.
        show(session, "GET", flaky("failures=1&retry_after=1"))
        # More failures than patience: RetryError, or with raise_on_status=False the last answer.
        show(session, "GET", flaky("failures=9"))
        # Nobody knows whether the order was placed: asking again is for who wrote the program,
        # and for servers that take an Idempotency-Key.
        show(session, "POST", flaky("failures=2"))
        # A server that closed before it answered may be asked again, too: a GET changes nothing.
        show(session, "GET", at.lab("/broken/hang-up"))


if __name__ == "__main__":
    main()
