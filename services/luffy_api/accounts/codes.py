"""Codes that are texted to a phone: six digits, for one phone and one purpose, good for one use.

Redis holds a keyed digest of the code, beside how often it was tried.
"""

import secrets
from enum import StrEnum
from typing import cast

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.failures import WrongCode
from luffy.limits import Limit, take
from luffy.redis_store import private_key, redis_client

DIGITS = 6

# KEYS: the code's hash. ARGV: the most tries. Answers the digest, or nothing once they are used up.
_TRY = """
local digest = redis.call('HGET', KEYS[1], 'digest')
if not digest then return false end
if redis.call('HINCRBY', KEYS[1], 'tries', 1) > tonumber(ARGV[1]) then
  redis.call('DEL', KEYS[1])
  return false
end
return digest
"""
# Deletes the code if it is still there, and answers whether it was.
_BURN = """
if redis.call('HGET', KEYS[1], 'digest') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Purpose(StrEnum):
    """What a code is for; one of another purpose does not do."""

    LOGIN = "login"
    REGISTER = "register"
    RESET = "reset"
    DELETE = "delete"


def make_code(phone: str, purpose: Purpose) -> str:
    """A new code for `phone`; one that was made before is good no more.

    Raises:
        RedisError: it could not be kept.
    """
    code = "".join(secrets.choice("0123456789") for _digit in range(DIGITS))
    key = _key(phone, purpose)
    with redis_client().pipeline(transaction=True) as pipeline:
        pipeline.delete(key)
        pipeline.hset(key, mapping={"digest": _digest(phone, purpose, code), "tries": 0})
        pipeline.expire(key, settings.SMS_CODE_LIFETIME_S)
        pipeline.execute()
    return code


def drop_code(phone: str, purpose: Purpose) -> None:
    """Forget a code that was surely not sent."""
    redis_client().delete(_key(phone, purpose))


def use_code(phone: str, purpose: Purpose, code: str, network: str) -> None:
    """Burn `code`. Of several who use it at once, one gets past this.

    Raises:
        WrongCode: it is not the code, or was used, tried too often, or has expired.
        TooManyRequests: the caller's network tried too many.
        RedisError: nobody can tell.
    """
    # A million codes and few tries each: who tries one on a million phones must not get far.
    most, window_s = settings.LOGIN_TRIES_PER_ADDRESS, settings.LOGIN_WINDOW_S
    take(Limit("code-address", most, window_s).by(network))
    key = _key(phone, purpose)
    stored = cast("bytes | None", redis_client().eval(_TRY, 1, key, settings.SMS_CODE_TRIES))
    given = _digest(phone, purpose, code)
    if stored is None or not constant_time_compare(stored.decode(), given):
        raise WrongCode
    if not redis_client().eval(_BURN, 1, key, given):
        raise WrongCode


def _key(phone: str, purpose: Purpose) -> str:
    return private_key("code", purpose, phone)


def _digest(phone: str, purpose: Purpose, code: str) -> str:
    text = "\0".join((purpose, phone, code))
    return salted_hmac("luffy.code.digest", text, algorithm="sha256").hexdigest()
