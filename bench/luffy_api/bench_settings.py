"""The service's own settings, with the addresses of the measurement beside its own."""

from luffy.settings import *  # noqa: F403  all of them, as Django reads them

ROOT_URLCONF = "bench_urls"
