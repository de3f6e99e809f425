"""The gateway as a whole: made from settings, started, and stopped in good order."""

import asyncio
import contextlib

from proxypool.accounts import Accounts
from proxypool.gateway.access import Access
from proxypool.gateway.desk import Desk
from proxypool.gateway.destination import DestinationRule
from proxypool.gateway.dial import Dialler
from proxypool.gateway.feedback import Feedback
from proxypool.gateway.health import Health
from proxypool.gateway.listener import Listener
from proxypool.gateway.metrics import Metrics
from proxypool.gateway.passed import Passed
from proxypool.gateway.route import Roads
from proxypool.gateway.sessions import Sessions
from proxypool.gateway.upstreams import Upstreams
from proxypool.problems import ConfigurationError, Problem
from proxypool.resolver import Resolver
from proxypool.settings import Settings
from proxypool.store import Store

_REPORTED_EVERY_S = 1.0


class Gateway:
    """One gateway process's listeners over one store."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        accounts: Accounts,
        *,
        port: int | None = None,
        health_port: int | None = None,
    ) -> None:
        """`port` and `health_port` stand in for the settings' own; 0: any that is free."""
        self._settings = settings
        self._port = settings.gateway_port if port is None else port
        self._health_port = settings.gateway_health_port if health_port is None else health_port
        self.metrics = Metrics()
        self._upstreams = Upstreams(store)
        self._feedback = Feedback(store, self._upstreams, self.metrics)
        self._passed = Passed(store, settings.gateway_history)
        self._stopping = asyncio.Event()
        networks, names = settings.gateway_allowed_destinations
        desk = Desk(
            settings,
            Access(
                accounts,
                settings.trusted_callers,
                excuses_trusted=not settings.gateway_require_credentials,
            ),
            DestinationRule(networks, names, settings.gateway_allowed_ports),
            Roads(
                self._upstreams,
                Sessions(store, settings.gateway_session_for_s),
                Dialler(
                    settings.upstream_rule,
                    Resolver(),
                    settings.gateway_connect_timeout_s,
                    settings.gateway_first_byte_timeout_s,
                ),
                self._feedback,
                self.metrics,
                settings.gateway_attempts,
            ),
            self.metrics,
            self._passed,
        )
        self.listener = Listener(desk)
        self.health = Health(store, self.metrics)
        self._reporting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises ConfigurationError where an address is taken."""
        settings = self._settings
        try:
            await self.listener.start(settings.gateway_host, self._port)
            await self.health.start(settings.gateway_host, self._health_port)
        except OSError as error:
            raise ConfigurationError(
                [
                    Problem(
                        "GATEWAY_PORT",
                        "ports that are free, on an address of this host",
                        str(error),
                        "change GATEWAY_HOST, GATEWAY_PORT or GATEWAY_HEALTH_PORT",
                    )
                ]
            ) from error
        self._reporting = asyncio.create_task(self._report())

    async def report_now(self) -> None:
        """Give the store what was learned, without waiting for the next batch."""
        await self._feedback.flush()
        await self._passed.flush()

    async def _report(self) -> None:
        """Report until stopped, and what came last then."""
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _REPORTED_EVERY_S)
            await self.report_now()

    async def stop(self) -> None:
        """Finish what is under way within the grace, report what was learned, and end."""
        self.health.stopping = True
        await self.listener.stop()
        self._stopping.set()
        if self._reporting is not None:
            await self._reporting
        await self._upstreams.close()
        self.health.stop()


def load_accounts(settings: Settings) -> Accounts:
    """The accounts that may use the gateway.

    Raises ConfigurationError where credentials are required and nobody has any.
    """
    accounts = Accounts.load(settings.accounts_file)
    if settings.gateway_require_credentials and not accounts:
        raise ConfigurationError(
            [
                Problem(
                    "ACCOUNTS_FILE",
                    "a file with at least one account",
                    "none",
                    "write one with a line `name:secret`, or set GATEWAY_REQUIRE_CREDENTIALS=no, "
                    "which lets TRUSTED_CALLERS in without",
                )
            ]
        )
    return accounts
