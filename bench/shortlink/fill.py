"""Fills the table up to so many links, and writes what is to be asked for to /shared/codes.json:
popular codes, and others as far as there are more.

fill.py COUNT
"""

import asyncio
import json
import random
import sys
from hashlib import sha256
from pathlib import Path

from shortlink.codes import draw
from shortlink.database import Connection, Database
from shortlink.settings import load

CODES = Path("/shared/codes.json")
POPULAR = 1000
_MOST_CODES = 300_000
_AT_ONCE = 5000
_TIMEOUT_S = 1800.0


async def fill(count: int) -> list[str]:
    """All codes that are there afterwards."""
    database = Database(load("migrate"))
    async with database.connection(_TIMEOUT_S) as connection:
        there = [row[0] for row in await connection.rows("SELECT code FROM links")]
        while len(there) < count:
            codes = [draw(7) for _ in range(min(_AT_ONCE, count - len(there)))]
            await _insert(connection, codes)
            there += codes
        await connection.rows("ANALYZE TABLE links")
    await database.close()
    return there


async def _insert(connection: Connection, codes: list[str]) -> None:
    rows = ", ".join(["(%s, 'bench', %s, UNHEX(%s), FALSE, UTC_TIMESTAMP())"] * len(codes))
    values = []
    for code in codes:
        url = f"https://example.org/{code}"
        values += [code, url, sha256(url.encode()).hexdigest()]
    columns = "code, owner, url, url_hash, chosen, created_at"
    await connection.change(
        f"INSERT INTO links ({columns}) VALUES {rows}",  # noqa: S608  fixed words and places alone
        values,
    )


def main() -> None:
    """Fill, and choose."""
    codes = asyncio.run(fill(int(sys.argv[1])))
    random.shuffle(codes)
    CODES.write_text(json.dumps({"popular": codes[:POPULAR], "others": codes[POPULAR:_MOST_CODES]}))


if __name__ == "__main__":
    main()
