"""Which Debian mirror the base image comes from, and whether it answers."""

from __future__ import annotations

import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path

from ansible.module_utils.images_errors import ImagesError

SUITE = "trixie"
DEFAULT_SECURITY_MIRROR = "http://security.debian.org/debian-security"
PROBE_TIMEOUT_S = 10.0
PROBE_ATTEMPTS = 2


def os_release(root: Path) -> dict[str, str]:
    """Return the fields of the machine's os-release file (freedesktop.org, os-release(5))."""
    fields = {}
    for line in (root / "etc/os-release").read_text().splitlines():
        key, separator, value = line.partition("=")
        if separator:
            fields[key.strip()] = value.strip().strip("\"'")
    return fields


def is_debian_family(release: dict[str, str]) -> bool:
    """Tell whether mmdebstrap can be installed from the machine's own distribution."""
    return "debian" in (release.get("ID", "") + " " + release.get("ID_LIKE", "")).split()


def machine_mirror(root: Path = Path("/")) -> str | None:
    """Return the Debian mirror that this machine's apt uses, or None where it is not Debian's.

    Ubuntu's and other derivatives' archives do not hold Debian, and neither do a vendor's.
    """
    release = os_release(root)
    if release.get("ID") != "debian":
        return None
    wanted = {SUITE, release.get("VERSION_CODENAME", SUITE), "stable"}
    for uri, suites, components in _apt_entries(root):
        if "main" in components and wanted.intersection(suites) and "security" not in uri:
            resolved = _resolve_mirror_list(root, uri)
            if resolved:
                return resolved.rstrip("/")
    return None


def security_candidates(mirror: str) -> list[str]:
    """Return where ``mirror``'s security suite may be: beside it, then at Debian's own address."""
    beside = [mirror + "-security"] if mirror.endswith("/debian") else []
    return [*beside, DEFAULT_SECURITY_MIRROR]


def require_mirror(mirror: str, ca: str | None) -> None:
    """Raise ImagesError unless ``mirror`` serves the suite that the base image is made of."""
    problem = suite_problem(mirror, SUITE, ca)
    if problem:
        raise ImagesError(
            f"the Debian mirror {mirror} to serve dists/{SUITE}/InRelease",
            problem,
            "Set debian_mirror to a mirror that this machine reaches"
            " (the list: https://www.debian.org/mirror/list), or correct its network or proxy."
            " Nothing has been built.",
        )


def require_answer(option: str, url: str, ca: str | None) -> None:
    """Raise ImagesError unless something answers at ``url``, which ``option`` names."""
    problem = ""
    for _attempt in range(PROBE_ATTEMPTS):
        try:
            _fetch(url, ca)
        except urllib.error.HTTPError as error:
            # Many indexes refuse a bare request for their root; a refusal is an answer.
            problem = f"HTTP {error.code}" if error.code >= 500 else ""
        except (OSError, ValueError) as error:
            problem = _describe(error)
        else:
            problem = ""
        if not problem:
            return
    raise ImagesError(
        f"{option} to answer at {url}",
        problem,
        f"Correct {option}, or empty it for the default. Nothing has been built.",
    )


def suite_problem(mirror: str, suite: str, ca: str | None) -> str:
    """Return why ``suite`` cannot be used from ``mirror``; empty where it can."""
    problem = ""
    for _attempt in range(PROBE_ATTEMPTS):
        try:
            release = _fetch(f"{mirror}/dists/{suite}/InRelease", ca)
        except urllib.error.HTTPError as error:
            return f"HTTP {error.code}"
        except (OSError, ValueError) as error:
            problem = _describe(error)
        else:
            return _release_problem(release.decode("utf-8", "replace"), time.time())
    return problem


def _release_problem(release: str, now: float) -> str:
    if not re.search(r"^Codename: ", release, re.MULTILINE):
        return "a page that is no Release file"
    match = re.search(r"^Valid-Until: (.+)$", release, re.MULTILINE)
    parsed = parsedate_tz(match.group(1)) if match else None
    if parsed and mktime_tz(parsed) < now:
        return "a Release file that expired on %s" % (match.group(1) if match else "")
    return ""


def _fetch(url: str, ca: str | None) -> bytes:
    if not url.startswith(("http://", "https://")):
        raise ValueError("no http:// or https:// address")
    context = ssl.create_default_context(cafile=ca or None)
    with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_S, context=context) as response:  # noqa: S310 - http(s), checked above
        body: bytes = response.read()
        return body


def _describe(error: BaseException) -> str:
    return str(getattr(error, "reason", None) or error) or type(error).__name__


def _apt_entries(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (URI, suites, components) of every binary source, in apt's order of files."""
    folder = root / "etc/apt/sources.list.d"
    for path in [root / "etc/apt/sources.list", *sorted(folder.glob("*"))]:
        if not path.is_file():
            continue
        text = path.read_text(errors="replace")
        if path.suffix == ".sources":
            yield from _deb822_entries(text)
        elif path.suffix == ".list":
            yield from _one_line_entries(text)


def _one_line_entries(text: str) -> Iterator[tuple[str, list[str], list[str]]]:
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line.strip())
        if match:
            yield match.group(1), [match.group(2)], match.group(3).split()


def _deb822_entries(text: str) -> Iterator[tuple[str, list[str], list[str]]]:
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if line[0] in " \t":
                fields[key] = fields.get(key, "") + " " + line.strip()
                continue
            key, _, value = line.partition(":")
            key = key.strip().lower()
            fields[key] = value.strip()
        enabled = fields.get("enabled", "yes").lower() not in ("no", "false", "0")
        if enabled and "deb" in fields.get("types", "").split():
            for uri in fields.get("uris", "").split():
                yield uri, fields.get("suites", "").split(), fields.get("components", "").split()


def _resolve_mirror_list(root: Path, uri: str) -> str | None:
    """Return an http(s) address for ``uri``: Debian's cloud images name theirs in a file."""
    if uri.startswith("mirror+file:"):
        path = root / uri[len("mirror+file:") :].lstrip("/")
        words = path.read_text().split() if path.is_file() else []
        return next((word for word in words if word.startswith(("http://", "https://"))), None)
    return uri if uri.startswith(("http://", "https://")) else None
