"""Who a name and a password belong to, at a pace that makes guessing pointless.

The answer is the same, after about the same time, for a name that nobody has and for a wrong
password. Names are counted as they are typed, whether or not somebody has them: a limit that held
only for those that exist would tell which do.
"""

import unicodedata

from django.conf import settings
from django.contrib.auth.models import update_last_login
from django.db.models import Q

from accounts.failures import WrongCredentials, WrongPassword
from accounts.models import User
from luffy.limits import Limit, Use, give_back, take

# An e-mail address is not proven to be its holder's, so several may have written down the same.
MOST_HOLDERS = 3
# From wherever: a name that is tried from a thousand addresses.
FACTOR_FROM_EVERYWHERE = 5


def find_by_password(name: str, password: str, network: str) -> User:
    """The active user who has this name, phone or e-mail address, and this password.

    `network` is the caller's, of `luffy.caller.caller_network`.

    Raises:
        WrongCredentials: there is none.
        TooManyRequests: too many were wrong before.
        RedisError: they cannot be counted, so none is tried.
    """
    name = folded(name)
    uses = _uses(name, network)
    # Counted first: many tries at once would all be let through otherwise.
    take(*uses)
    holders = _holders(name)
    for user in holders:
        if user.check_password(password) and user.is_active:
            give_back(*uses)
            return user
    if not holders:
        User().set_password(password)  # takes the time that a comparison takes
    raise WrongCredentials


def confirm_password(user: User, password: str, network: str) -> None:
    """Let a logged-in user go on only with their password.

    Raises:
        WrongPassword: it is another.
        TooManyRequests, RedisError: as above.
    """
    # Under a name that nobody can type: guesses here do not lock the login, nor the other way.
    uses = _uses(f"\0{user.pk}", network)
    take(*uses)
    if not user.check_password(password):
        raise WrongPassword
    give_back(*uses)


def logged_in(user: User) -> None:
    """Write down that `user` logged in just now."""
    # Its first argument is a signal's sender, which it does not look at.
    update_last_login(User, user)


def folded(name: str) -> str:
    """A name without what does not tell two names apart: case, width, blanks around it."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _uses(name: str, network: str) -> tuple[Use, ...]:
    window_s = settings.LOGIN_WINDOW_S
    per_name = settings.LOGIN_TRIES_PER_NAME
    return (
        Limit("login-name", per_name, window_s).by(name, network),
        Limit("login-anywhere", per_name * FACTOR_FROM_EVERYWHERE, window_s).by(name),
        Limit("login-address", settings.LOGIN_TRIES_PER_ADDRESS, window_s).by(network),
    )


def _holders(name: str) -> list[User]:
    if not name:
        return []
    found = User.objects.filter(Q(username=name) | Q(mobile=name) | Q(email=name)).order_by("pk")
    # The database takes é for e as well; then each spelling would have tries of its own.
    return [
        user
        for user in found[: MOST_HOLDERS * 4]
        if name in (folded(user.username), user.mobile, folded(user.email))
    ][:MOST_HOLDERS]
