"""What the list sites show: every planted proxy stands on at least one, most on two."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Lists:
    """The content of the list sites. In it `address` stands as the address of every proxy."""

    planted: list[Planted]

    def on_table(self) -> list[Planted]:
        """The proxies of the HTML table."""
        return [entry for index, entry in enumerate(self.planted) if index % 3 != 2]

    def on_plain(self) -> list[Planted]:
        """The proxies of the plain text."""
        return [entry for index, entry in enumerate(self.planted) if index % 3 != 0]

    def on_json(self) -> list[Planted]:
        """The proxies of the JSON list."""
        return [entry for index, entry in enumerate(self.planted) if index % 3 != 1]

    def table_pages(self) -> int:
        """How many pages the HTML table has."""
        return -(-len(self.on_table()) // PAGE_SIZE)

    def table_page(self, number: int) -> list[Planted]:
        """The table's rows on page `number`, from 1; none beyond the last."""
        return self.on_table()[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]

    def plain(self, address: str) -> str:
        """The plain text, with duplicates, comments and addresses that are none."""
        lines = []
        for index, entry in enumerate(self.on_plain()):
            line = f"{address}:{entry.port}"
            lines += [line, f"  {line}   # again"] if index % 4 == 0 else [line]
        return _NOISE_BEFORE + "\n".join(lines) + "\n" + _NOISE_AFTER

    def json(self, address: str) -> dict[str, object]:
        """The JSON list."""
        return {
            "updated": "now",
            "data": {
                "proxies": [
                    {"ip": address, "port": str(entry.port), "protocols": ["http"], "uptime": 99.9}
                    for entry in self.on_json()
                ]
            },
        }
