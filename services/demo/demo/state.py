"""What all connections of one farm share: settings, destinations, certificates, who is down."""

import asyncio
import ssl
import time
import zlib
from collections import Counter
from collections.abc import Coroutine

from demo.behaviour import Behaviour
from demo.certificates import Authority
from demo.destinations import Destinations
from demo.plan import Planted
from demo.settings import Settings
from demo.tls import unverified_client


class FarmState:
    """Belongs to one farm, which fills it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.destinations = Destinations(settings)
        self.authority: Authority | None = None
        """Who vouches for the judge, where the farm is the judge itself."""
        self.judge_context: ssl.SSLContext | None = None
        if settings.farm_answers_itself:
            self.authority = Authority("The demo farm's judge")
            names = {asked.host: None for asked in settings.farm_announce}
            self.judge_context = self.authority.context(*names)
        intruder = Authority("Nobody you should trust")
        self.intruders_context = intruder.context_for_every_name()
        self.careless_context = unverified_client()
        self._started = time.monotonic()
        self._carried: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def is_down(self, planted: Planted) -> bool:
        """Whether a flapping or dying proxy does not work just now."""
        if planted.behaviour is Behaviour.DYING:
            return self._carried[planted.place()] >= self.settings.farm_dies_after
        if planted.behaviour is not Behaviour.FLAPPING:
            return False
        period_s = self.settings.farm_flap_period_s
        # Each at its own time, the same in every run.
        phase_s = zlib.crc32(planted.place().encode()) % 1024 / 1024 * period_s
        return (time.monotonic() - self._started + phase_s) % period_s >= period_s / 2

    def note_carried(self, planted: Planted) -> None:
        """A dying proxy took a request."""
        self._carried[planted.place()] += 1

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` beside the rest; the loop alone would forget it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
