"""How Django logs somebody in: the administration's form comes here."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.credentials import find_by_password
from accounts.failures import WrongCredentials
from accounts.models import User
from luffy.caller import UNKNOWN, caller_network


class LimitedBackend(ModelBackend):
    """Django's backend with the limits of `accounts.credentials`."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The user, or nobody.

        Raises:
            TooManyRequests: too many were wrong before; the form shows it (`accounts.admin_login`).
        """
        if username is None or password is None:
            return None
        network = caller_network(request) if request is not None else UNKNOWN
        try:
            return find_by_password(username, password, network)
        except WrongCredentials:
            return None
