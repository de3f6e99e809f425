"""Short links: codes that redirect, with statistics, expiry and QR codes."""

__version__ = "0.1.0"
