"""The process that a plug-in runs in: imports it, and writes what it lists as JSON lines.

    python -m proxypool.plugin_process check PATH
    python -m proxypool.plugin_process fetch PATH [NETWORK…]

Exits with 1 and the reason as the last line of standard error.
"""

import asyncio
import importlib.util
import inspect
import json
import os
import resource
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterable
from ipaddress import ip_network
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from proxypool.address import BadAddressError, UpstreamRule
from proxypool.candidate import Candidate
from proxypool.listing import Defaults, read_entry

_MEMORY_BYTES = 1 << 30
_MOST_OF_AN_ENTRY = 1 << 16  # of the addresses that a network stands for


class UnusableError(Exception):
    """The file is no plug-in."""


def main(arguments: list[str]) -> int:
    """Run one verb; the exit code."""
    verb, path, *networks = arguments
    # Whatever the plug-in prints goes to standard error: standard output is for its list alone.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    if verb == "fetch":
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        plugin = find_class(_imported(Path(path)))
        if verb == "fetch" and getattr(plugin, "enabled", True):
            rule = UpstreamRule(tuple(ip_network(text) for text in networks))
            asyncio.run(_fetch(plugin, rule, output))
    except UnusableError as error:
        print(error, file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001  a stranger's code raises what it likes
        what = f"{type(error).__name__}: {' '.join(str(error).split())[:250]}"
        print(_place_of(error, path) + what, file=sys.stderr)
        return 1
    return 0


def _place_of(error: Exception, path: str) -> str:
    """`line N: `, where it was in the plug-in's own file that the error arose or passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == path), None)
    return f"line {line}: " if line else ""


def _end_with_parent() -> None:
    """Nothing is ever written to standard input: it ends when the parent does."""
    os.read(0, 1)
    os._exit(1)


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("source_plugin", path)
    if spec is None or spec.loader is None:
        raise UnusableError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["source_plugin"] = module
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        raise UnusableError("SystemExit: it ends the process when it is imported") from error
    return module


def find_class(module: ModuleType) -> type:
    """The one class of the module with a `fetch`; raises UnusableError."""
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and callable(getattr(value, "fetch", None))
    ]
    # A base class that others in the file are made of is not the one.
    classes = [one for one in classes if not any(one in other.__mro__[1:] for other in classes)]
    if len(classes) != 1:
        names = ", ".join(one.__name__ for one in classes) or "none"
        raise UnusableError(f"expected one class with a method fetch, found {names}")
    _wants_session(classes[0])
    return classes[0]


def _wants_session(plugin: type) -> bool:
    fetch = inspect.getattr_static(plugin, "fetch")
    bound = not isinstance(fetch, staticmethod)
    function = getattr(fetch, "__func__", fetch)
    needed = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ][1 if bound else 0 :]
    if needed in ([], ["session"]):
        return bool(needed)
    raise UnusableError(f"expected fetch() or fetch(session), found the arguments {needed}")


async def _fetch(plugin: type, rule: UpstreamRule, output: TextIO) -> None:
    from proxypool.fetch import new_session

    wants_session = _wants_session(plugin)
    fetch: Callable[..., Any] = plugin().fetch
    async with new_session(rule) as session:
        listed = fetch(session) if wants_session else fetch()
        if inspect.isawaitable(listed):
            listed = await listed
        async for entry in _each(listed):
            for candidate in _candidates(entry):
                output.write(json.dumps(_said(candidate)) + "\n")
                output.flush()


def _said(candidate: Candidate | None) -> dict[str, Any] | None:
    if candidate is None:
        return None
    return {
        "proxy": str(candidate.upstream),
        "protocol": candidate.protocol or "",
        "expires": candidate.expires,
    }


async def _each(listed: object) -> AsyncIterator[object]:
    if isinstance(listed, AsyncIterator) or hasattr(listed, "__aiter__"):
        async for entry in listed:
            yield entry
    elif isinstance(listed, Iterable) and not isinstance(listed, (str, bytes)):
        for entry in listed:
            yield entry
    else:
        raise UnusableError(f"fetch gives {type(listed).__name__}, expected to be iterated over")


def _candidates(entry: object) -> Iterable[Candidate | None]:
    """The proxies of one entry; None for what is no address: lists are full of that."""
    if isinstance(entry, Candidate):
        return [entry]
    if not isinstance(entry, str):
        kind = type(entry).__name__
        raise UnusableError(f"fetch yields {kind}, expected text such as ip:port, or a Candidate")
    try:
        return list(islice(read_entry(entry, Defaults()), _MOST_OF_AN_ENTRY))
    except BadAddressError:
        return [None]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
