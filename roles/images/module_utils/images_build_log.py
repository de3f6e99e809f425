"""Reading a failed build's output: its last lines, and what its words say to do."""

from __future__ import annotations

import re

TAIL_LINES = 30

# The first that matches is the remedy: causes of causes stand first.
_REMEDIES = (
    (
        r"no space left on device",
        "Free some disk: docker builder prune removes what only speeds up later builds.",
    ),
    (
        r"buildx component is missing|unknown flag: --(progress|secret)",
        "Install BuildKit's plugin: docker-buildx (Debian) or docker-buildx-plugin (Docker's own).",
    ),
    (
        r"certificate[ _]verify[ _]failed|certificate verification failed|self[- ]signed"
        r"|unable to get (local )?issuer|SSL certificate problem|UNABLE_TO_GET_ISSUER"
        r"|CAfile|trust anchor",
        "Point build_ca_bundle at a file with the certificates that this network's mirrors use.",
    ),
    (
        r"do not match the hashes|EINTEGRITY|Hash Sum mismatch",
        "What the mirror serves is not what the lock file names: try another mirror"
        " (debian_mirror, pip_index_url, npm_registry), or write the lock file anew.",
    ),
    (
        r"temporary failure (in name resolution|resolving)|could not resolve|EAI_AGAIN|ENOTFOUND"
        r"|connection (refused|timed out|reset)|unable to connect|failed to fetch|ETIMEDOUT"
        r"|ECONNREFUSED|read timed out|no matching distribution found|50[23] "
        r"|network is unreachable",
        "A mirror did not answer during the build: run again, or set debian_mirror,"
        " pip_index_url or npm_registry to one that this machine reaches, and build_http_proxy"
        " where one is needed.",
    ),
    (
        r"unable to locate package|release file .* (expired|is not valid yet)",
        "The mirror lags behind or is incomplete: set debian_mirror to another, or raise"
        " base_refresh to have the base image made anew.",
    ),
)
_DEFAULT = "Correct what the lines above name; what has been built already is kept."


def tail(output: str, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a build's output, without blank ones and terminal escapes."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output)
    return "\n".join([line.rstrip() for line in plain.splitlines() if line.strip()][-lines:])


def remedy(output: str) -> str:
    """Return what to do about a failed build, as far as its last lines tell."""
    recent = tail(output, 2 * TAIL_LINES)
    for pattern, advice in _REMEDIES:
        if re.search(pattern, recent, re.IGNORECASE):
            return advice
    return _DEFAULT
