"""How far somebody came in a section.

What a player tells may arrive late, twice, or from two tabs in any order. A section that is done
stays done, and how far it was seen only grows; the place to go on at follows the moment at which it
was the player's, whenever that arrives.
"""

import time
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from accounts.authentication import locked
from accounts.models import User
from learning.models import SectionProgress

LONGEST_S = 24 * 3600

# One statement, so that two at once are one after the other. MariaDB sets columns from left to
# right, so `seen_ms` is the stored one until its own turn.
_UPSERT = """
INSERT INTO luffy_section_progress
    (user_id, section_id, position_s, furthest_s, duration_s, seen_ms, done)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON DUPLICATE KEY UPDATE
    position_s = IF(VALUES(seen_ms) >= seen_ms, VALUES(position_s), position_s),
    duration_s = IF(VALUES(seen_ms) >= seen_ms, VALUES(duration_s), duration_s),
    furthest_s = GREATEST(furthest_s, VALUES(furthest_s)),
    seen_ms = GREATEST(seen_ms, VALUES(seen_ms)),
    done = COALESCE(done, VALUES(done))
"""


@dataclass(frozen=True)
class Seen:
    """What a player tells: seconds, and the Unix milliseconds at which it was so, if it knows."""

    position_s: int
    duration_s: int
    done: bool = False
    at_ms: int | None = None

    @property
    def is_done(self) -> bool:
        """Marked, or seen to nine tenths: what comes after is credits."""
        return self.done or 0 < self.duration_s * 9 <= self.position_s * 10


def record(user: User, section_id: int, seen: Seen) -> SectionProgress:
    """Write down what a player tells; the row as it is then.

    Raises:
        AuthenticationFailed: the account is gone by now.
        IntegrityError: the section is.
    """
    now_ms = time.time_ns() // 1_000_000
    # A clock that is ahead must not keep all others from being heard.
    at_ms = now_ms if seen.at_ms is None else min(seen.at_ms, now_ms)
    position_s = min(seen.position_s, seen.duration_s)
    with transaction.atomic():
        # A write that comes late leaves nothing upon an account that was deleted.
        locked(user)
        with connection.cursor() as cursor:
            cursor.execute(
                _UPSERT,
                [
                    user.pk,
                    section_id,
                    position_s,
                    position_s,
                    seen.duration_s,
                    at_ms,
                    timezone.now() if seen.is_done else None,
                ],
            )
        return SectionProgress.objects.get(user=user, section_id=section_id)
