"""Where the bundle is: what every program of this folder takes on its command line."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass, fields
from typing import NoReturn

import requests

UNAVAILABLE, USAGE = 69, 64
LAB_IS_OFF = (
    "switch the demo world on (demo_world=true in the inventory) and run scripts/up, or give the "
    "bundle's address by --host and its ports by --lab-port and the like"
)


@dataclass(frozen=True)
class Addresses:
    """The bundle's host, and the ports of it that the programs ask."""

    host: str = "127.0.0.1"
    api_port: int = 8000
    lab_port: int = 8010
    lab_tls_port: int = 8011
    proxy_pool_port: int = 5010
    gateway_port: int = 5011

    @property
    def url_host(self) -> str:
        """The host as it stands in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def lab(self, path: str) -> str:
        """The URL of a path of the server that misbehaves."""
        return f"http://{self.url_host}:{self.lab_port}{path}"

    def lab_tls(self, path: str) -> str:
        """The same with TLS."""
        return f"https://{self.url_host}:{self.lab_tls_port}{path}"

    def pool(self, path: str) -> str:
        """The URL of a path of the proxy pool."""
        return f"http://{self.url_host}:{self.proxy_pool_port}{path}"

    def api(self, path: str) -> str:
        """The URL of a path of the course site's API."""
        return f"http://{self.url_host}:{self.api_port}/api/v1/{path}"


def read_addresses(description: str | None) -> Addresses:
    """What the command line says; wrong arguments end the program with 64."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    for one in fields(Addresses):
        option = "--" + one.name.replace("_", "-")
        kind = str if one.name == "host" else int
        parser.add_argument(option, type=kind, default=one.default, help=f"default {one.default}")
    addresses = Addresses(**vars(parser.parse_args()))
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", addresses.host):
        end(
            USAGE,
            "--host",
            "a name or an address",
            repr(addresses.host),
            "leave out http:// and paths",
        )
    for name, port in vars(addresses).items():
        if name != "host" and not 1 <= port <= 65535:
            option = "--" + name.replace("_", "-")
            end(USAGE, option, "a port from 1 to 65535", str(port), "give the bundle's")
    # What HTTP_PROXY of this machine names is meant for the world outside, not for the bundle.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
    return addresses


def lab_addresses(description: str | None) -> Addresses:
    """The same for a program that asks the lab; without one the program ends with 69."""
    addresses = read_addresses(description)
    expect(addresses.lab("/"), '"lab"', LAB_IS_OFF)
    return addresses


def expect(url: str, word: str, do: str) -> None:
    """End the program where `url` does not answer with `word` in it, and say what to do."""
    try:
        found = requests.get(url, timeout=(2, 3))
    except requests.RequestException as error:
        end(UNAVAILABLE, url, "an answer", f"{type(error).__name__}: {reason(error)}", do)
    if word not in found.text:
        end(
            UNAVAILABLE, url, f"an answer with {word}", f"status {found.status_code} without it", do
        )


def reason(error: BaseException) -> str:
    """The first cause of an error: what the operating system, or the library below, said."""
    inner = error
    while (below := inner.__cause__ or getattr(inner, "reason", None) or _first(inner)) is not None:
        if not isinstance(below, BaseException):
            break
        inner = below
    return str(getattr(inner, "strerror", None) or inner).partition("\n")[0]


def _first(error: BaseException) -> object:
    """An error that is wrapped by another one is its first argument, or its last."""
    wrapped = [one for one in error.args if isinstance(one, BaseException)]
    return wrapped[-1] if wrapped else None


def end(status: int, what: str, expected: str, found: str, do: str) -> NoReturn:
    """End the program with a sentence instead of a traceback."""
    print(f"{what}: expected {expected}; found {found}; do: {do}", file=sys.stderr)
    raise SystemExit(status)
