"""Logins that last: a short access token, and a refresh token that is good for one use.

Each login begins a family of refresh tokens. The id of a token is `FAMILY.WORD`; the tables of
simplejwt's blacklist hold the ids that were given and those that are good no more. The tokens
themselves are not kept, so nobody can take them from there.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import datetime_from_epoch, get_md5_hash_password

from accounts.failures import RefreshRefused
from accounts.models import User

logger = logging.getLogger(__name__)

# Two tabs may refresh at once, or an answer may be lost: such a use is refused, but it is no theft.
LEEWAY_S = 10


@dataclass(frozen=True)
class Tokens:
    """What a login gives: `access` for the page, `refresh` for the cookie."""

    access: str
    refresh: str
    user: User


class _FamilyToken(RefreshToken):
    """A refresh token whose id names its family. Whether it is used up is asked under a lock."""

    def check_blacklist(self) -> None:
        """Not here: `refreshed` has to tell a token that was used from one that never was."""


def begin(user: User) -> Tokens:
    """Begin a family of tokens for `user`."""
    return _issue(user, secrets.token_hex(16))


def refreshed(text: str) -> Tokens:
    """Exchange a refresh token for new tokens. Of several uses at once, one succeeds.

    Raises:
        RefreshRefused: it is malformed, expired, revoked or used. A token that was used a while ago
            has been copied: its whole family is revoked.
    """
    token = _read(text)
    # A refusal is returned, not raised: that would take back the revocation with the transaction.
    with transaction.atomic():
        outcome = _exchange(token)
    if isinstance(outcome, str):
        logger.warning("a refresh token was refused: %s", outcome)
        raise RefreshRefused
    return outcome


def end(text: str) -> None:
    """Revoke the family of a refresh token; one that is not valid has nothing to revoke."""
    try:
        token = _read(text)
    except RefreshRefused:
        return
    with transaction.atomic():
        _row, user = _locked(token)
        if user is not None:
            _revoke(_family(token, user))


def end_all(user: User) -> None:
    """Revoke every refresh token of `user`."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        _revoke(OutstandingToken.objects.filter(user=user))


def forget_all(user: User) -> None:
    """Delete what is known of the tokens of `user`; none of them is good any more."""
    OutstandingToken.objects.filter(user=user).delete()


def forget_expired() -> int:
    """Delete what is known of tokens that have expired, and tell how many they were."""
    return OutstandingToken.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def _issue(user: User, family: str) -> Tokens:
    token = _FamilyToken()
    token[api_settings.JTI_CLAIM] = f"{family}.{secrets.token_hex(16)}"
    token[api_settings.USER_ID_CLAIM] = str(user.pk)
    token[api_settings.REVOKE_TOKEN_CLAIM] = get_md5_hash_password(user.password)
    OutstandingToken.objects.create(
        user=user,
        jti=token[api_settings.JTI_CLAIM],
        token="",
        created_at=timezone.now(),
        expires_at=datetime_from_epoch(token["exp"]),
    )
    return Tokens(str(token.access_token), str(token), user)


def _read(text: str) -> _FamilyToken:
    try:
        # Its parameter is annotated as a token, and is the text of one.
        return _FamilyToken(text)  # type: ignore[arg-type]
    except TokenError as error:
        raise RefreshRefused from error


def _exchange(token: _FamilyToken) -> Tokens | str:
    """New tokens, or why not."""
    row, user = _locked(token)
    if row is None or user is None or not user.is_active:
        return "it was never given, or its account is gone or locked"
    used = BlacklistedToken.objects.filter(token=row).first()
    if used is not None:
        if timezone.now() - used.blacklisted_at <= timedelta(seconds=LEEWAY_S):
            return "it was used or revoked a moment ago"
        _revoke(_family(token, user))
        return "it was used before, so its family is revoked"
    if token.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(user.password):
        return "its user has a new password"
    _revoke(OutstandingToken.objects.filter(pk=row.pk))
    return _issue(user, _family_name(token))


def _locked(token: _FamilyToken) -> tuple[OutstandingToken | None, User | None]:
    """What is known of a token, and its user with a lock.

    Whoever gives or revokes tokens holds the lock of their user: none slips through between.
    """
    row = OutstandingToken.objects.filter(jti=token[api_settings.JTI_CLAIM]).first()
    if row is None or row.user_id is None:
        return None, None
    return row, User.objects.select_for_update().filter(pk=row.user_id).first()


def _family_name(token: _FamilyToken) -> str:
    return str(token[api_settings.JTI_CLAIM]).split(".", 1)[0]


def _family(token: _FamilyToken, user: User) -> QuerySet[OutstandingToken]:
    # By user first: MariaDB finds beginnings with their case without an index.
    tokens = OutstandingToken.objects.filter(user=user)
    return tokens.filter(jti__startswith=f"{_family_name(token)}.")


def _revoke(tokens: QuerySet[OutstandingToken]) -> None:
    live = tokens.filter(blacklistedtoken=None)
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=token) for token in live])
