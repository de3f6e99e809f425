"""Who may use the gateway: accounts, and callers that need none."""

from proxypool.accounts import Accounts
from proxypool.address import Network
from proxypool.gateway.credentials import BadUserError, Wish, read_user
from proxypool.gateway.logins import FailedLogins
from proxypool.gateway.networks import counted_as, lies_in
from proxypool.problems import Problem


class LoginRequiredError(Exception):
    """No credentials, or wrong ones."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class TooManyLoginsError(Exception):
    """The address has failed too often."""

    def __init__(self, problem: Problem, wait_s: float) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.wait_s = wait_s


class Access:
    """Decides on credentials."""

    def __init__(
        self, accounts: Accounts, trusted: tuple[Network, ...], *, excuses_trusted: bool
    ) -> None:
        self._accounts = accounts
        self._trusted = trusted
        self._excuses_trusted = excuses_trusted
        self._logins = FailedLogins()

    def excuses(self, caller: str) -> bool:
        """Whether the caller needs no credentials."""
        return self._excuses_trusted and lies_in(caller, self._trusted)

    def admit(self, caller: str, credentials: tuple[str, str] | None) -> Wish:
        """What the caller wishes for, its user name and secret being right.

        Raises LoginRequiredError, TooManyLoginsError, and BadUserError for bad filters.
        """
        if credentials is None:
            if self.excuses(caller):
                return Wish()
            raise LoginRequiredError(
                Problem(
                    "credentials",
                    "a user name and a secret",
                    "none",
                    "give the proxy as http://ACCOUNT:SECRET@HOST:PORT",
                )
            )
        wait_s = self._logins.wait_s(counted_as(caller))
        if wait_s:
            problem = Problem(
                "credentials",
                "fewer than 10 wrong ones in a minute",
                "more from your address",
                f"wait {wait_s:.0f} s, then give the right ones",
            )
            raise TooManyLoginsError(problem, wait_s)
        user, secret = credentials
        # The account goes first: nothing is said about filters to those who have none.
        account = user.partition("-")[0]
        if self._accounts.verify(account, secret):
            return read_user(user)
        if self.excuses(caller):
            wish = read_user(user)
            if not wish.account:
                return wish
        self._logins.note(counted_as(caller))
        problem = Problem(
            "credentials",
            "an account's name, filters behind it, and its secret",
            "a wrong name or secret",
            "ask the gateway's operator for an account",
        )
        raise LoginRequiredError(problem)


__all__ = ["Access", "BadUserError", "LoginRequiredError", "TooManyLoginsError"]
