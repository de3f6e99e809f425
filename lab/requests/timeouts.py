"""Timeouts: what connect, read and total each bound, and what none of them bounds.

超时：连接、读取、总时长各限制什么，以及它们都管不到的情况。
"""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import requests
from addresses import lab_addresses


class TotalTimeoutError(Exception):
    """The whole took too long."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End what is inside after so many seconds, whatever it waits for.

    It is the one bound that nothing escapes, name lookups included; it works in the main thread of
    a Unix process alone. Elsewhere the same takes a process that can be killed.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TotalTimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def nobody_accepts() -> Iterator[str]:
    """An address whose queue of new connections is full: further ones wait, as with a dead host."""
    with socket.socket() as listening, socket.socket() as first:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        first.connect(listening.getsockname())
        yield "http://{}:{}/".format(*listening.getsockname())


def read_within(url: str, total_s: float, read_s: float) -> bytes:
    """A body within `total_s`, looked at between its pieces: late by `read_s` at most."""
    ends = time.monotonic() + total_s
    body = b""
    with requests.get(url, timeout=(1, read_s), stream=True) as answer:
        # A piece is what has come, up to this size: with a large one the clock is never looked at.
        for piece in answer.iter_content(1):
            body += piece
            if time.monotonic() > ends:
                raise TotalTimeoutError(f"more than {total_s} s, and {len(body)} bytes")
    return body


def show(what: str, call: Callable[[], Any]) -> None:
    """Print how a call ended, and after how long."""
    started = time.monotonic()
    try:
        ended = f"status {call().status_code}"
    except (requests.RequestException, TotalTimeoutError) as error:
        ended = type(error).__name__
    print(f"{what:<46} {ended:<17} after {time.monotonic() - started:.1f} s")


def main() -> None:
    """Wait for what never comes, with each of the bounds."""
    at = lab_addresses(__doc__)
    with nobody_accepts() as dead:
        # (connect, read). Connect is for one address: a name with three may take three times.
        show("connect=0.3, nobody accepts", lambda: requests.get(dead, timeout=(0.3, 5)))
    never = at.lab("/silence/never")
    show("read=0.3, never an answer", lambda: requests.get(never, timeout=(5, 0.3)))
    # One number is both, one after the other, and not their sum.
    show("timeout=0.3, never an answer", lambda: requests.get(never, timeout=0.3))
    late = at.lab("/silence/late?ms=500")
    show("read=0.3, an answer after 0.5 s", lambda: requests.get(late, timeout=(5, 0.3)))
    # Read is the longest silence, not the time of the answer: each byte starts it anew.
    body, head = at.lab("/silence/dripping-body"), at.lab("/silence/dripping-head")
    show("read=0.3, total=1 between pieces, a body drips", lambda: read_within(body, 1, 0.3))
    # Before the head is whole there are no pieces to look between.
    with at_most(1):
        show("read=0.3, at_most(1), a head drips", lambda: requests.get(head, timeout=(5, 0.3)))


if __name__ == "__main__":
    main()
