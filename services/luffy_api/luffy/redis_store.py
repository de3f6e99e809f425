"""Redis: for answers that are kept, and for counts and codes that have to be right."""

from functools import lru_cache

from django.conf import settings
from django.utils.crypto import salted_hmac
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


@lru_cache(maxsize=1)
def redis_client() -> "Redis":
    """A client with short timeouts; its errors become a 503 (`luffy.errors`)."""
    return Redis.from_url(
        settings.ENVIRONMENT.redis_url,
        socket_connect_timeout=0.5,
        socket_timeout=1.0,
        # One more try, for a connection that the server closed while it lay idle.
        retry=Retry(NoBackoff(), 1),
    )


def private_key(kind: str, *subjects: str) -> str:
    """A key's name that does not show whose it is: no phone number or name stands in Redis."""
    digest = salted_hmac(f"luffy.{kind}", "\0".join(subjects), algorithm="sha256").hexdigest()
    return f"{settings.REDIS_KEY_PREFIX}:{kind}:{digest}"
