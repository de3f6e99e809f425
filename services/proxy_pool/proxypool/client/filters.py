"""Which proxies a session asks for: as a query of the API, and as a user name of the gateway."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

_GATEWAY_WORD = re.compile(r"[A-Za-z0-9_.]+")


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions, all of which must hold; what is left empty asks for nothing."""

    protocol: str = ""
    """One of http, connect, socks4, socks4a, socks5."""
    https: bool | None = None
    anonymity: str = ""
    """At least this level: transparent, anonymous or elite."""
    country: str = ""
    """Two letters, as in ISO 3166-1."""
    asn: int = 0
    source: str = ""
    target: str = ""
    """The name of a site that the pool checks its proxies against."""
    max_latency_ms: int = 0
    min_score: float = 0.0

    def query(self) -> dict[str, str]:
        """The parameters of `/api/v2/proxies`."""
        values = {
            "protocol": self.protocol,
            "https": "" if self.https is None else str(self.https).lower(),
            "anonymity": self.anonymity,
            "country": self.country.upper(),
            "asn": str(self.asn or ""),
            "source": self.source,
            "target": self.target,
            "max_latency_ms": str(self.max_latency_ms or ""),
            "min_score": str(self.min_score or ""),
        }
        return {name: value for name, value in values.items() if value}

    def user_name(self, account: str, session: str) -> str:
        """The gateway's user name: the account, then filters, joined by dashes.

        Raises ValueError for a filter that the gateway does not know, or a value with a dash.
        """
        for name in ("source", "min_score"):
            if getattr(self, name):
                raise ValueError(
                    f"{name}: expected a filter that the gateway knows (protocol, https, "
                    f"anonymity, country, asn, target, max_latency_ms, session); found {name}. "
                    "What to do: leave it out, or take proxies from the pool's API"
                )
        if self.https is False:
            raise ValueError(
                "https: expected True or None; found False. What to do: leave it out: the gateway "
                "has a filter for proxies that carry https alone"
            )
        pairs = {
            "country": self.country.upper(),
            "asn": str(self.asn or ""),
            "session": session,
            "target": self.target,
            "protocol": self.protocol,
            "anonymity": self.anonymity,
            "maxlatency": str(self.max_latency_ms or ""),
        }
        words = [account] if account else []
        for name, value in pairs.items():
            if not value:
                continue
            if not _GATEWAY_WORD.fullmatch(value):
                raise ValueError(
                    f"{name}: expected letters, digits, _ and . alone, because dashes part the "
                    f"gateway's filters; found {value!r}. What to do: choose another name"
                )
            words += [name, value]
        if self.https:
            words.append("https")
        return "-".join(words)


def with_user(url: str, username: str, password: str) -> str:
    """`url` with these credentials in it."""
    parts = urlsplit(url)
    if not (username or password):
        return url
    place = parts.netloc.rpartition("@")[2]
    credentials = f"{quote(username, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{credentials}@{place}"))
