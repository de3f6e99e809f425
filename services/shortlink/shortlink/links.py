"""Links: made, found, changed and deleted by their owners. MariaDB has them; Redis keeps copies."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from shortlink.cache import GONE, NONE, Cache, Target
from shortlink.codes import draw
from shortlink.database import Connection, Database, DuplicateError, Row

_TRIES = 8
_COLUMNS = "id, code, owner, url, chosen, created_at, expires_at, deleted_at"


class NameTakenError(Exception):
    """The chosen name is another link's, or was."""


class UnknownLinkError(Exception):
    """The account never had a link of this code."""


@dataclass(frozen=True, slots=True)
class Link:
    """A row of the table; times are UTC."""

    id: int
    code: str
    owner: str
    url: str
    chosen: bool
    created_at: datetime
    expires_at: datetime | None
    deleted: bool

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def target(self) -> Target:
        """What a redirect needs of it."""
        if self.deleted:
            return GONE
        ends = 0 if self.expires_at is None else int(self.expires_at.timestamp())
        return Target(self.id, self.url, ends)


@dataclass(frozen=True, slots=True)
class Change:
    """What an owner says of a link anew; `expires` says whether `expires_at` is said at all."""

    url: str | None = None
    expires: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _New:
    """A link that is to be made."""

    code: str
    owner: str
    url: str
    chosen: bool
    expires_at: datetime | None


class Links:
    """All links. Every method raises DatabaseAwayError."""

    def __init__(self, database: Database, cache: Cache, code_length: int) -> None:
        self._database = database
        self._cache = cache
        self._code_length = code_length

    async def make(
        self, owner: str, url: str, name: str | None, expires_at: datetime | None
    ) -> tuple[Link, bool]:
        """A link to `url`, and whether it is new. Raises NameTakenError.

        Without a name the same URL of the same owner has one code for ever, also where two ask at
        the same moment: the table's unique key decides. `expires_at` of None says nothing: a link
        that lives keeps its end, and one that has expired lives again without any.
        """
        async with self._database.connection() as connection:
            for _ in range(_TRIES):
                found = await _standing(connection, owner, url, name)
                if found is not None and not found.deleted:
                    renewed = await self._renewed(connection, found, expires_at)
                    if renewed is None:
                        continue  # it is made anew
                    return renewed, False
                code = draw(self._code_length) if name is None else name
                new = _New(code, owner, url, name is not None, expires_at)
                self._cache.owe(code)  # also where the answer to what follows is lost
                try:
                    if not await _inserted(connection, new, found):
                        continue  # somebody was faster
                except DuplicateError:
                    continue  # somebody was faster, or the code was drawn before
                link = await self._published(connection, code)
                if not link.deleted:  # by whoever guessed it, at once
                    return link, True
        raise AssertionError(f"{_TRIES} codes of {self._code_length} characters were all taken")

    async def of(self, owner: str, code: str) -> Link | None:
        """The owner's link, also an expired one."""
        async with self._database.connection() as connection:
            link = await _by_code(connection, code)
        return link if link and link.owner == owner and not link.deleted else None

    async def newest_of(
        self, owner: str, limit: int, before: str | None, url: str | None
    ) -> list[Link]:
        """The owner's links, the newest first, from the one that follows `before`.

        That one may be deleted by now. Raises UnknownLinkError where it never was.
        """
        conditions = "owner = %s AND deleted_at IS NULL"
        arguments: list[object] = [owner]
        if url is not None:
            conditions += " AND url = %s"
            arguments.append(url)
        async with self._database.connection() as connection:
            if before is not None:
                last = await _by_code(connection, before)
                if last is None or last.owner != owner:
                    raise UnknownLinkError(before)
                conditions += " AND id < %s"
                arguments.append(last.id)
            rows = await connection.rows(
                f"SELECT {_COLUMNS} FROM links WHERE {conditions} "  # noqa: S608  fixed words
                f"ORDER BY id DESC LIMIT {limit:d}",
                arguments,
            )
        return [_link(row) for row in rows]

    async def change(self, link: Link, change: Change) -> Link | None:
        """The link as it is from now on, or None where it was deleted meanwhile.

        What is not said anew stays as somebody else may have changed it meanwhile.
        """
        said: dict[str, object] = {}
        if change.url is not None:
            said["url"] = change.url
        if change.expires:
            said["expires_at"] = _stored(change.expires_at)
        self._cache.owe(link.code)  # also where the answer to what follows is lost
        async with self._database.connection() as connection:
            if said:
                columns = ", ".join(f"{column} = %s" for column in said)
                await connection.change(
                    f"UPDATE links SET {columns} "  # noqa: S608  fixed words
                    "WHERE id = %s AND deleted_at IS NULL",
                    (*said.values(), link.id),
                )
            return _living(await self._published(connection, link.code), link)

    async def delete(self, link: Link) -> None:
        """Delete it with its statistics; its code stays taken."""
        self._cache.owe(link.code)  # also where the answer to what follows is lost
        async with self._database.connection() as connection:
            await connection.begin()
            await connection.change(
                "UPDATE links SET url = '', url_hash = NULL, deleted_at = UTC_TIMESTAMP() "
                "WHERE id = %s AND deleted_at IS NULL",
                (link.id,),
            )
            await connection.change("DELETE FROM link_days WHERE link_id = %s", (link.id,))
            await connection.change("DELETE FROM link_referrers WHERE link_id = %s", (link.id,))
            await connection.commit()
            await self._published(connection, link.code)

    async def target(self, code: str) -> Target:
        """What the code leads to, from the table; NONE where there is no such code."""
        async with self._database.connection() as connection:
            link = await _by_code(connection, code)
        return _target(link)

    async def settle(self) -> None:
        """Tell Redis what it has missed, as the table has it by now, until it is away again.

        Raises DatabaseAwayError.
        """
        while (code := self._cache.owed()) is not None:
            async with self._database.connection() as connection:
                _, knows = await self._told(connection, code)
            if not knows:
                return

    async def _renewed(
        self, connection: Connection, link: Link, expires_at: datetime | None
    ) -> Link | None:
        """A link that was asked for again, with the end that was asked for.

        None where it was deleted meanwhile.
        """
        now = datetime.now(UTC)
        if expires_at is None and not link.expired(now):
            return link
        conditions = "id = %s AND deleted_at IS NULL"
        arguments: list[object] = [_stored(expires_at), link.id]
        if expires_at is None:
            # One that is to come by now is somebody else's word.
            conditions += " AND expires_at <= %s"
            arguments.append(_stored(now))
        self._cache.owe(link.code)  # also where the answer to what follows is lost
        await connection.change(
            f"UPDATE links SET expires_at = %s WHERE {conditions}",  # noqa: S608  fixed words
            arguments,
        )
        return _living(await self._published(connection, link.code), link)

    async def _published(self, connection: Connection, code: str) -> Link:
        """The link as the table has it, told to Redis."""
        link, _ = await self._told(connection, code)
        if link is None:
            raise LookupError(f"{code} was in the table, whose codes stay there for ever")
        return link

    async def _told(self, connection: Connection, code: str) -> tuple[Link | None, bool]:
        """The link as the table has it, and whether Redis knows.

        Two who change a link at the same moment may tell Redis in the other order than the table:
        whoever tells it last sees here that the table says something else.
        """
        debt = self._cache.owe(code)
        link = await _by_code(connection, code)
        while True:
            knows = await self._cache.put(code, _target(link))
            again = await _by_code(connection, code)
            if _target(again) == _target(link):
                if knows:
                    self._cache.paid(code, debt)
                return again, knows
            link = again


async def _standing(connection: Connection, owner: str, url: str, name: str | None) -> Link | None:
    """The owner's link that is there already, or was under that name. Raises NameTakenError."""
    if name is None:
        row = await connection.row(
            f"SELECT {_COLUMNS} FROM links "  # noqa: S608  fixed words
            "WHERE owner = %s AND url_hash = UNHEX(%s)",
            (owner, _hash(url)),
        )
        return _link(row) if row else None
    link = await _by_code(connection, name)
    # A deleted one's owner may have the name again, and nobody else.
    if link is not None and (link.owner != owner or not (link.deleted or link.url == url)):
        raise NameTakenError(name)
    return link


async def _inserted(connection: Connection, new: _New, deleted: Link | None) -> bool:
    """Make a link, in the place of a deleted one of its name; False where that is gone by now.

    It has a number of its own: clicks of the deleted one may still be on their way.
    Raises DuplicateError.
    """
    if deleted is None:
        await _insert(connection, new)
        return True
    await connection.begin()
    gone = await connection.change(
        "DELETE FROM links WHERE id = %s AND deleted_at IS NOT NULL", (deleted.id,)
    )
    if gone:
        await _insert(connection, new)  # nobody else: the row's lock keeps the name
    await connection.commit()
    return bool(gone)


async def _insert(connection: Connection, new: _New) -> None:
    """Raises DuplicateError."""
    await connection.change(
        "INSERT INTO links (code, owner, url, url_hash, chosen, created_at, expires_at) "
        "VALUES (%s, %s, %s, UNHEX(%s), %s, UTC_TIMESTAMP(), %s)",
        (
            *(new.code, new.owner, new.url, None if new.chosen else _hash(new.url)),
            *(new.chosen, _stored(new.expires_at)),
        ),
    )


async def _by_code(connection: Connection, code: str) -> Link | None:
    row = await connection.row(
        f"SELECT {_COLUMNS} FROM links WHERE code = %s",  # noqa: S608  fixed words
        (code,),
    )
    return _link(row) if row else None


def _living(now: Link, before: Link) -> Link | None:
    """A link as it is now, unless it was deleted, perhaps to make another of its name."""
    return None if now.deleted or now.id != before.id else now


def _target(link: Link | None) -> Target:
    return NONE if link is None else link.target


def _link(row: Row) -> Link:
    number, code, owner, url, chosen, created_at, expires_at, deleted_at = row
    return Link(
        number,
        code,
        owner,
        url,
        bool(chosen),
        created_at.replace(tzinfo=UTC),
        expires_at and expires_at.replace(tzinfo=UTC),
        deleted_at is not None,
    )


def _stored(moment: datetime | None) -> datetime | None:
    """As the table's columns hold it: UTC, whole seconds, without a zone."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _hash(url: str) -> str:
    return sha256(url.encode("ascii")).hexdigest()
