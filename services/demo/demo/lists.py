"""What the list sites show: every planted proxy stands on at least one, most on two or more."""

from base64 import b64encode
from dataclasses import dataclass

from demo.behaviour import Protocol
from demo.plan import Planted

PAGE_SIZE = 20

_NOISE_BEFORE = """\
# Free proxies, checked (they say) five minutes ago
# format: ip:port   !! do not trust what you read on lists !!

"""
_NOISE_AFTER = """\
999.1.1.1:99999
256.300.1.2:8080
1.2.3.4:0
1.2.3:3128
1.2.3.4.5:3128
127.0.0.1:8080
169.254.7.7:3128
:8080
proxy.invalid:3128
<a href="/more">more</a>
"""
# What lists call the protocols: `https` is a proxy that takes CONNECT.
_WORDS = {Protocol.CONNECT: "https"}


def words(planted: Planted) -> list[str]:
    """The protocols of a proxy as list sites name them."""
    return [_WORDS.get(protocol, protocol.value) for protocol in planted.kind.protocols]


def as_url(planted: Planted, address: str) -> str:
    """`scheme://user:password@host:port`, with the credentials it wants, percent-encoded."""
    return f"{words(planted)[0]}://{planted.name(address)}"


@dataclass(frozen=True, slots=True)
class Lists:
    """The content of the list sites. In it `address` stands as the address of every proxy.

    Proxies that want credentials stand on the list of URLs alone: elsewhere they would be wrong.
    """

    planted: list[Planted]

    def _open(self, without: int) -> list[Planted]:
        """Two thirds of those that want no credentials; `without` says which third is left out."""
        open_ones = [entry for entry in self.planted if not entry.username]
        return [entry for index, entry in enumerate(open_ones) if index % 3 != without]

    def on_table(self) -> list[Planted]:
        """The proxies of the HTML table."""
        return self._open(2)

    def on_plain(self) -> list[Planted]:
        """The proxies of the plain text."""
        return self._open(0)

    def on_json(self) -> list[Planted]:
        """The proxies of the JSON list."""
        return self._open(1)

    def on_urls(self) -> list[Planted]:
        """The proxies of the list of URLs: all with credentials, and what is not plain HTTP."""
        return [
            entry
            for entry in self.planted
            if entry.username or entry.kind.protocols[0] is not Protocol.HTTP
        ]

    def table_pages(self) -> int:
        """How many pages the HTML table has."""
        return -(-len(self.on_table()) // PAGE_SIZE)

    def table_page(self, number: int) -> list[tuple[Planted, str]]:
        """The table's rows on page `number`, from 1: a proxy and its protocols; none beyond."""
        rows = self.on_table()[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        return [(entry, ", ".join(word.upper() for word in words(entry))) for entry in rows]

    def hidden(self, address: str) -> list[tuple[str, int, str]]:
        """The rows of the table that hides addresses in scripts: Base64, port, protocols."""
        return [
            (
                b64encode(entry.place(address).rpartition(":")[0].encode()).decode(),
                entry.port,
                "/".join(words(entry)),
            )
            for entry in self.on_json()
        ]

    def plain(self, address: str) -> str:
        """The plain text, with duplicates, comments and addresses that are none."""
        lines = []
        for index, entry in enumerate(self.on_plain()):
            line = entry.place(address)
            lines += [line, f"  {line}   # again"] if index % 4 == 0 else [line]
        return _NOISE_BEFORE + "\n".join(lines) + "\n" + _NOISE_AFTER

    def urls(self, address: str) -> str:
        """One URL a line, with credentials where they are wanted."""
        return "".join(f"{as_url(entry, address)}\n" for entry in self.on_urls())

    def json(self, address: str) -> dict[str, object]:
        """The JSON list."""
        return {
            "updated": "now",
            "data": {
                "proxies": [
                    {
                        "ip": address,
                        "port": str(entry.port),
                        "protocols": words(entry),
                        "uptime": 99.9,
                    }
                    for entry in self.on_json()
                ]
            },
        }


def as_lines(planted: list[Planted]) -> str:
    """The farm at loopback addresses as text, a URL a line."""
    return "".join(f"{as_url(entry, '')}\n" for entry in planted)
