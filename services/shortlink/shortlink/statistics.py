"""Statistics of links, as they are in MariaDB: some seconds behind, which the answers say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from shortlink.database import Database


@dataclass(frozen=True, slots=True)
class Total:
    """A link's clicks since it was made."""

    clicks: int = 0
    last_click_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """A link's clicks by day and by referrer, the latest and the most first."""

    total: Total
    days: list[tuple[date, int]]
    referrers: list[tuple[str, int]]


async def totals(database: Database, links: Sequence[int]) -> dict[int, Total]:
    """The totals of several links. Raises DatabaseAwayError."""
    if not links:
        return {}
    places = ", ".join(["%s"] * len(links))
    async with database.connection() as connection:
        rows = await connection.rows(
            "SELECT link_id, SUM(clicks), MAX(last_click_at) FROM link_days "  # noqa: S608
            f"WHERE link_id IN ({places}) GROUP BY link_id",
            links,
        )
    return {link: Total(int(clicks), last.replace(tzinfo=UTC)) for link, clicks, last in rows}


async def statistics(database: Database, link: int, days: int) -> Statistics:
    """One link's statistics over the last `days` days. Raises DatabaseAwayError."""
    total = (await totals(database, [link])).get(link, Total())
    async with database.connection() as connection:
        by_day = await connection.rows(
            "SELECT day, clicks FROM link_days WHERE link_id = %s "
            "AND day > UTC_DATE() - INTERVAL %s DAY ORDER BY day DESC",
            (link, days),
        )
        by_host = await connection.rows(
            "SELECT host, clicks FROM link_referrers WHERE link_id = %s "
            "ORDER BY clicks DESC, host LIMIT 102",
            (link,),
        )
    return Statistics(
        total,
        [(day, int(clicks)) for day, clicks in by_day],
        [(host, int(clicks)) for host, clicks in by_host],
    )
