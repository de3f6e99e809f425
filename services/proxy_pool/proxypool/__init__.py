"""A pool of checked HTTP proxies: scheduler, checker and API over one Redis."""

__version__ = "0.1.0"
