"""What a pool on one person's machine runs with where nothing is set: nothing needs to be set.

In a container all of it is set; there these defaults play no part.
"""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from proxypool.problems import ConfigurationError, Problem

JUDGES = "http://httpbin.org/get,http://azenv.net/"
HTTPS_JUDGES = "https://httpbin.org/get"
_LOOPBACK = "127.0.0.1"
_GATEWAY_PORT = "5011"
_SAY_WHO_MAY = ("ACCOUNTS_FILE", "GATEWAY_HOST", "GATEWAY_REQUIRE_CREDENTIALS")


def judges(environ: Mapping[str, str]) -> dict[str, str]:
    """Public judges, where none is set. One of your own is better: it answers nobody else."""
    chosen: dict[str, str] = {}
    if not (environ.get("JUDGE_URL") or environ.get("HTTP_URL")):
        chosen["JUDGE_URL"] = JUDGES
        if not (environ.get("JUDGE_HTTPS_URL") or environ.get("HTTPS_URL")):
            chosen["JUDGE_HTTPS_URL"] = HTTPS_JUDGES
    return chosen


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the pool's processes get beside `environ`. Raises ConfigurationError."""
    chosen = judges(environ)
    for name in ("HOST", "GATEWAY_HOST"):
        # Containers listen on all their addresses; a laptop does not, unless it is told to.
        if not environ.get(name):
            chosen[name] = _LOOPBACK
    if not any(environ.get(name) for name in _SAY_WHO_MAY):
        # Nobody but this machine reaches it, and there is no account to give.
        chosen["GATEWAY_REQUIRE_CREDENTIALS"] = "no"
    if not environ.get("GATEWAY_URL"):
        port = environ.get("GATEWAY_PORT") or _GATEWAY_PORT
        chosen["GATEWAY_URL"] = f"http://{_LOOPBACK}:{port}"
    if not environ.get("SOURCES_DIR"):
        chosen["SOURCES_DIR"] = str(shipped_sources())
    return chosen


def shipped_sources() -> Path:
    """The folder of sources that comes with the package. Raises ConfigurationError without it."""
    folder = Path(str(files("proxypool") / "shipped_sources"))
    if any(folder.glob("*.yaml")):
        return folder
    advice = "set SOURCES_DIR to a folder with YAML files of sources"
    raise ConfigurationError(
        [Problem("SOURCES_DIR", "the sources that come with the package", "none", advice)]
    )
